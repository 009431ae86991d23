import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createConnection } from 'mysql2/promise'
import { writeConfigFile } from '../test/support/config-file.ts'
import { glimpse, manage } from '../test/support/implementations.ts'
import { peers } from '../test/support/peers.ts'
import { hashAlone } from './limits.ts'
import { ProcessTree } from './process-tree.ts'
import type { Figures } from './table.ts'

const small = Buffer.alloc(1024, 'small')
const rowsAtOnce = 1000
const filesAtOnce = 64
const sampleMs = 100

interface Pass {
  readonly seconds: number
  readonly peakMib: number
  readonly counts: Readonly<Record<string, number>>
}

/** A pass of the auditor over `images` images with a small file each, and with digests over large ones. */
export async function measureAudit({
  images,
  blob,
  work,
  figures,
}: {
  images: number
  blob: { path: string; gib: number }
  work: string
  figures: Figures
}): Promise<void> {
  const database = await (await peers('mariadb')).mariadb.createDatabase()
  const folder = join(work, 'audit')
  try {
    await mkdir(folder)
    const config = await writeConfigFile(join(work, 'audit.conf'), {
      database: { connection: database.url },
      glance_store: { stores: 'file', default_store: 'file', filesystem_store_datadir: folder },
      auditor: { items_per_second: 0, bytes_per_second: 0 },
    })
    await manage(glimpse, [config], ['db_sync'])
    await fill({ images, folder, url: database.url })
    for (const digests of [false, true]) {
      const pass = await audit(config, digests ? ['--digests'] : [])
      const name = digests ? 'audit with digests of 1 KiB each' : 'audit'
      figures.add(`${name}, images/s`, 'glimpse', images / pass.seconds)
      figures.add(`${name}, peak MiB`, 'glimpse', pass.peakMib)
    }
    const large = await audit(config, ['--digests', '--image', await addLarge(blob, { folder, url: database.url })])
    figures.add('audit with digests of one large image, MiB/s', 'glimpse', (blob.gib * 1024) / large.seconds)
    const alone = await hashAlone(blob.path, 'sha512')
    figures.add('audit with digests of one large image, MiB/s', 'sha512 alone', (blob.gib * 1024) / alone)
  } finally {
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function audit(config: string, args: readonly string[]): Promise<Pass> {
  const auditor = join(glimpse.api, '../glance-auditor')
  const child = spawn(auditor, ['--config-file', config, '--json', ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const processes = new ProcessTree(child.pid ?? 0)
  let peakMib = 0
  const sampling = setInterval(() => {
    peakMib = Math.max(peakMib, processes.memoryMib())
  }, sampleMs)
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  clearInterval(sampling)
  if (code !== 0) throw new Error(`glance-auditor ends with ${code}: ${output.slice(0, 2000)}`)
  const { pass, counts } = JSON.parse(output) as Pick<Pass, 'counts'> & {
    readonly pass: { readonly started_at: string; readonly ended_at: string }
  }
  const seconds = (Date.parse(pass.ended_at) - Date.parse(pass.started_at)) / 1000
  console.log(`glance-auditor ${args.join(' ')}: ${seconds.toFixed(1)} s, ${peakMib.toFixed(0)} MiB`, counts)
  return { seconds, peakMib, counts }
}

const connect = (url: string) => createConnection(url.replace(/^mysql\+pymysql/, 'mysql'))

async function fill({ images, folder, url }: { images: number; folder: string; url: string }): Promise<void> {
  const database = await connect(url)
  const digest = createHash('sha512').update(small).digest('hex')
  for (let at = 0; at < images; at += rowsAtOnce) {
    const ids = Array.from({ length: Math.min(rowsAtOnce, images - at) }, () => randomUUID())
    await insert(database, ids, { folder, sizeBytes: small.length, digest })
    for (let i = 0; i < ids.length; i += filesAtOnce) {
      await Promise.all(ids.slice(i, i + filesAtOnce).map((id) => writeFile(join(folder, id), small)))
    }
  }
  await database.query('ANALYZE TABLE images, image_locations')
  await database.end()
}

async function insert(
  database: Awaited<ReturnType<typeof connect>>,
  ids: readonly string[],
  { folder, sizeBytes, digest }: { folder: string; sizeBytes: number; digest: string },
): Promise<void> {
  const rows = ids.map((id) => [
    id,
    sizeBytes,
    'active',
    'shared',
    'p',
    'sha512',
    digest,
    new Date(),
    new Date(),
    0,
    0,
    0,
    0,
    0,
  ])
  await database.query(
    `INSERT INTO images (id, size, status, visibility, owner, os_hash_algo, os_hash_value, created_at, updated_at, deleted,
      min_disk, min_ram, protected, os_hidden) VALUES ?`,
    [rows],
  )
  const locations = ids.map((id) => [id, `file://${folder}/${id}`, '{}', 'active', new Date(), 0])
  await database.query(
    'INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted) VALUES ?',
    [locations],
  )
}

/** @returns the image's id */
async function addLarge(
  blob: { path: string; gib: number },
  { folder, url }: { folder: string; url: string },
): Promise<string> {
  const id = randomUUID()
  await copyFile(blob.path, join(folder, id))
  const hash = createHash('sha512')
  await pipeline(createReadStream(blob.path), hash)
  const database = await connect(url)
  await insert(database, [id], { folder, sizeBytes: (await stat(blob.path)).size, digest: hash.digest('hex') })
  await database.end()
  return id
}
