import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Execution, execute } from '../peers/processes.ts'
import { type CountedWebStore, startCountedWebStore } from '../support/counted-web-store.ts'
import { flood } from '../support/flood.ts'
import { Images } from '../support/images.ts'
import { glimpse, type Implementation, reference } from '../support/implementations.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { until } from '../support/until.ts'

interface CacheState {
  readonly cached_images: readonly { readonly image_id: string; readonly hits: number; readonly size: number }[]
  readonly queued_images: readonly string[]
}

/** The clients take any token as one that need not be asked for; the service wants none. */
const token = 'none'

describe('a service with an image cache', () => {
  const data = randomBytes(2 * 1024 * 1024)
  let directory: string
  let cacheDirectory: string
  let web: CountedWebStore
  let service: Service

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-cache-service-'))
    cacheDirectory = join(directory, 'cache')
    web = await startCountedWebStore(data)
    service = await startGlimpse({
      directory,
      config: {
        DEFAULT: {
          workers: 2,
          enabled_backends: 'file1:file,web:http',
          show_multiple_locations: true,
          image_cache_dir: cacheDirectory,
          image_cache_driver: 'sqlite',
        },
        database: { connection: `sqlite:///${join(directory, 'glance.sqlite')}` },
        glance_store: { default_backend: 'file1' },
        file1: { filesystem_store_datadir: join(directory, 'images') },
        import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${web.port}]` },
        paste_deploy: { flavor: 'cachemanagement' },
      },
    })
  })

  after(async () => {
    await service?.stop()
    await web?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  /** An active image whose data lies on the counting web server. */
  const webImage = async (): Promise<string> => {
    const images = new Images(service)
    const id = await images.create()
    const validation_data = {
      checksum: createHash('md5').update(data).digest('hex'),
      os_hash_algo: 'sha512',
      os_hash_value: createHash('sha512').update(data).digest('hex'),
    }
    assert.equal(await images.addLocation(id, { url: web.url, metadata: { store: 'web' }, validation_data }), 200)
    assert.equal((await images.show(id)).status, 'active')
    web.reads.splice(0)
    return id
  }

  const fileUrl = (id: string) => `${service.url}/v2/images/${id}/file`
  const cacheState = async () => (await (await fetch(`${service.url}/v2/cache`)).json()) as CacheState
  const isCached = async (id: string) => (await cacheState()).cached_images.some(({ image_id }) => image_id === id)

  it('reads the store once for 500 first downloads at once, whoever of them goes away', async () => {
    const id = await webImage()
    const { right, failures } = await flood(fileUrl(id), { data, readers: 500, leavers: 50 })
    assert.deepEqual(failures, [])
    assert.equal(right, 450)
    assert.deepEqual(web.reads, [0])
    await until(() => isCached(id))
  })

  it('goes on where it stopped after kill -9 of the worker that filled, and of all of them', async () => {
    const id = await webImage()
    web.limit(1024 * 1024)
    const doomed = flood(fileUrl(id), { data, readers: 10, leavers: 0 })
    await until(() => web.reads.length > 0)
    const [worker] = await service.workerPids()
    process.kill(worker as number, 'SIGKILL')
    web.limit(data.length)
    const { failures, right } = await doomed
    assert.ok(failures.every((failure) => !failure.startsWith('wrong')))
    assert.equal(right + failures.length, 10)
    const [, ...again] = web.reads
    assert.ok(again.every((offset) => offset > 0 && offset <= 1024 * 1024))

    const other = await webImage()
    web.limit(1024 * 1024)
    const lost = flood(fileUrl(other), { data, readers: 4, leavers: 0 })
    await until(async () => (await readdir(join(cacheDirectory, 'incomplete'))).includes(other) && web.reads.length > 0)
    await service.kill()
    assert.equal((await lost).right, 0)
    web.limit(data.length)
    service = await service.restart()
    const healed = await flood(fileUrl(other), { data, readers: 20, leavers: 0 })
    assert.equal(healed.right, 20)
    await until(() => isCached(other))
    assert.deepEqual(await readdir(join(cacheDirectory, 'incomplete')), [])
    assert.deepEqual(await readdir(join(cacheDirectory, 'invalid')), [])
  })

  it("obeys the cache commands of Debian's glance client", async () => {
    const id = await webImage()
    const run = async (...args: string[]) => {
      // It keeps schemas in its home, and stumbles over those of a service with several stores at the next start.
      const HOME = await mkdtemp(join(directory, 'home-'))
      const env = { ...process.env, HOME, OS_AUTH_TOKEN: token, OS_IMAGE_URL: service.url }
      const { code, stdout, stderr } = await execute(['/usr/bin/glance', ...args], { env })
      assert.equal(code, 0, stderr)
      assert.equal(stderr, '')
      return stdout
    }
    await run('cache-queue', id)
    await until(() => isCached(id))
    assert.match(await run('cache-list'), new RegExp(`${id} *\\| *cached`))
    await run('cache-delete', id)
    assert.doesNotMatch(await run('cache-list'), new RegExp(id))
    await run('cache-clear')
    assert.deepEqual(await cacheState(), { cached_images: [], queued_images: [] })
  })

  describe('its commands', () => {
    const command = (implementation: Implementation, name: string) => join(dirname(implementation.api), name)
    const files = () => service.configPaths.flatMap((path) => ['--config-file', path])

    /** Runs glance-cache-manage of both implementations and gives what both say. */
    const both = async (...args: string[]): Promise<Pick<Execution, 'code' | 'stdout'>> => {
      const at = ['--host', '127.0.0.1', '--port', String(service.port), '-f', ...args]
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
      const id = await webImage()
      await fetch(`${service.url}/v2/cache`, { method: 'DELETE' })
      assert.match((await both('list-cached')).stdout, /No cached images/)
      assert.match((await both('-v', 'queue-image', id)).stdout, /Queued image/)
      assert.match((await both('list-queued')).stdout, new RegExp(id))
      const prefetched = await execute([command(glimpse, 'glance-cache-prefetcher'), ...files()])
      assert.equal(prefetched.code, 0, prefetched.stderr)
      assert.match((await both('list-cached')).stdout, new RegExp(`${id}.*${data.length}`))
      assert.match((await both('list-queued')).stdout, /No queued images/)
      await both('delete-cached-image', id)
      assert.ok(!(await isCached(id)))
      await both('-v', 'delete-all-queued-images')
      assert.deepEqual(await cacheState(), { cached_images: [], queued_images: [] })
      assert.equal((await both('delete-cached-image', 'no-uuid')).code, 1)
    })

    it('glance-cache-pruner and glance-cache-cleaner keep to the configuration', async () => {
      const id = await webImage()
      await new Images(service).download(id)
      await until(() => isCached(id))
      const pruned = await execute([command(glimpse, 'glance-cache-pruner'), ...files()], {
        env: { ...process.env, OS_DEFAULT__IMAGE_CACHE_MAX_SIZE: '1000' },
      })
      assert.equal(pruned.code, 0, pruned.stderr)
      assert.ok(!(await isCached(id)))
      web.limit(1024 * 1024)
      const leaver = flood(fileUrl(id), { data, readers: 1, leavers: 1 })
      await leaver
      await until(async () => (await readdir(join(cacheDirectory, 'incomplete'))).includes(id))
      const env = { ...process.env, OS_DEFAULT__IMAGE_CACHE_STALL_TIME: '0' }
      await until(async () => {
        const cleaned = await execute([command(glimpse, 'glance-cache-cleaner'), ...files()], { env })
        assert.equal(cleaned.code, 0, cleaned.stderr)
        return (await readdir(join(cacheDirectory, 'incomplete'))).length === 0
      })
      web.limit(data.length)
    })
  })
})
