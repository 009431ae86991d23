import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { launcher, runCommand } from '../support/command.ts'
import { glimpse, manage } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { newBucketName, s3Peers, viewBucket } from '../support/s3.ts'
import { type Service, startGlimpse, writeServiceConfig } from '../support/service.ts'
import { newContainerName, serviceView, swiftPeer } from '../support/swift.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const { mariadb } = await peers('mariadb')
const [s3, swift] = [await s3Peers.radosgw(), await swiftPeer()]
const stores = ['disk', 'objects', 'swift'] as const
/** Leases of killed processes run out, passes begin anew, and the machine may be busy. */
const patienceMs = 90_000
const sha = (data: Buffer | Uint8Array) => createHash('sha256').update(data).digest('hex')

describe('two nodes that keep public images in a file, an S3 and a Swift store', () => {
  const opened = new AsyncDisposableStack()
  const kept = new Map<string, Buffer>()
  const [bucket, container] = [newBucketName(), newContainerName()]
  let folder: string
  let nodes: Service[]
  let proxy: Awaited<ReturnType<typeof startTcpProxy>>
  let database: Awaited<ReturnType<typeof mariadb.createDatabase>>
  let held: Record<
    (typeof stores)[number],
    { names(): Promise<string[]>; read(id: string): Promise<Buffer | Uint8Array> }
  >

  before(async () => {
    folder = opened.adopt(await mkdtemp(join(tmpdir(), 'glimpse-replication-')), (it) => rm(it, { recursive: true }))
    database = opened.use(await mariadb.createDatabase())
    proxy = opened.use(await startTcpProxy({ host: s3.host, port: s3.port }))
    const view = opened.use(viewBucket(s3, bucket))
    const account = await serviceView(swift)
    opened.defer(async () => {
      for (const name of await account.objects(container)) await account.request('DELETE', `/${container}/${name}`)
      await account.request('DELETE', `/${container}`)
    })
    held = {
      disk: { names: () => readdir(join(folder, 'disk')), read: (id) => readFile(join(folder, 'disk', id)) },
      objects: {
        names: () => view.things(),
        read: async (Key) =>
          (await (
            await view.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
          ).Body?.transformToByteArray()) ?? Buffer.alloc(0),
      },
      swift: {
        names: () => account.objects(container),
        read: async (id) => Buffer.from(await (await account.request('GET', `/${container}/${id}`)).arrayBuffer()),
      },
    }
    const config = {
      DEFAULT: { enabled_backends: 'disk:file,objects:s3,swift:swift' },
      database: { connection: database.url },
      glance_store: { default_backend: 'disk' },
      disk: { filesystem_store_datadir: join(folder, 'disk') },
      objects: {
        s3_store_host: `http://127.0.0.1:${proxy.port}`,
        s3_store_access_key: s3.accessKey,
        s3_store_secret_key: s3.secretKey,
        s3_store_bucket: bucket,
        s3_store_create_bucket_on_put: true,
      },
      swift: {
        swift_store_auth_address: swift.keystone.authUrl,
        swift_store_user: swift.user,
        swift_store_key: swift.key,
        swift_store_container: container,
        swift_store_create_container_on_put: true,
      },
      replication: {
        run_in_api: true,
        rules: 'everywhere',
        interval: 1,
        check_interval: 0,
        workers: 2,
        parallel_copies: 2,
        bytes_per_second: 4 * 2 ** 20,
      },
      'replication:everywhere': { visibility: 'public' },
      glimpse: { job_lease: 4 },
    }
    const options = (name: string) => ({ directory: join(folder, name), config })
    await manage(glimpse, await writeServiceConfig(glimpse, options('first')), ['db_sync'])
    nodes = await Promise.all(['first', 'second'].map((name) => startGlimpse(options(name))))
    opened.defer(async () => void (await Promise.all(nodes.map((node) => node.stop()))))
  })
  after(() => opened.disposeAsync())

  /** Does what a killed worker has cut off once more. */
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        await sleep(100)
      }
    }
  }
  const call = async (node: number, method: string, path: string, body?: string | Buffer): Promise<Response> => {
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
    const headers = body === undefined ? {} : { 'content-type': type }
    const response = await fetch(`${nodes[node % 2]?.url}/v2${path}`, { method, headers, ...(body && { body }) })
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${response.ok || (await response.text())}`)
    return response
  }
  const upload = async (node: number, data: Buffer, visibility = 'public'): Promise<string> => {
    const body = JSON.stringify({ visibility, disk_format: 'raw', container_format: 'bare' })
    const { id } = (await (await call(node, 'POST', '/images', body)).json()) as { id: string }
    await call(node, 'PUT', `/images/${id}/file`, data)
    return id
  }
  const keep = async (node: number, bytes = 300_000) => {
    const data = randomBytes(bytes)
    const id = await again(() => upload(node, data))
    kept.set(id, data)
    return id
  }
  const isWhole = async () => {
    const path = '/glimpse/replication/images?state=satisfied&limit=1000'
    const { images } = (await (await again(() => call(0, 'GET', path))).json()) as { images: { image: string }[] }
    const found = [images.map(({ image }) => image), ...(await Promise.all(stores.map((store) => held[store].names())))]
    return found.every((names) => kept.keys().every((id) => names.includes(id)))
  }
  /** Every image has one location in each store, and the data there is right. */
  const requireWhole = async () => {
    for (const [id, data] of kept) {
      const rows = await database.query<{ meta_data: string }>(
        `select meta_data from image_locations where image_id = '${id}' and deleted = 0`,
      )
      assert.deepEqual(rows.map((row) => JSON.parse(row.meta_data).store).sort(), [...stores])
      for (const store of stores) assert.equal(sha(await held[store].read(id)), sha(data), `${id} in ${store}`)
    }
  }
  const statusOf = async (id: string) =>
    (await (await again(() => call(1, 'GET', `/glimpse/replication/images/${id}`))).json()) as {
      rules: { state: string; reason: string | null }[]
    }

  test('brings every public image into all of them, and leaves private ones where they are', async () => {
    const secret = await upload(0, randomBytes(1000), 'private')
    await Promise.all([0, 1, 2, 3, 4, 5].map((i) => keep(i)))
    await until(isWhole, patienceMs)
    await requireWhole()
    assert.deepEqual(await held.objects.names().then((names) => names.includes(secret)), false)
    await call(0, 'DELETE', `/images/${secret}`)

    const files = nodes[0]?.configPaths.flatMap((path) => ['--config-file', path]) ?? []
    const args = ['stores', ...files, '--check', '--dry-run', '--json']
    const { code, stdout } = await runCommand(launcher('glance-replicator'), args, { cwd: folder, env: process.env })
    const { counts } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { counts: Record<string, number> }
    assert.deepEqual([code, counts.checked, counts.satisfied], [0, kept.size, kept.size])
  })

  test('makes good what an emptied store, a store that is away and killed processes cost, beside steady traffic', async () => {
    await using traffic = steadyTraffic()
    const view = opened.use(viewBucket(s3, bucket))
    for (const Key of await held.objects.names()) {
      await view.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
    }
    await until(isWhole, patienceMs)

    proxy.refuse()
    const meanwhile = await keep(1)
    await until(async () => (await held.swift.names()).includes(meanwhile), patienceMs)
    await until(
      async () => (await statusOf(meanwhile).catch(() => undefined))?.rules[0]?.state === 'failing',
      patienceMs,
    )
    proxy.resume()

    const large = await Promise.all([keep(0, 3 * 2 ** 20), keep(1, 3 * 2 ** 20)])
    let copiers: number[] = []
    await until(async () => {
      const found = await Promise.all(large.map(copierOf))
      copiers = [...new Set(found.filter((pid) => pid !== undefined))]
      return copiers.length > 0
    }, patienceMs)
    for (const pid of copiers) process.kill(pid, 'SIGKILL')
    await until(isWhole, patienceMs)
    const { rounds, failures } = await traffic.end()
    assert.deepEqual(failures, [])
    assert.ok(rounds > 3)
    await requireWhole()
    // Nothing is left but what images own.
    for (const store of stores) {
      await until(async () => (await held[store].names()).sort().join() === [...kept.keys()].sort().join())
    }
  })

  /** The process that copies the image just now. */
  async function copierOf(id: string): Promise<number | undefined> {
    const [claim] = await database.query<{ claimed_by: string | null }>(
      `select claimed_by from glimpse_replication_status where image_id = '${id}'`,
    )
    if (!claim?.claimed_by) return undefined
    const [pass, step] = claim.claimed_by.split('/')
    const [job] = await database.query<{ runner: string }>(
      `select runner from glimpse_jobs where kind = 'pass_replication' and lease_token is not null
        and input like '%${pass}%' and input like '%"${step}"%'`,
    )
    return job && Number(job.runner.split(':').at(-1))
  }

  /** Uploads, downloads at the other node and deletes, again and again. */
  function steadyTraffic() {
    const failures: string[] = []
    const left = new Set<string>()
    let rounds = 0
    let isEnding = false
    const round = async () => {
      const data = randomBytes(50_000)
      const id = await upload(rounds, data)
      left.add(id)
      const response = await call(rounds + 1, 'GET', `/images/${id}/file`)
      if (sha(Buffer.from(await response.arrayBuffer())) !== sha(data)) failures.push(`${id} is other data`)
      await call(rounds, 'DELETE', `/images/${id}`)
      left.delete(id)
    }
    const going = (async () => {
      for (; !isEnding; rounds += 1) {
        // A worker that was killed answers nothing.
        await round().catch((error: unknown) => error instanceof TypeError || failures.push(String(error)))
        await sleep(100)
      }
      for (const id of left) await again(() => fetch(`${nodes[0]?.url}/v2/images/${id}`, { method: 'DELETE' }))
    })()
    const end = async () => {
      isEnding = true
      await going
      return { rounds, failures }
    }
    return { end, [Symbol.asyncDispose]: async () => void (await end()) }
  }
})
