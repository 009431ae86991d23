import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { DigestBackfill } from '../../src/domain/digests/digest-backfill.ts'
import { JobQueue } from '../../src/domain/jobs/job-queue.ts'
import type { Image } from '../../src/ports/image.ts'
import type { NewImage } from '../../src/ports/repositories.ts'
import { execute } from '../peers/processes.ts'
import { fileStoreSections, mergeSections } from '../support/config-file.ts'
import { qcow2 } from '../support/disk-images.ts'
import { glimpse } from '../support/implementations.ts'
import { startGlimpse } from '../support/service.ts'
import { until } from '../support/until.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

let api: ApiServer
before(async () => {
  api = await startApi({}, { runsJobs: true })
})
after(() => api[Symbol.asyncDispose]())

const hash = (algorithm: string, data: Buffer) => createHash(algorithm).update(data).digest('hex')

/** An image whose data lies in the store; what it says of itself is left to `values`. */
async function imageOf(data: Buffer, values: Partial<NewImage> = {}): Promise<string> {
  const id = randomUUID()
  await writeFile(join(api.folder, id), data)
  const locations = [{ url: `file://${join(api.folder, id)}`, metadata: { store: 'one' }, status: 'active' }]
  const formats = { diskFormat: 'qcow2', containerFormat: 'bare' }
  await api.repositories.images.create({
    id,
    status: 'active',
    visibility: 'private',
    locations,
    ...formats,
    ...values,
  })
  return id
}

const backfill = (options: Partial<Parameters<DigestBackfill['run']>[0]> = {}) =>
  new DigestBackfill(api.repositories, new JobQueue(api.repositories.jobs)).run({ parallel: 8, ...options })
const shown = async (id: string) => (await api.repositories.images.get(id)) as Image

test('computes what images lack, and leaves images alone whose data is not what they say', async () => {
  const data = qcow2()
  const bare = await imageOf(data)
  const old = await imageOf(data, { checksum: hash('md5', data), sizeBytes: data.length, status: 'deactivated' })
  const own = await imageOf(data, { osHashAlgo: 'sha256' })
  const other = await imageOf(data, { checksum: hash('md5', Buffer.from('other')) })
  const shorter = await imageOf(data, { sizeBytes: 1 })
  const odd = await imageOf(Buffer.from('raw data'))
  const lost = await imageOf(data, { locations: [] })
  const seen: number[] = []
  const { done, failed, open } = await backfill({ onProgress: (progress) => seen.push(progress.done) })
  assert.deepEqual([done, open.length], [4, 0])
  assert.ok(seen.every((count, i) => count >= (seen[i - 1] ?? 0)))
  const reasons = new Map(failed.map(({ imageId, reason }) => [imageId, reason]))
  assert.match(reasons.get(other) ?? '', /checksum/)
  assert.match(reasons.get(shorter) ?? '', new RegExp(`${data.length} bytes where the image says 1`))
  assert.match(reasons.get(lost) ?? '', /no data/)
  assert.equal(failed.length, 3)
  for (const id of [bare, old]) {
    const { sizeBytes, virtualSizeBytes, checksum, osHashAlgo, osHashValue } = await shown(id)
    assert.deepEqual(
      { sizeBytes, virtualSizeBytes, checksum, osHashAlgo, osHashValue },
      {
        sizeBytes: data.length,
        virtualSizeBytes: 2 ** 20,
        checksum: hash('md5', data),
        osHashAlgo: 'sha512',
        osHashValue: hash('sha512', data),
      },
    )
  }
  assert.equal((await shown(old)).status, 'deactivated')
  assert.equal((await shown(own)).osHashValue, hash('sha256', data))
  assert.deepEqual([(await shown(odd)).checksum !== null, (await shown(odd)).virtualSizeBytes], [true, null])
  assert.deepEqual([(await shown(other)).osHashValue, (await shown(shorter)).checksum], [null, null])
  // What is done is not found again.
  for (const id of [other, shorter, lost]) await api.repositories.images.delete(id)
  assert.deepEqual(await backfill(), { done: 0, failed: [], open: [] })
})

test('writes nothing over what an image has got meanwhile', async () => {
  const id = await imageOf(Buffer.from('old'))
  const { images } = api.repositories
  const { update } = images
  images.update = async (...args) => {
    images.update = update
    await images.update(id, { fields: { checksum: 'other', osHashAlgo: 'sha512', osHashValue: 'other' } })
    return images.update(...args)
  }
  const { failed } = await backfill()
  assert.match(failed[0]?.reason ?? '', /changed by another operation/)
  const { checksum, osHashValue, sizeBytes } = await shown(id)
  assert.deepEqual([checksum, osHashValue, sizeBytes], ['other', 'other', null])
  await images.delete(id)
})

test('orders one job for an image however many ask, and stops when it is told to', async () => {
  const id = await imageOf(Buffer.from('data'))
  const stopping = new AbortController()
  const ids = new Set<string>()
  const onProgress = ({ open }: { open: readonly { id: string }[] }) => {
    for (const job of open) ids.add(job.id)
    stopping.abort()
  }
  const results = await Promise.all([1, 2].map(() => backfill({ signal: stopping.signal, onProgress, limit: 1 })))
  assert.ok(ids.size <= 2 && results.length === 2)
  await until(async () => (await shown(id)).osHashValue !== null)
})

test('glance-manage has a running service do it, and tells how it has ended', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-backfill-'))
  const databasePath = join(directory, 'glimpse.sqlite')
  const config = mergeSections(fileStoreSections(join(directory, 'images')), {
    database: { connection: `sqlite:///${databasePath}` },
  })
  const service = await startGlimpse({ directory, config })
  t.after(async () => {
    await service.stop()
    await rm(directory, { recursive: true, force: true })
  })
  const images = `${service.url}/v2/images`
  const upload = async (data: string): Promise<string> => {
    const body = JSON.stringify({ disk_format: 'raw', container_format: 'bare' })
    const { id } = (await (await fetch(images, { method: 'POST', body })).json()) as { id: string }
    const headers = { 'content-type': 'application/octet-stream' }
    await fetch(`${images}/${id}/file`, { method: 'PUT', body: data, headers })
    return id
  }
  const [old, changed] = [await upload('data'), await upload('other data')]
  const forget = new DatabaseSync(databasePath)
  forget.exec(`update images set os_hash_algo = null, os_hash_value = null, updated_at = created_at`)
  forget.close()
  await writeFile(join(directory, 'images', changed), 'flipped bits')
  const command = [glimpse.manage, '--config-file', service.configPaths[0] ?? '', 'db', 'backfill_digests']
  const { code, stdout } = await execute(command as [string, ...string[]])
  assert.equal(code, 1)
  assert.match(stdout, new RegExp(`^${changed}: The data has 12 bytes where the image says 10`, 'm'))
  assert.match(stdout, /^1 images done, 1 failed, 0 under way$/m)
  const shownOld = (await (await fetch(`${images}/${old}`)).json()) as { os_hash_value: string }
  assert.equal(shownOld.os_hash_value, hash('sha512', Buffer.from('data')))
})
