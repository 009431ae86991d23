import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it, type TestContext } from 'node:test'
import type { OptionGroup, Values } from '../../src/config/option.ts'
import { KeystoneLimits } from '../../src/drivers/identity/keystone-limits.ts'
import { serviceAccountOptions } from '../../src/drivers/identity/keystone-options.ts'
import { type OsloLimitConfig, oslo_limitOptions } from '../../src/drivers/identity/limit-options.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { Sections } from '../support/config-file.ts'
import type { TestDatabase } from '../support/databases.ts'
import { glimpse, manage } from '../support/implementations.ts'
import type { TestUser } from '../support/keystone.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse, writeServiceConfig } from '../support/service.ts'
import { until } from '../support/until.ts'

const mebibyte = 2 ** 20
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const { keystone, mariadb, postgres } = await peers('keystone', 'mariadb', 'postgres')

interface Running extends AsyncDisposable {
  readonly service: Service
  readonly database: TestDatabase
  /** Names of the files in the store. */
  blobs(): Promise<string[]>
}

/** Two workers of Glimpse over a database without tables of its own, as Glance leaves one. */
async function start(config: Sections, peer = mariadb): Promise<Running> {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-quotas-'))
  const database = await peer.createDatabase()
  const images = join(directory, 'images')
  const options = {
    directory,
    config: {
      ...config,
      DEFAULT: { workers: 2, ...config.DEFAULT },
      database: { connection: database.url },
      glance_store: { filesystem_store_datadir: images },
    },
  }
  await manage(glimpse, await writeServiceConfig(glimpse, { ...options, port: 1 }), ['db', 'sync'])
  for (const table of ['projects', 'reservations']) await database.query(`drop table glimpse_quota_${table}`)
  const service = await startGlimpse(options)
  return {
    service,
    database,
    blobs: async () => (await readdir(images)).filter((name) => /^[0-9a-f]{8}-/.test(name)),
    async [Symbol.asyncDispose]() {
      await service.stop()
      await database.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function account() {
  return {
    auth_type: 'password',
    auth_url: keystone.authUrl,
    username: keystone.service.username,
    password: keystone.service.password,
    user_domain_name: 'Default',
    project_domain_name: 'Default',
    project_name: keystone.service.project,
  }
}

/** A user's view of a service. */
class Client {
  readonly #url: string
  readonly #token: string

  constructor(url: string, token = '') {
    this.#url = url
    this.#token = token
  }

  call(
    method: string,
    path: string,
    options: { json?: unknown; body?: NonNullable<RequestInit['body']>; type?: string } = {},
  ) {
    const { json, body = json === undefined ? undefined : JSON.stringify(json), type = 'application/json' } = options
    return fetch(`${this.#url}/v2/${path}`, {
      method,
      headers: { 'x-auth-token': this.#token, 'content-type': type, accept: 'application/json' },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    })
  }

  async create(): Promise<string> {
    const answer = await this.call('POST', 'images', { json: { disk_format: 'raw', container_format: 'bare' } })
    assert.equal(answer.status, 201)
    return ((await answer.json()) as { id: string }).id
  }

  /** @returns the status, and what the error says */
  async upload(id: string, data: Buffer, { chunked = false } = {}): Promise<{ status: number; text: string }> {
    const body = chunked ? ReadableStream.from([data.subarray(0, 7), data.subarray(7)]) : new Uint8Array(data)
    const answer = await this.call('PUT', `images/${id}/file`, { body, type: 'application/octet-stream' })
    return { status: answer.status, text: await answer.text() }
  }

  async delete(ids: readonly string[]): Promise<void> {
    const answers = await Promise.all(ids.map((id) => this.call('DELETE', `images/${id}`)))
    assert.ok(answers.every(({ status }) => status === 204))
  }

  async deleteAll(): Promise<void> {
    const { images } = (await (await this.call('GET', 'images?limit=1000')).json()) as { images: { id: string }[] }
    await this.delete(images.map(({ id }) => id))
  }

  async show(id: string): Promise<Record<string, unknown>> {
    return (await (await this.call('GET', `images/${id}`)).json()) as Record<string, unknown>
  }

  async usage(): Promise<Record<string, { usage: number; limit: number }>> {
    const answer = await this.call('GET', 'info/usage')
    assert.equal(answer.status, 200)
    return ((await answer.json()) as { usage: Record<string, { usage: number; limit: number }> }).usage
  }
}

/** Uploads side by side, and checks that just what fits is there afterwards. */
async function fill(
  { database, blobs }: Running,
  { client, sizeBytes, uploads, fits, chunked = false }: FillOptions,
): Promise<string[]> {
  const blobsBefore = (await blobs()).length
  const ids = await Promise.all(Array.from({ length: uploads }, () => client.create()))
  const data = Buffer.alloc(sizeBytes, 7)
  const answers = await Promise.all(ids.map((id) => client.upload(id, data, { chunked })))
  const statuses = answers.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [...Array(fits).fill(204), ...Array(uploads - fits).fill(413)])
  const images = await Promise.all(ids.map((id) => client.show(id)))
  assert.equal(images.filter(({ status }) => status === 'active').length, fits)
  assert.equal(images.filter(({ status, size }) => status === 'queued' && size === null).length, uploads - fits)
  assert.equal((await blobs()).length - blobsBefore, fits)
  assert.deepEqual(await database.query('select * from glimpse_quota_reservations'), [])
  return images.filter(({ status }) => status === 'active').map(({ id }) => id as string)
}

interface FillOptions {
  readonly client: Client
  readonly sizeBytes: number
  readonly uploads: number
  readonly fits: number
  readonly chunked?: boolean
}

for (const [name, peer] of Object.entries({ MariaDB: mariadb, PostgreSQL: postgres })) {
  describe(`user_storage_quota on ${name}`, () => {
    let running: Running
    let client: Client
    before(async () => {
      running = await start({ DEFAULT: { user_storage_quota: '1MB' } }, peer)
      client = new Client(running.service.url)
    })
    after(() => running[Symbol.asyncDispose]())

    it('holds exactly under 50 parallel uploads, and says how much is left', async () => {
      const ids = await fill(running, { client, sizeBytes: 100_000, uploads: 50, fits: 10 })
      await client.delete(ids.slice(1))
      await fill(running, { client, sizeBytes: 900_000, uploads: 2, fits: 1 })
      const { status, text } = await client.upload(await client.create(), Buffer.alloc(50_000))
      assert.equal(status, 413)
      assert.match(text, /48576 bytes remain/)
      await fill(running, { client, sizeBytes: 48_576, uploads: 3, fits: 1 })
      await fill(running, { client, sizeBytes: 1, uploads: 2, fits: 0 })
      await client.deleteAll()
    })

    it('holds exactly under 50 parallel uploads whose size nobody announces', async () => {
      await fill(running, { client, sizeBytes: 100_000, uploads: 50, fits: 10, chunked: true })
      await client.deleteAll()
    })
  })
}

describe('Keystone limits', () => {
  let running: Running
  const ends: (() => Promise<void>)[] = []
  let region: { region: string; remove(): Promise<void> }
  let user: TestUser
  let client: Client
  const limit = (limits: Record<string, number>) => keystone.limitProject(region.region, user.projectId, limits)
  const config = (own: Sections = {}): Sections => ({
    DEFAULT: { use_keystone_limits: 'true', user_storage_quota: '1' },
    paste_deploy: { flavor: 'keystone' },
    keystone_authtoken: account(),
    oslo_limit: { ...limitAccount(), endpoint_service_type: 'image', endpoint_region_name: region.region },
    ...own,
  })

  before(async () => {
    region = await keystone.registerImageService('http://127.0.0.1:9292')
    const registered = { image_size_total: 5, image_stage_total: 4, image_count_total: 100, image_count_uploading: 100 }
    await keystone.registerLimits(region.region, registered)
    user = await keystone.createUser({ roles: ['member'] })
    running = await start(config())
    client = new Client(running.service.url, await user.token())
  })
  afterEach(() => client.deleteAll())
  after(async () => {
    for (const end of ends) await end()
    await running[Symbol.asyncDispose]()
    await region.remove()
  })

  it('and usage are shown', async () => {
    await limit({ image_count_total: 70 })
    await client.upload(await client.create(), Buffer.alloc(1.5 * mebibyte))
    await client.create()
    assert.deepEqual(await client.usage(), {
      image_size_total: { usage: 1, limit: 5 },
      image_stage_total: { usage: 0, limit: 4 },
      image_count_total: { usage: 2, limit: 70 },
      image_count_uploading: { usage: 0, limit: 100 },
    })
  })

  it('hold exactly under 50 parallel uploads', async () => {
    const sizeBytes = mebibyte / 2
    const [first = ''] = await fill(running, { client, sizeBytes, uploads: 50, fits: 10 })
    assert.equal((await client.usage()).image_size_total?.usage, 5)
    const { status, text } = await client.upload(await client.create(), Buffer.alloc(mebibyte))
    assert.equal(status, 413)
    assert.match(text, /image_size_total is over limit of 5 due to current usage 5 and delta 1/)
    await client.delete([first])
    await fill(running, { client, sizeBytes, uploads: 2, fits: 1 })
  })

  it('are exceeded by one image of unknown size at most, as in the reference', async () => {
    await limit({ image_size_total: 1 })
    await fill(running, { client, sizeBytes: mebibyte, uploads: 30, fits: 2, chunked: true })
    await limit({ image_size_total: 2 })
    await fill(running, { client, sizeBytes: mebibyte, uploads: 5, fits: 1, chunked: true })
    await limit({ image_size_total: 5 })
  })

  it('on the number of images hold exactly under 50 parallel creations', async () => {
    await limit({ image_count_total: 9 })
    const json = { name: 'one', disk_format: 'raw', container_format: 'bare', tags: ['t'] }
    const create = async () => (await client.call('POST', 'images', { json })).status
    const statuses = await Promise.all(Array.from({ length: 50 }, create))
    assert.deepEqual(statuses.sort(), [...Array(9).fill(201), ...Array(41).fill(413)])
    await client.deleteAll()
    assert.equal(await create(), 201)
    await limit({ image_count_total: 1 })
    assert.equal(await create(), 413)
    await limit({ image_count_total: -1 })
    assert.equal(await create(), 201)
    assert.equal((await client.usage()).image_count_total?.usage, 2)
  })

  it('on the number of uploads at a time are held', async () => {
    await limit({ image_count_uploading: 1 })
    const [slow, other] = [await client.create(), await client.create()]
    const { body, finish } = slowBody()
    const upload = client.call('PUT', `images/${slow}/file`, { body, type: 'application/octet-stream' })
    await until(async () => (await client.show(slow)).status === 'saving')
    const refused = await client.upload(other, Buffer.alloc(10))
    assert.equal(refused.status, 413)
    assert.match(refused.text, /image_count_uploading is over limit of 1/)
    assert.equal((await client.show(other)).status, 'queued')
    finish()
    assert.equal((await upload).status, 204)
    assert.equal((await client.upload(other, Buffer.alloc(10))).status, 204)
    await limit({ image_count_uploading: 100 })
  })

  it('do not count what a killed process had reserved, once it is over', async () => {
    const id = await client.create()
    const upload = client.call('PUT', `images/${id}/file`, { body: slowBody().body, type: 'application/octet-stream' })
    const broken = assert.rejects(upload)
    const rows = () => running.database.query<{ id: string }>('select * from glimpse_quota_reservations')
    await until(async () => (await rows()).length === 1)
    await running.service.kill()
    await broken
    assert.equal((await rows()).length, 1)
    await running.database.query(`update glimpse_quota_reservations set amount = ${5 * mebibyte}, expires_at = 1`)
    const restarted = await running.service.restart()
    ends.push(() => restarted.stop())
    await until(async () => (await client.show(id)).status === 'queued')
    assert.equal((await client.upload(id, Buffer.alloc(5 * mebibyte))).status, 204)
    assert.deepEqual(await rows(), [])
  })

  it('refuse data of unknown size while it comes with strict_size_limits', async () => {
    await using strict = await start(config({ glimpse: { strict_size_limits: 'true' } }))
    const strictly = new Client(strict.service.url, await user.token())
    await fill(strict, { client: strictly, sizeBytes: mebibyte, uploads: 10, fits: 5, chunked: true })
    await strictly.deleteAll()
    const id = await strictly.create()
    const huge = ReadableStream.from(Array.from({ length: 40 }, () => new Uint8Array(mebibyte)))
    const upload = strictly.call('PUT', `images/${id}/file`, { body: huge, type: 'application/octet-stream' })
    assert.equal((await upload).status, 413)
    assert.equal((await strictly.show(id)).status, 'queued')
    assert.deepEqual(await strict.blobs(), [])
  })

  describe('read from Keystone', () => {
    const read = async (t: TestContext, own: Partial<OsloLimitConfig> = {}, authUrl = keystone.authUrl) => {
      const limits = new KeystoneLimits({
        limit: {
          ...defaultsOf(oslo_limitOptions),
          endpoint_service_type: 'image',
          endpoint_region_name: region.region,
          ...own,
        },
        account: { ...defaultsOf(serviceAccountOptions), ...limitAccount(), auth_url: authUrl },
        strict: false,
        log: silent,
      })
      t.after(() => limits.close())
      return limits.of('some-project')
    }
    const found = { image_size_total: 5 * mebibyte, image_stage_total: 4 * mebibyte }

    it('are those of the endpoint with endpoint_id', async (t) => {
      const { endpoints } = await keystone.request<{ endpoints: { id: string }[] }>(
        'GET',
        `/endpoints?region_id=${region.region}`,
      )
      const own = { endpoint_id: endpoints[0]?.id ?? null, endpoint_service_type: null, endpoint_region_name: null }
      assert.deepEqual(await read(t, own), { ...found, image_count_total: 100, image_count_uploading: 100 })
    })

    it('are those of the endpoint with that service and region', async (t) => {
      const own = { endpoint_service_name: 'glance', endpoint_interface: 'internalURL' } as const
      assert.deepEqual(await read(t, own), { ...found, image_count_total: 100, image_count_uploading: 100 })
    })

    it('are nothing where nothing is registered', async (t) => {
      const none = { image_size_total: 0, image_stage_total: 0, image_count_total: 0, image_count_uploading: 0 }
      assert.deepEqual(await read(t, { endpoint_region_name: keystone.region }), none)
    })

    it('cannot be used without such an endpoint', async (t) => {
      await assert.rejects(read(t, { endpoint_id: 'no-such-endpoint' }), { code: 'limits_unusable' })
      await assert.rejects(read(t, { endpoint_service_name: 'none' }), { code: 'limits_unusable' })
    })

    it('are unknown while Keystone is away', async (t) => {
      await assert.rejects(read(t, {}, 'http://127.0.0.1:1'), { code: 'identity_unavailable', status: 503 })
    })
  })
})

/** Data that begins to come, and ends when it is told to. */
function slowBody(): { body: ReadableStream<Uint8Array>; finish: () => void } {
  let finish = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(1000))
      finish = () => controller.close()
    },
  })
  return { body, finish: () => finish() }
}

function limitAccount() {
  const { project_name: _, project_domain_name: __, ...rest } = account()
  return { ...rest, system_scope: 'all' }
}

function defaultsOf<G extends OptionGroup>(group: G): Values<G> {
  return Object.fromEntries(Object.entries(group).map(([name, spec]) => [name, spec.default])) as Values<G>
}
