import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RbdStoreConfig } from '../../src/drivers/stores/rbd/options.ts'
import { openRbdStore, type RbdStore } from '../../src/drivers/stores/rbd/rbd-store.ts'
import { hasCode } from '../../src/errors/error.ts'
import type { AbandonedWrite } from '../../src/ports/blob-store.ts'
import { pieces, put } from '../contract/store-fixture.ts'
import { freePort } from '../peers/ports.ts'
import { type CephPool, makeCephPool, rbdConfig } from '../support/ceph.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { until } from '../support/until.ts'

const { ceph } = await peers('ceph')
const [osd] = ceph.helpers
const monitor = ceph.process
const uploader = fileURLToPath(new URL('../support/rbd-upload-process.ts', import.meta.url))
const mebibyte = 2 ** 20

let pool: CephPool
let directory: string
before(async () => {
  pool = await makeCephPool(ceph)
  directory = await mkdtemp(join(tmpdir(), 'glimpse-rbd-'))
})
after(async () => {
  await pool[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

function open(t: TestContext, changes: Partial<RbdStoreConfig> = {}): RbdStore {
  const store = openRbdStore('rbd', rbdConfig(ceph, pool, changes))
  t.after(() => store.close())
  return store
}

async function store(rbd: RbdStore, data: Buffer, key: string = randomUUID()) {
  const written = await put(await rbd.create(key, { sizeBytes: data.length }), pieces(data))
  return { ...written, key }
}

const read = async (rbd: RbdStore, url: string) => buffer(await rbd.open(url, {}))
const isCode = (code: 'store_unavailable' | 'blob_in_use' | 'blob_not_found') => (error: unknown) =>
  hasCode(error, code)

/** A Ceph configuration with more settings than the cluster's. */
async function configWith(settings: string): Promise<string> {
  const path = join(directory, `${randomUUID()}.conf`)
  await copyFile(ceph.configPath, path)
  await appendFile(path, `\n[client]\n${settings}\n`)
  return path
}

describe('images in RBD', () => {
  it('lie where the reference puts them, in objects of the chunk size, with a protected snapshot', async (t) => {
    const { url, key } = await store(open(t, { rbd_store_chunk_size: 4 }), randomBytes(9 * mebibyte))
    assert.equal(url, `rbd://${ceph.fsid}/${pool.name}/${key}/snap`)
    const info = JSON.parse(await pool.rbd('info', key, '--format', 'json'))
    assert.deepEqual([info.size, info.order, info.objects], [9 * mebibyte, 22, 3])
    assert.deepEqual(info.features, ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'])
    const [snapshot] = JSON.parse(await pool.rbd('snap', 'ls', key, '--format', 'json'))
    assert.deepEqual([snapshot.name, snapshot.protected], ['snap', 'true'])
  })

  it('are read when they were imported without a snapshot', async (t) => {
    const path = join(directory, 'imported')
    const data = randomBytes(3 * mebibyte)
    await writeFile(path, data)
    await pool.rbd('import', path, 'imported')
    const rbd = open(t)
    assert.ok((await read(rbd, 'rbd://imported')).equals(data))
    // Nova names its snapshots by the image's id, and callers of projects may name nothing else.
    const imageId = randomUUID()
    assert.deepEqual(
      [`rbd://${ceph.fsid}/vms/${imageId}/snap`, 'rbd://imported', `rbd://${imageId}x`].map((url) =>
        rbd.admits?.(url, { imageId }),
      ),
      [true, false, false],
    )
    await rbd.delete('rbd://imported')
    assert.ok(!(await pool.images()).includes('imported'))
  })

  it('of unknown size are trimmed to what came', async (t) => {
    const rbd = open(t, { rbd_store_chunk_size: 1 })
    const data = randomBytes(13 * mebibyte + 5)
    const { url } = await put(await rbd.create('unknown', { sizeBytes: null }), pieces(data))
    const info = JSON.parse(await pool.rbd('info', 'unknown', '--format', 'json'))
    assert.equal(info.size, data.length)
    assert.ok((await read(rbd, url)).equals(data))
  })

  it('take no space for zeros with thin provisioning', async (t) => {
    const data = Buffer.alloc(64 * mebibyte)
    data.write('in the middle', 30 * mebibyte)
    const rbd = open(t, { rbd_thin_provisioning: true })
    const { url, key } = await store(rbd, data)
    const used = JSON.parse(await pool.rbd('du', key, '--format', 'json')).images[0].used_size
    assert.equal(used, 8 * mebibyte)
    assert.ok((await read(rbd, url)).equals(data))
  })

  it('keep their data in the pool that the configuration of Ceph names for it', async (t) => {
    const rbd_store_ceph_conf = await configWith(`rbd_default_data_pool = ${ceph.dataPool}`)
    const rbd = open(t, { rbd_store_ceph_conf })
    const data = randomBytes(9 * mebibyte)
    const { url, key } = await store(rbd, data)
    const info = JSON.parse(await pool.rbd('info', key, '--format', 'json'))
    assert.equal(info.data_pool, ceph.dataPool)
    assert.ok((await read(rbd, url)).equals(data))
    await rbd.delete(url)
  })

  it('are cloned like those of the reference, and refused to be deleted meanwhile, whole', async (t) => {
    const rbd = open(t)
    const data = randomBytes(2 * mebibyte)
    const { url, key } = await store(rbd, data)
    await pool.rbd('clone', `${pool.name}/${key}@snap`, `${pool.name}/clone`, '--rbd-default-clone-format', '1')
    await assert.rejects(rbd.delete(url), isCode('blob_in_use'))
    assert.ok((await read(rbd, url)).equals(data))
    await pool.rbd('export', 'clone', join(directory, 'exported'))
    assert.ok((await readFile(join(directory, 'exported'))).equals(data))
    await pool.rbd('rm', 'clone')
    await rbd.delete(url)
  })

  it('go to the trash when clones that need no protected snapshot are left', async (t) => {
    const rbd = open(t)
    const data = randomBytes(2 * mebibyte)
    const { url, key } = await store(rbd, data)
    await pool.rbd('clone', `${pool.name}/${key}@snap`, `${pool.name}/clone2`, '--rbd-default-clone-format', '2')
    await rbd.delete(url)
    await assert.rejects(rbd.size(url), isCode('blob_not_found'))
    const trash = JSON.parse(await pool.rbd('trash', 'ls', '--format', 'json'))
    assert.deepEqual(
      trash.map((image: { name: string }) => image.name),
      [key],
    )
    await pool.rbd('export', 'clone2', join(directory, 'exported2'))
    assert.ok((await readFile(join(directory, 'exported2'))).equals(data))
    await pool.rbd('rm', 'clone2')
    await pool.rbd('trash', 'rm', trash[0].id)
  })
})

describe('a cluster that does not answer', () => {
  for (const [name, { pid }] of Object.entries({ osd, monitor })) {
    it(`costs a connection and its requests bounded time, and works when the ${name} is back`, async (t) => {
      const first = open(t)
      const { url } = await store(first, randomBytes(1000))
      const rbd = open(t, { rados_connect_timeout: 1 })
      process.kill(pid, 'SIGSTOP')
      try {
        const startedAt = Date.now()
        await assert.rejects(rbd.size(url), isCode('store_unavailable'))
        await assert.rejects(rbd.create(randomUUID(), { sizeBytes: 1 }), isCode('store_unavailable'))
        assert.ok(Date.now() - startedAt < 15_000, `${Date.now() - startedAt} ms`)
      } finally {
        process.kill(pid, 'SIGCONT')
      }
      // The OSD has done by now what it was asked to do, though nobody waited for it any more.
      await until(async () => !(await pool.objects()).some((object) => object.includes('glimpse-write')))
      assert.equal(await rbd.size(url), 1000)
      await rbd.delete(url)
    })
  }

  it('fails transfers in the middle, and leaves nothing of them once it is back', async (t) => {
    const rbd = open(t, { rados_connect_timeout: 1 })
    const data = randomBytes(40 * mebibyte)
    const { url } = await store(rbd, data)
    const before = await pool.images()
    const writer = await rbd.create(randomUUID(), { sizeBytes: null })
    await writer.write(data.subarray(0, 20 * mebibyte))
    const reader = (await rbd.open(url, {}))[Symbol.asyncIterator]()
    await reader.next()
    process.kill(osd.pid, 'SIGSTOP')
    try {
      const failures = await Promise.allSettled([
        (async () => {
          for (const piece of pieces(data)) await writer.write(piece)
          await writer.commit()
        })(),
        (async () => {
          while (!(await reader.next()).done);
        })(),
      ])
      for (const failure of failures) {
        assert.ok(failure.status === 'rejected' && isCode('store_unavailable')(failure.reason), String(failure.status))
      }
    } finally {
      process.kill(osd.pid, 'SIGCONT')
    }
    await until(async () =>
      writer.abort().then(
        () => true,
        () => false,
      ),
    )
    assert.deepEqual(await pool.images(), before)
    assert.ok((await read(rbd, url)).equals(data))
  })
})

describe('a service with a store in a file system and one in RBD', () => {
  let service: Service
  before(async () => {
    const own = { ...pickRbd(), rados_connect_timeout: 1 }
    service = await startGlimpse({
      directory: join(directory, 'service'),
      config: {
        DEFAULT: { enabled_backends: 'file1:file,ceph1:rbd,absent:rbd' },
        database: { connection: `sqlite:///${join(directory, 'glance.sqlite')}` },
        glance_store: { default_backend: 'ceph1' },
        file1: { filesystem_store_datadir: join(directory, 'files') },
        ceph1: own,
        absent: { ...own, rbd_store_ceph_conf: await configOfAbsentCluster() },
      },
    })
  })
  after(() => service?.stop())

  const call = (method: string, path: string, options: RequestInit = {}) =>
    fetch(`${service.url}/v2${path}`, { method, ...options })

  async function create(): Promise<string> {
    const body = JSON.stringify({ disk_format: 'raw', container_format: 'bare' })
    const answer = await call('POST', '/images', { body, headers: { 'content-type': 'application/json' } })
    return ((await answer.json()) as { id: string }).id
  }

  async function upload(id: string, { store, data }: { store: string; data: Buffer }): Promise<number> {
    const headers = { 'content-type': 'application/octet-stream', 'x-image-meta-store': store }
    return (await call('PUT', `/images/${id}/file`, { body: new Uint8Array(data), headers })).status
  }

  it('describes them', async () => {
    const { stores } = (await (await call('GET', '/info/stores/detail')).json()) as { stores: { id: string }[] }
    assert.deepEqual(
      stores.find(({ id }) => id === 'ceph1'),
      {
        id: 'ceph1',
        default: 'true',
        type: 'rbd',
        properties: { chunk_size: 8 * mebibyte, pool: pool.name, thin_provisioning: false },
        weight: 0,
      },
    )
  })

  it('works with the others while a cluster is absent or frozen, and with all when it is back', async () => {
    const data = randomBytes(3 * mebibyte)
    const [frozen, lost, well] = [await create(), await create(), await create()]
    process.kill(osd.pid, 'SIGSTOP')
    try {
      const [ofFrozen, ofLost, ofWell] = await Promise.all([
        upload(frozen, { store: 'ceph1', data }),
        upload(lost, { store: 'absent', data }),
        upload(well, { store: 'file1', data }),
      ])
      assert.deepEqual([ofFrozen, ofLost, ofWell], [503, 503, 204])
      assert.equal((await call('GET', `/images/${well}/file`)).status, 200)
    } finally {
      process.kill(osd.pid, 'SIGCONT')
    }
    assert.equal(await upload(frozen, { store: 'ceph1', data }), 204)
    const answer = await call('GET', `/images/${frozen}/file`)
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(data))
    assert.equal((await call('DELETE', `/images/${frozen}`)).status, 204)
    assert.ok(!(await pool.images()).some((name) => name.includes(frozen)))
  })

  function pickRbd() {
    const { rbd_store_pool, rbd_store_user, rbd_store_ceph_conf } = rbdConfig(ceph, pool)
    return { rbd_store_pool, rbd_store_user: String(rbd_store_user), rbd_store_ceph_conf }
  }

  async function configOfAbsentCluster(): Promise<string> {
    const path = join(directory, 'absent.conf')
    const text = await readFile(ceph.configPath, 'utf8')
    await writeFile(path, text.replace(/^mon_host = .*$/m, `mon_host = 127.0.0.1:${await freePort()}`))
    return path
  }
})

describe('the helper process of a store', () => {
  it('leaves a connection that the cluster has put on its blocklist', async (t) => {
    const rbd = open(t)
    const { url } = await store(rbd, randomBytes(1000))
    const writer = await rbd.create(randomUUID(), { sizeBytes: null })
    const [unfinished = ''] = (await pool.images()).filter((name) => name.startsWith('glimpse-write.'))
    const address = /watcher=(\S+)/.exec(await pool.rbd('status', unfinished))?.[1] ?? ''
    await pool.block(address)
    await until(() =>
      rbd.size(url).then(
        () => true,
        () => false,
      ),
    )
    await writer.abort()
    assert.ok(!(await pool.images()).includes(unfinished))
  })

  it('fails what it was doing when it dies, and the next request gets another', async (t) => {
    const rbd = open(t)
    const data = randomBytes(64 * mebibyte)
    const { url } = await store(rbd, data)
    const before = await childPids()
    assert.equal(before.length, 1)
    const stream = await rbd.open(url, {})
    await assert.rejects(async () => {
      for await (const _ of stream) for (const pid of before.splice(0)) process.kill(pid, 'SIGKILL')
    }, isCode('store_unavailable'))
    assert.ok((await read(rbd, url)).equals(data))
    assert.equal((await childPids()).length, 1)
  })

  it('ends with the store', async (t) => {
    const rbd = open(t)
    await store(rbd, randomBytes(10))
    assert.equal((await childPids()).length, 1)
    await rbd.close()
    assert.deepEqual(await childPids(), [])
  })
})

describe('writes of a process that died', () => {
  for (const state of ['written', 'committed'] as const) {
    it(`are found and removed when the data was ${state}, and those of the living are not`, async (t) => {
      const rbd = open(t)
      const [key, living] = [randomUUID(), await rbd.create(randomUUID(), { sizeBytes: null })]
      await kill(key, state)
      const found = await findFirst(rbd)
      assert.equal(found.key, key)
      await found.removeBlob()
      await found.discard()
      assert.ok(!(await pool.images()).some((name) => name.includes(key)))
      await living.abort()
      assert.deepEqual(
        (await pool.metadata()).filter((name) => name.includes('glimpse')),
        [],
      )
    })
  }

  it('stay when the image has them, and are not found again', async (t) => {
    const rbd = open(t)
    const key = randomUUID()
    await kill(key, 'committed')
    await (await findFirst(rbd)).discard()
    const url = `rbd://${ceph.fsid}/${pool.name}/${key}/snap`
    assert.equal(await rbd.size(url), 100_000)
    for await (const _ of rbd.abandoned()) assert.fail('nothing is left to find')
    await rbd.delete(url)
  })

  /** Ends a process in the middle of an upload; its helper tells the cluster shortly after. */
  async function kill(key: string, state: 'written' | 'committed'): Promise<void> {
    const config = JSON.stringify(rbdConfig(ceph, pool))
    const child = spawn(process.execPath, [uploader, config, key, state], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const name = (await pool.images()).find((image) => image.includes(key)) ?? ''
    await until(async () => !/watcher=/.test(await pool.rbd('status', name)))
  }
})

async function findFirst(rbd: RbdStore): Promise<AbandonedWrite> {
  for await (const found of rbd.abandoned()) return found
  assert.fail('no abandoned write was found')
}

/** Helpers of this process; a cluster that it started may be its child as well. */
async function childPids(): Promise<number[]> {
  const text = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  const children = text.split(' ').filter(Boolean).map(Number)
  const commands = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return children.filter((_, i) => commands[i]?.includes('rbd/helper'))
}
