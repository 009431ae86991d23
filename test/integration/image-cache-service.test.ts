import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Execution, execute } from '../peers/processes.ts'
import { type CachedService, startCachedService } from '../support/cached-service.ts'
import { flood } from '../support/flood.ts'
import { Images } from '../support/images.ts'
import { glimpse, type Implementation, reference } from '../support/implementations.ts'
import { until } from '../support/until.ts'

/** The clients take any token as one that need not be asked for; the service wants none. */
const token = 'none'

describe('a service with an image cache', () => {
  const data = randomBytes(2 * 1024 * 1024)
  let directory: string
  let cached: CachedService

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-cache-service-'))
    cached = await startCachedService(directory, { data })
  })

  after(async () => {
    await cached?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  it('reads the store once for 500 first downloads at once, whoever of them goes away', async () => {
    const id = await cached.createImage()
    const { right, failures } = await flood(cached.fileUrl(id), { data, readers: 500, leavers: 50 })
    assert.deepEqual(failures, [])
    assert.equal(right, 450)
    assert.deepEqual(cached.web.reads, [0])
    await until(() => cached.isCached(id))
  })

  it('goes on where it stopped after kill -9 of the worker that filled, and of all of them', async () => {
    const id = await cached.createImage()
    cached.web.limit(1024 * 1024)
    const doomed = flood(cached.fileUrl(id), { data, readers: 10, leavers: 0 })
    await until(() => cached.web.reads.length > 0)
    const [worker] = await cached.service.workerPids()
    process.kill(worker as number, 'SIGKILL')
    cached.web.limit(data.length)
    const { failures, right } = await doomed
    assert.ok(failures.every((failure) => !failure.startsWith('wrong')))
    assert.equal(right + failures.length, 10)
    const [, ...again] = cached.web.reads
    assert.ok(again.every((offset) => offset > 0 && offset <= 1024 * 1024))

    const other = await cached.createImage()
    cached.web.limit(1024 * 1024)
    const lost = flood(cached.fileUrl(other), { data, readers: 4, leavers: 0 })
    await until(
      async () =>
        (await readdir(join(cached.cacheDirectory, 'incomplete'))).includes(other) && cached.web.reads.length > 0,
    )
    await cached.service.kill()
    assert.equal((await lost).right, 0)
    cached.web.limit(data.length)
    await cached.restart()
    const healed = await flood(cached.fileUrl(other), { data, readers: 20, leavers: 0 })
    assert.equal(healed.right, 20)
    await until(() => cached.isCached(other))
    assert.deepEqual(await readdir(join(cached.cacheDirectory, 'incomplete')), [])
    assert.deepEqual(await readdir(join(cached.cacheDirectory, 'invalid')), [])
  })

  it("obeys the cache commands of Debian's glance client", async () => {
    const id = await cached.createImage()
    const run = async (...args: string[]) => {
      // It keeps schemas in its home, and stumbles over those of a service with several stores at the next start.
      const HOME = await mkdtemp(join(directory, 'home-'))
      const env = { ...process.env, HOME, OS_AUTH_TOKEN: token, OS_IMAGE_URL: cached.service.url }
      const { code, stdout, stderr } = await execute(['/usr/bin/glance', ...args], { env })
      assert.equal(code, 0, stderr)
      assert.equal(stderr, '')
      return stdout
    }
    await run('cache-queue', id)
    await until(() => cached.isCached(id))
    assert.match(await run('cache-list'), new RegExp(`${id} *\\| *cached`))
    await run('cache-delete', id)
    assert.doesNotMatch(await run('cache-list'), new RegExp(id))
    await run('cache-clear')
    assert.deepEqual(await cached.state(), { cached_images: [], queued_images: [] })
  })

  describe('its commands', () => {
    const command = (implementation: Implementation, name: string) => join(dirname(implementation.api), name)
    const files = () => cached.service.configPaths.flatMap((path) => ['--config-file', path])

    /** Runs glance-cache-manage of both implementations and gives what both say. */
    const both = async (...args: string[]): Promise<Pick<Execution, 'code' | 'stdout'>> => {
      const at = ['--host', '127.0.0.1', '--port', String(cached.service.port), '-f', ...args]
      const [expected, actual] = await Promise.all(
        [reference, glimpse].map((by) =>
          execute([command(by, 'glance-cache-manage'), ...at, '--os-auth-token', token]),
        ),
      )
      const said = (by: Execution | undefined) => [by?.code, by?.stdout.replace(/in [0-9.]+ sec/, '')]
      assert.deepEqual(said(actual), said(expected))
      return actual as Execution
    }

    it('glance-cache-manage says what that of the reference says, and does the same', async () => {
      const id = await cached.createImage()
      await fetch(`${cached.service.url}/v2/cache`, { method: 'DELETE' })
      assert.match((await both('list-cached')).stdout, /No cached images/)
      assert.match((await both('-v', 'queue-image', id)).stdout, /Queued image/)
      assert.match((await both('list-queued')).stdout, new RegExp(id))
      const prefetched = await execute([command(glimpse, 'glance-cache-prefetcher'), ...files()])
      assert.equal(prefetched.code, 0, prefetched.stderr)
      assert.match((await both('list-cached')).stdout, new RegExp(`${id}.*${data.length}`))
      assert.match((await both('list-queued')).stdout, /No queued images/)
      await both('delete-cached-image', id)
      assert.ok(!(await cached.isCached(id)))
      await both('-v', 'delete-all-queued-images')
      assert.deepEqual(await cached.state(), { cached_images: [], queued_images: [] })
      assert.equal((await both('delete-cached-image', 'no-uuid')).code, 1)
    })

    it('glance-cache-pruner and glance-cache-cleaner keep to the configuration', async () => {
      const id = await cached.createImage()
      await new Images(cached.service).download(id)
      await until(() => cached.isCached(id))
      const pruned = await execute([command(glimpse, 'glance-cache-pruner'), ...files()], {
        env: { ...process.env, OS_DEFAULT__IMAGE_CACHE_MAX_SIZE: '1000' },
      })
      assert.equal(pruned.code, 0, pruned.stderr)
      assert.ok(!(await cached.isCached(id)))
      cached.web.limit(1024 * 1024)
      const leaver = flood(cached.fileUrl(id), { data, readers: 1, leavers: 1 })
      await leaver
      await until(async () => (await readdir(join(cached.cacheDirectory, 'incomplete'))).includes(id))
      const env = { ...process.env, OS_DEFAULT__IMAGE_CACHE_STALL_TIME: '0' }
      await until(async () => {
        const cleaned = await execute([command(glimpse, 'glance-cache-cleaner'), ...files()], { env })
        assert.equal(cleaned.code, 0, cleaned.stderr)
        return (await readdir(join(cached.cacheDirectory, 'incomplete'))).length === 0
      })
      cached.web.limit(data.length)
    })
  })

  it('sends all of an image whose cache runs full in the middle', async () => {
    const small = join(directory, 'small')
    const api = join(directory, 'limited-glance-api')
    // Files of at most 1 MiB; beyond it writing fails, and the signal that would end the process is ignored.
    await writeFile(api, `#!/bin/bash\ntrap '' XFSZ\nulimit -f 1024\nexec ${glimpse.api} "$@"\n`, { mode: 0o755 })
    await using limited = await startCachedService(small, { data, implementation: { ...glimpse, api } })
    const id = await limited.createImage()
    const { right, failures } = await flood(limited.fileUrl(id), { data, readers: 20, leavers: 0 })
    assert.deepEqual(failures, [])
    assert.equal(right, 20)
    assert.ok(!(await limited.isCached(id)))
    assert.deepEqual(await readdir(join(limited.cacheDirectory, 'incomplete')), [])
  })
})
