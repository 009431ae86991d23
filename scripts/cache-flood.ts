/**
 * Many first downloads of one image at once, through the image cache of a service with two workers:
 *
 *     npm run cache-flood -- [--readers 500] [--leavers 25] [--mebibytes 64]
 *
 * Fails unless the store was read once and everybody who stayed got every byte.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startCachedService } from '../test/support/cached-service.ts'
import { flood } from '../test/support/flood.ts'
import { until } from '../test/support/until.ts'

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '500' },
    leavers: { type: 'string', default: '25' },
    mebibytes: { type: 'string', default: '64' },
  },
})
const data = randomBytes(Number(values.mebibytes) * 2 ** 20)
const directory = await mkdtemp(join(tmpdir(), 'glimpse-cache-flood-'))
process.env.GLIMPSE_PEERS ??= join(directory, 'peers', 'state.json')
try {
  await using cached = await startCachedService(directory, { data })
  const id = await cached.createImage()
  const startedAt = performance.now()
  const readers = { readers: Number(values.readers), leavers: Number(values.leavers) }
  const { right, failures } = await flood(cached.fileUrl(id), { data, ...readers })
  const seconds = (performance.now() - startedAt) / 1000
  await until(() => cached.isCached(id))
  const gibibytes = (right * data.length) / 2 ** 30
  console.log(`${right} of ${readers.readers} downloads right, ${readers.leavers} left, ${failures.length} failed`)
  console.log(`${gibibytes.toFixed(1)} GiB in ${seconds.toFixed(1)} s: ${(gibibytes / seconds).toFixed(2)} GiB/s`)
  console.log(`reads of the store: ${cached.web.reads.length}`)
  for (const failure of failures.slice(0, 5)) console.log(failure)
  process.exitCode = failures.length === 0 && cached.web.reads.length === 1 ? 0 : 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
