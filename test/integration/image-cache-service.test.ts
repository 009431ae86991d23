import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy } from '../acceptance/support/deployment.ts'
import { expectJson } from '../acceptance/support/http.ts'
import { makePersonas, type Persona, type Personas } from '../acceptance/support/personas.ts'
import { type Execution, execute } from '../peers/processes.ts'
import { type CountedWebStore, startCountedWebStore } from '../support/counted-web-store.ts'
import { flood } from '../support/flood.ts'
import { glimpse, type Implementation, reference } from '../support/implementations.ts'
import { clientEnvironment, type KeystonePeer } from '../support/keystone.ts'
import { peers } from '../support/peers.ts'
import { until } from '../support/until.ts'

interface CacheState {
  readonly cached_images: readonly { readonly image_id: string; readonly hits: number; readonly size: number }[]
  readonly queued_images: readonly string[]
}

describe('a service with an image cache', () => {
  const data = randomBytes(2 * 1024 * 1024)
  let cacheDirectory: string
  let web: CountedWebStore
  let deployment: Deployment
  let keystone: KeystonePeer
  let personas: Personas
  let member: ImagesClient
  let admin: ImagesClient

  before(async () => {
    keystone = (await peers('keystone')).keystone
    personas = await makePersonas(keystone)
    cacheDirectory = await mkdtemp(join(tmpdir(), 'glimpse-cache-'))
    web = await startCountedWebStore(data)
    deployment = await deploy(glimpse, {
      extra: {
        DEFAULT: {
          workers: 2,
          enabled_backends: 'file1:file,web:http',
          show_multiple_locations: true,
          image_cache_dir: cacheDirectory,
          image_cache_driver: 'sqlite',
        },
        // On a busy machine Keystone takes its time.
        keystone_authtoken: { http_connect_timeout: 60 },
        import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${web.port}]` },
        paste_deploy: { flavor: 'keystone+cachemanagement' },
      },
    })
    member = new ImagesClient(deployment, personas.member)
    admin = new ImagesClient(deployment, personas.admin)
  })

  after(async () => {
    await deployment?.[Symbol.asyncDispose]()
    await web?.[Symbol.asyncDispose]()
    await rm(cacheDirectory, { recursive: true, force: true })
  })

  /** An active image whose data lies on the counting web server. */
  const webImage = async (): Promise<string> => {
    const { id } = await member.create({ disk_format: 'raw', container_format: 'bare' })
    const validation_data = {
      checksum: createHash('md5').update(data).digest('hex'),
      os_hash_algo: 'sha512',
      os_hash_value: createHash('sha512').update(data).digest('hex'),
    }
    const value = [{ url: web.url, metadata: { store: 'web' }, validation_data }]
    const { status } = await member.patch(id, [{ op: 'replace', path: '/locations', value }])
    assert.equal(status, 'active')
    web.reads.splice(0)
    return id
  }

  const fileUrl = (id: string) => `${deployment.service.url}/v2/images/${id}/file`
  const tokenOf = ({ token }: Persona) => ({ 'x-auth-token': token ?? '' })
  const get = (id: string, persona: Persona, headers: Record<string, string> = {}) =>
    fetch(fileUrl(id), { headers: { ...tokenOf(persona), ...headers } })
  const cacheState = async (): Promise<CacheState> =>
    expectJson<CacheState>(await admin.send({ method: 'GET', path: '/v2/cache' }), 200)
  const isCached = async (id: string) => (await cacheState()).cached_images.some(({ image_id }) => image_id === id)

  it('reads the store once for 500 first downloads at once, whoever of them goes away', async () => {
    const id = await webImage()
    const readers = { readers: 500, leavers: 50, headers: tokenOf(personas.member) }
    const { right, failures } = await flood(fileUrl(id), { data, ...readers })
    assert.deepEqual(failures, [])
    assert.equal(right, 450)
    assert.deepEqual(web.reads, [0])
    await until(() => isCached(id))
  })

  it('goes on where it stopped after kill -9 of the worker that filled, and of all of them', async () => {
    const id = await webImage()
    web.limit(1024 * 1024)
    const doomed = flood(fileUrl(id), { data, readers: 10, leavers: 0, headers: tokenOf(personas.member) })
    await until(() => web.reads.length > 0)
    const [worker] = await deployment.service.workerPids()
    process.kill(worker as number, 'SIGKILL')
    web.limit(data.length)
    const { failures, right } = await doomed
    assert.ok(failures.every((failure) => !failure.startsWith('wrong')))
    assert.equal(right + failures.length, 10)
    const [, ...again] = web.reads
    assert.ok(again.every((offset) => offset > 0 && offset <= 1024 * 1024))

    const other = await webImage()
    web.limit(1024 * 1024)
    const lost = flood(fileUrl(other), { data, readers: 4, leavers: 0, headers: tokenOf(personas.member) })
    await until(async () => (await readdir(join(cacheDirectory, 'incomplete'))).includes(other) && web.reads.length > 0)
    await deployment.service.kill()
    assert.equal((await lost).right, 0)
    web.limit(data.length)
    await deployment.restart()
    const healed = await flood(fileUrl(other), { data, readers: 20, leavers: 0, headers: tokenOf(personas.member) })
    assert.equal(healed.right, 20)
    await until(() => isCached(other))
    assert.deepEqual(await readdir(join(cacheDirectory, 'incomplete')), [])
    assert.deepEqual(await readdir(join(cacheDirectory, 'invalid')), [])
  })

  it('serves what is cached, and parts of it, to those alone who may have it', async () => {
    const id = await webImage()
    assert.ok(Buffer.from(await (await get(id, personas.member)).arrayBuffer()).equals(data))
    await until(() => isCached(id))
    const part = await get(id, personas.colleague, { range: 'bytes=1000-1999' })
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 1000-1999/${data.length}`])
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(data.subarray(1000, 2000)))
    assert.equal((await get(id, personas.stranger)).status, 404)
    assert.equal((await admin.send({ method: 'POST', path: `/v2/images/${id}/actions/deactivate` })).status, 204)
    assert.equal((await get(id, personas.member)).status, 403)
    assert.equal((await admin.send({ method: 'POST', path: `/v2/images/${id}/actions/reactivate` })).status, 204)
    assert.equal((await get(id, personas.member)).status, 200)
    assert.equal(web.reads.length, 1)
    await until(
      async () => ((await cacheState()).cached_images.find(({ image_id }) => image_id === id)?.hits ?? 0) >= 2,
    )
    await member.delete(id)
    assert.equal((await get(id, personas.member)).status, 404)
    assert.ok(!(await readdir(cacheDirectory)).includes(id))
    assert.ok(!(await isCached(id)))
  })

  it('serves the cache API to administrators alone', async () => {
    const id = await webImage()
    const queued = await member.create({ disk_format: 'raw', container_format: 'bare' })
    const status = async (client: ImagesClient, method: string, path: string, headers = {}) =>
      (await client.send({ method, path, headers })).status
    for (const [method, path] of [
      ['GET', '/v2/cache'],
      ['DELETE', '/v2/cache'],
      ['PUT', `/v2/cache/${id}`],
      ['DELETE', `/v2/cache/${id}`],
      ['GET', `/v2/cache/nodes/${id}`],
      ['POST', '/v2/cache/clean'],
      ['POST', '/v2/cache/prune'],
      ['GET', '/v2/cached_images'],
      ['PUT', `/v2/queued_images/${id}`],
    ] as const) {
      assert.equal(await status(member, method, path), 403, `${method} ${path}`)
    }
    assert.equal(await status(admin, 'PUT', '/v2/cache/no-such-image'), 404)
    assert.equal(await status(admin, 'PUT', `/v2/cache/${queued.id}`), 400)
    assert.equal(await status(admin, 'PUT', `/v2/cache/${id}`), 202)
    await until(() => isCached(id))
    assert.deepEqual((await cacheState()).queued_images, [])
    assert.equal(await status(admin, 'GET', `/v2/cache/nodes/${id}`), 409)
    assert.equal(await status(admin, 'POST', '/v2/cache/clean'), 200)
    const pruned = await admin.send({ method: 'POST', path: '/v2/cache/prune' })
    assert.deepEqual(expectJson(pruned, 200), { total_files_pruned: 0, total_bytes_pruned: 0 })
    assert.equal(await status(admin, 'DELETE', '/v2/cache', { 'x-image-cache-clear-target': 'all' }), 400)
    assert.equal(await status(admin, 'DELETE', '/v2/cache', { 'x-image-cache-clear-target': 'queue' }), 204)
    assert.ok(await isCached(id))
    assert.equal(await status(admin, 'DELETE', `/v2/cache/${id}`), 204)
    assert.ok(!(await isCached(id)))
    assert.equal(await status(admin, 'DELETE', '/v2/cache/11111111-2222-4333-8444-555555555555'), 404)
    await status(admin, 'PUT', `/v2/cache/${id}`)
    await until(() => isCached(id))
    assert.equal(await status(admin, 'DELETE', '/v2/cache'), 204)
    assert.deepEqual(await cacheState(), { cached_images: [], queued_images: [] })
  })

  it("obeys the cache commands of Debian's glance client", async () => {
    const id = await webImage()
    const env = { ...clientEnvironment(keystone, keystone.admin, ''), OS_IMAGE_URL: deployment.service.url }
    const run = async (...args: string[]) => {
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
    await run('cache-queue', id)
    await until(() => isCached(id))
    await run('cache-clear')
    assert.deepEqual(await cacheState(), { cached_images: [], queued_images: [] })
  })

  describe('its commands', () => {
    const command = (implementation: Implementation, name: string) => join(dirname(implementation.api), name)
    const files = () => deployment.service.configPaths.flatMap((path) => ['--config-file', path])

    /** Runs glance-cache-manage of both implementations and gives what both say. */
    const both = async (...args: string[]): Promise<Pick<Execution, 'code' | 'stdout'>> => {
      const env = clientEnvironment(keystone, keystone.admin, '')
      const at = ['--host', '127.0.0.1', '--port', String(deployment.service.port), '-f', ...args]
      const token = await keystone.adminToken()
      const [expected, actual] = await Promise.all(
        [reference, glimpse].map((by) =>
          execute([command(by, 'glance-cache-manage'), ...at, '--os-auth-token', token], { env }),
        ),
      )
      const said = (by: Execution | undefined) => [by?.code, by?.stdout.replace(/in [0-9.]+ sec/, '')]
      assert.deepEqual(said(actual), said(expected))
      return actual as Execution
    }

    it('glance-cache-manage says what that of the reference says, and does the same', async () => {
      const id = await webImage()
      assert.match((await both('list-cached')).stdout, /No cached images/)
      assert.match((await both('-v', 'queue-image', id)).stdout, /Queued image/)
      assert.match((await both('list-queued')).stdout, new RegExp(id))
      const prefetched = await execute([command(glimpse, 'glance-cache-prefetcher'), ...files()])
      assert.equal(prefetched.code, 0, prefetched.stderr)
      assert.match((await both('list-cached')).stdout, new RegExp(`${id}.*${data.length}`))
      assert.match((await both('list-queued')).stdout, /No queued images/)
      await both('delete-cached-image', id)
      assert.ok(!(await isCached(id)))
      await both('queue-image', id)
      await both('delete-all-queued-images')
      await both('delete-all-cached-images')
      await both('delete-queued-image', id)
      assert.deepEqual(await cacheState(), { cached_images: [], queued_images: [] })
      assert.equal((await both('delete-cached-image', 'no-uuid')).code, 1)
    })

    it('glance-cache-pruner and glance-cache-cleaner keep to the configuration', async () => {
      const id = await webImage()
      await (await get(id, personas.member)).arrayBuffer()
      await until(() => isCached(id))
      const pruned = await execute([command(glimpse, 'glance-cache-pruner'), ...files()], {
        env: { ...process.env, OS_DEFAULT__IMAGE_CACHE_MAX_SIZE: '1000' },
      })
      assert.equal(pruned.code, 0, pruned.stderr)
      assert.ok(!(await isCached(id)))
      web.limit(1024 * 1024)
      const leaver = flood(fileUrl(id), { data, readers: 1, leavers: 1, headers: tokenOf(personas.member) })
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
