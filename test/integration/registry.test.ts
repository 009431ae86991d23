import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { openRegistry } from '../../src/drivers/registry/open.ts'
import { hasCode } from '../../src/errors/error.ts'
import { execute } from '../peers/processes.ts'
import { mergeSections, type Sections, writeConfigFile } from '../support/config-file.ts'
import type { TestDatabase } from '../support/databases.ts'
import { glimpse, manage } from '../support/implementations.ts'
import type { KeystonePeer, TestUser } from '../support/keystone.ts'
import { peers } from '../support/peers.ts'
import { clientConfig, silentLog, startRegistry } from '../support/registry.ts'
import { type RegistryProcess, startRegistryProcess } from '../support/registry-process.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'
import { until } from '../support/until.ts'
import { documentConfig, documentRegistryConfig } from './document-config.ts'

describe("glance-registry, with the installation document's configuration", () => {
  let directory: string
  let database: TestDatabase
  let keystone: KeystonePeer
  let member: TestUser
  let registry: RegistryProcess
  let registryOptions: Parameters<typeof startRegistryProcess>[0]
  /** As documented, on the database itself. */
  let documented: Service
  /** Without a database. */
  let node: Service

  before(async () => {
    const all = await peers('mariadb', 'keystone', 'memcached')
    keystone = all.keystone
    database = await all.mariadb.createDatabase()
    directory = await mkdtemp(join(tmpdir(), 'glimpse-registry-'))
    member = await keystone.createUser({ roles: ['member', 'reader'] })
    const parts = { ...all, databaseUrl: database.url }
    const { database: _, ...withoutDatabase } = documentConfig(parts)
    const apiPath = await writeConfigFile(join(directory, 'glance-api.conf'), documentConfig(parts))
    const registryPath = await writeConfigFile(join(directory, 'registry.conf'), documentRegistryConfig(parts))
    await manage(glimpse, [apiPath], ['db_sync'])
    // The machine's own folder and ports may be in use: further files move the programs away from them.
    const images = join(directory, 'images')
    const stores: Sections = { glance_store: { filesystem_store_datadir: images } }
    registryOptions = { directory, configFiles: [registryPath], config: {} }
    registry = await startRegistryProcess(registryOptions)
    registryOptions = { ...registryOptions, port: registry.port }
    documented = await startGlimpse({ directory: join(directory, 'a'), configFiles: [apiPath], config: stores })
    node = await startGlimpse({
      directory: join(directory, 'b'),
      config: mergeSections(withoutDatabase, registry.apiConfig, stores),
    })
  })

  after(async () => {
    await node?.stop()
    await documented?.stop()
    await registry?.stop()
    await database?.drop()
    await rm(directory, { recursive: true, force: true })
  })

  const call = async (service: Service, method: string, path: string, body?: unknown) =>
    fetch(`${service.url}${path}`, {
      method,
      headers: {
        'x-auth-token': await memberToken(),
        'content-type': typeof body === 'string' ? 'application/octet-stream' : 'application/json',
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  let token: Promise<string> | undefined
  const memberToken = () => {
    token ??= member.token()
    return token
  }

  it('lets an API without a database serve what one on the database has made, and the other way round', async () => {
    for (const path of node.configPaths) assert.doesNotMatch(await readFile(path, 'utf8'), /mysql/)
    for (const [maker, other] of [
      [documented, node],
      [node, documented],
    ] as const) {
      const fields = { name: 'cirros', disk_format: 'raw', container_format: 'bare', kind: 'small' }
      const made = await call(maker, 'POST', '/v2/images', fields)
      assert.equal(made.status, 201)
      const { id } = (await made.json()) as { id: string }
      assert.equal((await call(other, 'PUT', `/v2/images/${id}/file`, 'some data')).status, 204)
      const shown = (await (await call(maker, 'GET', `/v2/images/${id}`)).json()) as Record<string, unknown>
      assert.deepEqual([shown.status, shown.size, shown.kind], ['active', 9, 'small'])
      const { images } = (await (await call(other, 'GET', '/v2/images?kind=small')).json()) as { images: object[] }
      assert.deepEqual(images, [shown])
      assert.equal(await (await call(maker, 'GET', `/v2/images/${id}/file`)).text(), 'some data')
      assert.equal((await call(other, 'DELETE', `/v2/images/${id}`)).status, 204)
      assert.equal((await call(maker, 'GET', `/v2/images/${id}`)).status, 404)
    }
  })

  it('lets the scrubber work without a database too', async () => {
    const files = node.configPaths.flatMap((path) => ['--config-file', path])
    const scrubbed = await execute([join(import.meta.dirname, '../../bin/glance-scrubber'), ...files])
    assert.deepEqual([scrubbed.code, scrubbed.stdout], [0, ''], scrubbed.stderr)
  })

  it('answers services, and neither users nor strangers', async () => {
    const ask = (headers: Record<string, string>, body = '{"command":"database.ping","args":[]}') =>
      fetch(`${registry.url}/rpc`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
    const stranger = await ask({})
    assert.equal(stranger.status, 401)
    assert.match(stranger.headers.get('www-authenticate') ?? '', /^Keystone uri=/)
    assert.equal((await ask({ 'x-auth-token': 'invalid' })).status, 401)
    assert.equal((await ask({ 'x-auth-token': await memberToken() })).status, 403)
    const service = { 'x-auth-token': await keystone.token(keystone.service) }
    assert.equal(
      (await ask({ 'x-auth-token': await memberToken(), 'x-service-token': service['x-auth-token'] })).status,
      403,
    )
    assert.equal((await ask(service)).status, 200)
    assert.equal((await ask({ ...service, 'content-type': 'text/plain' })).status, 415)
    assert.equal((await ask(service, '{"command":"close","args":[]}')).status, 400)
    assert.equal((await fetch(`${registry.url}/healthcheck`)).status, 200)
  })

  it('is missed by an API with 503, and found by it when it is back', async () => {
    await registry.stop()
    const started = performance.now()
    assert.equal((await call(node, 'GET', '/v2/images')).status, 503)
    assert.equal((await call(node, 'POST', '/v2/images', { name: 'x' })).status, 503)
    assert.ok(performance.now() - started < 15_000)
    registry = await startRegistryProcess(registryOptions)
    await until(async () => (await call(node, 'GET', '/v2/images')).status === 200)
  })
})

describe('glance-registry', () => {
  it('is not reached from other machines unless it asks for tokens', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'glimpse-registry-'))
    try {
      const path = await writeConfigFile(join(directory, 'registry.conf'), {
        DEFAULT: { bind_host: '0.0.0.0', bind_port: 0, workers: 0 },
        database: { connection: `sqlite:///${directory}/glance.sqlite` },
      })
      const { code, stderr } = await execute([
        join(import.meta.dirname, '../../bin/glance-registry'),
        '--config-file',
        path,
      ])
      assert.equal(code, 1)
      assert.match(stderr, /bind_host.*127\.0\.0\.1.*flavor = keystone/)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('is reached by TLS, whose certificate must be vouched for', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'glimpse-registry-'))
    await using opened = new AsyncDisposableStack()
    opened.defer(() => rm(directory, { recursive: true }))
    const repositories = opened.adopt(await openRepositories({ connection: 'sqlite://', createSchema: true }), (it) =>
      it.close(),
    )
    const registry = opened.adopt(await startRegistry(repositories), (it) => it.close())
    const tls = opened.use(await startTlsProxy({ host: '127.0.0.1', port: registry.port }, directory))
    const https = { ...clientConfig(tls.port), registry_client_protocol: 'https' }
    const open = (config: typeof https) =>
      opened.adopt(openRegistry({ config, account: null, log: silentLog }), (it) => it.close())
    await open({ ...https, registry_client_ca_file: tls.caPath }).ping()
    await open({ ...https, registry_client_insecure: true }).ping()
    await assert.rejects(open(https).ping(), (error) => hasCode(error, 'database_unavailable'))
  })
})
