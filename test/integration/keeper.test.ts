import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, open, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { mergeSections } from '../support/config-file.ts'
import type { TestDatabase } from '../support/databases.ts'
import { Images } from '../support/images.ts'
import { glimpse, manage } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { type BucketView, newBucketName, s3Peers, viewBucket } from '../support/s3.ts'
import { type Service, startGlimpse, writeServiceConfig } from '../support/service.ts'
import { newContainerName, type SwiftView, serviceView, swiftPeer } from '../support/swift.ts'
import { until } from '../support/until.ts'

interface Report {
  readonly pass?: { readonly id: string; readonly state: string; readonly done_steps: number }
  readonly counts: Readonly<Record<string, number>>
  readonly findings: readonly {
    kind: string
    state: string
    image: string | null
    store: string | null
    detail: string
  }[]
}

describe('the programs that keep a cluster whole', () => {
  let directory: string
  let database: TestDatabase
  let bucket: BucketView
  let swift: SwiftView
  let nodes: Service[]
  let images: Images
  const bucketName = newBucketName()
  const container = newContainerName()
  const data = randomBytes(300_000)
  const disk = (id: string) => join(directory, 'images', id)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-keeper-'))
    const [{ mariadb }, s3, swiftAccount] = await Promise.all([peers('mariadb'), s3Peers.radosgw(), swiftPeer()])
    database = await mariadb.createDatabase()
    bucket = viewBucket(s3, bucketName)
    swift = await serviceView(swiftAccount)
    const config = {
      DEFAULT: { enabled_backends: 'disk:file, cloud:s3, swift:swift', show_multiple_locations: true },
      database: { connection: database.url },
      glance_store: { default_backend: 'disk' },
      glimpse: { job_lease: 2 },
      auditor: {
        ...{ orphan_removal: 'all', orphan_grace_time: 0, workers: 4 },
        ...{ items_per_second: 0, bytes_per_second: 0 },
      },
      disk: { filesystem_store_datadir: join(directory, 'images') },
      cloud: {
        s3_store_host: `http://${s3.host}:${s3.port}`,
        s3_store_access_key: s3.accessKey,
        s3_store_secret_key: s3.secretKey,
        s3_store_bucket: bucketName,
        s3_store_create_bucket_on_put: true,
      },
      swift: {
        swift_store_auth_address: swiftAccount.keystone.authUrl,
        swift_store_user: swiftAccount.user,
        swift_store_key: swiftAccount.key,
        swift_store_container: container,
        swift_store_create_container_on_put: true,
      },
    }
    const of = (name: string) => ({ directory: join(directory, name), config: mergeSections(config) })
    await manage(glimpse, await writeServiceConfig(glimpse, { ...of('one'), port: 1 }), ['db_sync'])
    nodes = await Promise.all(['one', 'two'].map((name) => startGlimpse(of(name))))
    images = new Images(nodes[0] as Service)
  })
  after(async () => {
    await Promise.all(nodes?.map((node) => node.stop()) ?? [])
    await bucket?.[Symbol.asyncDispose]()
    await database?.drop()
    await rm(directory, { recursive: true, force: true })
  })

  /** An image whose data lies in all stores. */
  async function whole(): Promise<string> {
    const { id } = await images.createWithData(data)
    const started = await fetch(`${nodes[1]?.url}/v2/images/${id}/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ method: { name: 'copy-image' }, stores: ['cloud', 'swift'] }),
    })
    assert.equal(started.status, 202)
    await until(async () => (await images.show(id)).stores?.split(',').length === 3, 60_000)
    return id
  }

  function launch(program: string, args: readonly string[], node = 0) {
    const files = nodes[node]?.configPaths.flatMap((path) => ['--config-file', path]) ?? []
    const child = spawn(join(dirname(glimpse.api), program), [...files, '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { child, ended }
  }

  async function run(program: string, args: readonly string[] = [], node = 0) {
    const [output, errors, [code]] = await launch(program, args, node).ended
    assert.notEqual(output, '', errors)
    return { code: code as number, report: JSON.parse(output) as Report, errors }
  }

  /** What `findings` say, without what they explain. */
  const named = ({ findings }: Report) =>
    findings.map(({ kind, state, image, store }) => [kind, state, image, store].join(' ')).sort()

  it('finds what was broken, repairs it and removes orphans, whatever else goes on', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, whole))
    const [flipped, shortened, missing, absent, gone] = ids as [string, string, string, string, string]
    const stop = new AbortController()
    const traffic = keepBusy(stop.signal)
    const file = await open(disk(flipped), 'r+')
    await file.write(Buffer.from([(data[1000] ?? 0) ^ 1]), 0, 1, 1000)
    await file.close()
    await truncate(disk(shortened), 1000)
    await unlink(disk(missing))
    await bucket.client.send(new DeleteObjectCommand({ Bucket: bucketName, Key: absent }))
    assert.equal((await swift.request('DELETE', `/${container}/${gone}`)).status, 204)
    const orphans = [randomUUID(), randomUUID(), randomUUID()] as const
    await writeFile(disk(orphans[0]), data)
    await bucket.client.send(new PutObjectCommand({ Bucket: bucketName, Key: orphans[1], Body: data }))
    await swift.request('PUT', `/${container}/${orphans[2]}`)
    // Of two that share the pass one dies in the middle of it.
    const victim = launch('glance-auditor', ['--digests'])
    await until(
      async () =>
        (await database.query('SELECT 1 FROM glimpse_jobs WHERE status = "running" AND kind = "pass_auditor"')).length >
        0,
    )
    const other = run('glance-auditor', ['--digests'], 1)
    victim.child.kill('SIGKILL')
    await victim.ended
    const first = await other
    assert.equal(first.code, 2, first.errors)
    const places = ['disk', 'cloud', 'swift']
    const seen = (state: string) => orphans.map((id, i) => `orphan ${state} ${id} ${places[i]}`)
    // The one that died may have been in the middle of a repair: the other then finds the data missing, or right.
    const kinds = ['corrupt', 'size_mismatch', 'missing', 'orphan']
    const broken = [flipped, shortened, missing, absent, gone, ...orphans]
    for (const { kind } of first.report.findings) assert.ok(kinds.includes(kind), kind)
    assert.deepEqual([...new Set(first.report.findings.map(({ image }) => image))].sort(), broken.sort())
    for (const line of seen('open')) assert.ok(named(first.report).includes(line), line)
    const second = await run('glance-auditor', ['--digests'])
    assert.deepEqual([second.code, named(second.report)], [0, seen('repaired').sort()], second.errors)
    stop.abort()
    assert.ok((await traffic) > 0)
    for (const id of ids) {
      assert.deepEqual(await readFile(disk(id)), data)
      const object = await bucket.client.send(new GetObjectCommand({ Bucket: bucketName, Key: id }))
      assert.deepEqual(Buffer.from((await object.Body?.transformToByteArray()) ?? []), data)
      const inSwift = await swift.request('GET', `/${container}/${id}`)
      assert.deepEqual(Buffer.from(await inSwift.arrayBuffer()), data)
    }
    const left = new Set([
      ...(await readdir(join(directory, 'images'))),
      ...(await bucket.things()),
      ...(await swift.objects(container)),
    ])
    for (const id of orphans) assert.ok(!left.has(id))
  })

  it('changes nothing in a dry run, and tells what it would', async () => {
    const id = await whole()
    await truncate(disk(id), 10)
    const orphan = randomUUID()
    await copyFile(disk(id), disk(orphan))
    const before = await everything()
    const { code, report } = await run('glance-auditor', ['--digests', '--dry-run'])
    assert.deepEqual([code, report.pass], [2, undefined])
    assert.deepEqual(await everything(), before)
    assert.deepEqual(named(report), [`orphan open ${orphan} disk`, `size_mismatch open ${id} disk`])
  })

  /** Uploads, copies and deletes until it is told to stop. @returns how often */
  async function keepBusy(signal: AbortSignal): Promise<number> {
    let rounds = 0
    while (!signal.aborted) {
      const [one, other] = await Promise.all([whole(), images.createWithData(data, { store: 'cloud' })])
      await Promise.all([one, other.id].map((id) => images.delete(id)))
      rounds += 1
    }
    return rounds
  }

  /** All rows of all tables, and all data. */
  async function everything(): Promise<unknown> {
    const tables = await database.query<Record<string, string>>('SHOW TABLES')
    const rows = await Promise.all(
      tables.map(async (row) => [
        Object.values(row)[0],
        await database.query(`SELECT * FROM ${Object.values(row)[0]}`),
      ]),
    )
    const names = (await readdir(join(directory, 'images'))).sort()
    const files = await Promise.all(names.map(async (name) => [name, (await readFile(disk(name))).toString('base64')]))
    return { rows, files, objects: await bucket.things(), swift: await swift.objects(container) }
  }
})
