import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { BucketView } from '../support/s3.ts'
import type { PatientClient } from './client.ts'
import { digestOf } from './contents.ts'
import type { ImportOutcome } from './import-run.ts'
import type { Site } from './site.ts'

/** What must hold once everything has come to rest; each violation is told in one line. */
export async function violations(
  site: Site,
  { outcomes, client, restMs }: { outcomes: readonly ImportOutcome[]; client: PatientClient; restMs: number },
): Promise<string[]> {
  const found = await unrest(site, restMs)
  const storeIds = [...Object.keys(site.fileStores), ...(site.bucket ? ['s3'] : [])]
  const expected = new Map(storeIds.map((id) => [id, new Set<string>()]))
  for (const { plan, reason } of outcomes) {
    const { id, content } = plan
    const image = await client.image(id)
    const held = image.stores?.split(',') ?? []
    for (const store of held) expected.get(store)?.add(id)
    const told = `${plan.method} into ${plan.stores?.join() ?? 'all stores'} (image ${id}, ${content.name})`
    if (image.status === 'queued' || plan.method === 'copy-image') {
      const isDone = image.status === 'active' && hasAll(held, plan.stores ?? storeIds)
      if (!isDone && reason === '') found.push(`${told}: is ${image.status} in ${held.join()} without a reason`)
    } else if (image.status !== 'active') found.push(`${told}: the status is ${image.status}`)
    else if (!hasAll(held, plan.stores ?? storeIds)) found.push(`${told}: lies in ${held.join()} only`)
    if (image.status !== 'active') continue
    if (image.os_hash_value !== content.storedDigest) found.push(`${told}: the image's digest is another one`)
    for (const store of held) {
      if ((await storedDigest(site, { store, id })) !== content.storedDigest)
        found.push(`${told}: other data in ${store}`)
    }
  }
  for (const [store, ids] of expected) {
    const things = await thingsIn(site, store)
    for (const name of things)
      if (!ids.has(name)) found.push(`the store ${store} holds ${name}, which is no image's data`)
  }
  return found
}

function hasAll(held: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((store) => held.includes(store))
}

/** What is still under way when `restMs` are over. */
async function unrest(site: Site, restMs: number): Promise<string[]> {
  const deadline = Date.now() + restMs
  for (;;) {
    const found = await underWay(site)
    if (found.length === 0 || Date.now() > deadline) return found
    await sleep(1_000)
  }
}

async function underWay({ database, staging, fileStores }: Site): Promise<string[]> {
  const questions = {
    'open jobs': 'select id as name from glimpse_jobs where ended_at is null or lease_token is not null',
    'open tasks': "select id as name from tasks where status in ('pending', 'processing') and deleted = 0",
    'locked images': `select image_id as name from image_properties where deleted = 0 and name = 'os_glance_import_task'`,
    'images told to be imported': `select image_id as name from image_properties where deleted = 0
      and name = 'os_glance_importing_to_stores' and value <> ''`,
    'images in between': "select id as name from images where deleted = 0 and status not in ('active', 'queued')",
  }
  const found: string[] = []
  for (const [what, sql] of Object.entries(questions)) {
    const rows = await database.query<{ name: string }>(sql)
    if (rows.length > 0) found.push(`${what}: ${rows.map(({ name }) => name).join(' ')}`)
  }
  const staged = await readdir(staging)
  if (staged.length > 0) found.push(`staged data: ${staged.join(' ')}`)
  for (const [store, folder] of Object.entries(fileStores)) {
    const unfinished = (await readdir(folder)).filter((name) => name.startsWith('.'))
    if (unfinished.length > 0) found.push(`unfinished data in ${store}: ${unfinished.join(' ')}`)
  }
  return found
}

async function thingsIn({ fileStores, bucket }: Site, store: string): Promise<string[]> {
  const folder = fileStores[store]
  return folder === undefined ? ((await bucket?.things()) ?? []) : await readdir(folder)
}

async function storedDigest(
  { fileStores, bucket }: Site,
  { store, id }: { store: string; id: string },
): Promise<string> {
  const folder = fileStores[store]
  try {
    return folder === undefined ? await digestInBucket(bucket as BucketView, id) : await digestOf(join(folder, id))
  } catch (error) {
    return `none: ${(error as Error).message}`
  }
}

async function digestInBucket({ client, bucket }: BucketView, key: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  const hash = createHash('sha512')
  await pipeline(Body as Readable, hash)
  return hash.digest('hex')
}
