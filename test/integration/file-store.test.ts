import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { recoverUploads } from '../../src/domain/data/recover.ts'
import { StoreSet } from '../../src/domain/data/store-set.ts'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { type FileStore, openFileStore } from '../../src/drivers/stores/file/file-store.ts'
import type { FileStoreConfig } from '../../src/drivers/stores/file/options.ts'
import { hasCode } from '../../src/errors/error.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { fileStoreDefaults } from '../support/file-store.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const uploader = fileURLToPath(new URL('../support/upload-process.ts', import.meta.url))

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'glimpse-file-store-'))
})
after(() => rm(root, { recursive: true }))

async function open(changes: Partial<FileStoreConfig>): Promise<FileStore> {
  return openFileStore('file', { ...fileStoreDefaults, ...changes })
}

async function write(store: FileStore, data: Uint8Array, key = randomUUID()) {
  const writer = await store.create(key, { sizeBytes: data.length })
  await writer.write(data)
  const written = await writer.commit()
  await writer.settle()
  return { ...written, path: written.url.slice('file://'.length) }
}

describe('file store', () => {
  it('puts data where the reference puts it', async () => {
    const directory = join(root, 'made', 'at', 'start')
    const key = randomUUID()
    const { url, path } = await write(await open({ filesystem_store_datadir: directory }), Buffer.from('data'), key)
    assert.equal(url, `file://${directory}/${key}`)
    assert.equal(await readFile(path, 'utf8'), 'data')
    assert.deepEqual(await readdir(directory), [key])
  })

  it('keeps large files whole that go to the disk while they are written, and leaves nothing of one given up', async () => {
    const directory = join(root, 'large')
    const store = await open({ filesystem_store_datadir: directory })
    const piece = randomBytes(5 * 1024 * 1024)
    const begin = async () => {
      const writer = await store.create(randomUUID(), { sizeBytes: null })
      for (let i = 0; i < 30; i++) await writer.write(piece)
      return writer
    }
    const [first, second, third] = await Promise.all([begin(), begin(), begin()])
    await third.abort()
    for (const writer of [first, second]) {
      const { url, sizeBytes } = await writer.commit()
      await writer.settle()
      const data = await readFile(url.slice('file://'.length))
      assert.equal(data.length, sizeBytes)
      for (let at = 0; at < data.length; at += piece.length) {
        assert.ok(data.subarray(at, at + piece.length).equals(piece), `bytes from ${at}`)
      }
    }
    assert.equal((await readdir(directory)).length, 2)
  })

  it('gives files the configured permissions and lets those through who may read them', async () => {
    const directory = join(root, 'permissions')
    await mkdir(directory, { mode: 0o700 })
    const store = await open({ filesystem_store_datadir: directory, filesystem_store_file_perm: 644 })
    const { path } = await write(store, Buffer.from('data'))
    assert.equal((await stat(path)).mode & 0o777, 0o644)
    assert.equal((await stat(directory)).mode & 0o777, 0o711)
    await assert.rejects(open({ filesystem_store_datadir: directory, filesystem_store_file_perm: 44 }), (error) =>
      hasCode(error, 'store_misconfigured'),
    )
  })

  it('leaves holes where the data is zero', async () => {
    const store = await open({ filesystem_store_datadir: join(root, 'thin'), filesystem_thin_provisioning: true })
    const data = Buffer.alloc(4 * 1024 * 1024)
    data.write('in the middle', 2 * 1024 * 1024)
    const { path } = await write(store, data)
    const { size, blocks } = await stat(path)
    assert.equal(size, data.length)
    assert.ok(blocks * 512 < data.length / 2, `${blocks} blocks`)
    assert.deepEqual(await readFile(path), data)
  })

  it('fills the directory of the highest priority, and takes metadata from the mount point', async () => {
    const [low, high] = [join(root, 'low'), join(root, 'high')]
    const metadata = join(root, 'metadata.json')
    await writeFile(
      metadata,
      JSON.stringify([
        { id: 'l', mountpoint: low },
        { id: 'h', mountpoint: high },
      ]),
    )
    const store = await open({
      filesystem_store_datadirs: [`${low}:10`, `${high}:200`],
      filesystem_store_metadata_file: metadata,
    })
    const written = await write(store, Buffer.from('data'))
    assert.ok(written.path.startsWith(high))
    assert.deepEqual(written.metadata, { id: 'h', mountpoint: high })
    const free = await statfs(high)
    await assert.rejects(store.create(randomUUID(), { sizeBytes: free.bavail * free.bsize * 2 }), (error) =>
      hasCode(error, 'storage_full'),
    )
  })

  it('refuses options that contradict each other', async () => {
    await writeFile(join(root, 'file'), '')
    const faults: Partial<FileStoreConfig>[] = [
      { filesystem_store_datadir: join(root, 'a'), filesystem_store_datadirs: [join(root, 'b')] },
      { filesystem_store_datadirs: [`${join(root, 'a')}:1`, `${join(root, 'a')}:2`] },
      { filesystem_store_datadirs: [`${join(root, 'a')}:high`] },
      { filesystem_store_datadir: join(root, 'file', 'below') },
      { filesystem_store_datadir: join(root, 'a'), filesystem_store_metadata_file: join(root, 'missing.json') },
    ]
    for (const fault of faults) await assert.rejects(open(fault), (error) => hasCode(error, 'store_misconfigured'))
  })

  it('says that the store is full when the disk is, and leaves nothing', async (t) => {
    if (process.getuid?.() !== 0) return t.diagnostic('mounting needs root: the small disk was not tried')
    const directory = join(root, 'small')
    await mkdir(directory)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory])
    try {
      const store = await open({ filesystem_store_datadir: directory })
      const writer = await store.create(randomUUID(), { sizeBytes: null })
      await assert.rejects(writer.write(Buffer.alloc(2_000_000, 1)), (error) => hasCode(error, 'storage_full'))
      await writer.abort()
      assert.deepEqual(await readdir(directory), [])
    } finally {
      execFileSync('umount', [directory])
    }
  })

  it('says that writing is denied when the directory was taken away', async (t) => {
    const directory = join(root, 'denied')
    const store = await open({ filesystem_store_datadir: directory })
    if (process.getuid?.() === 0) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', directory])
      t.after(() => execFileSync('umount', [directory]))
    } else await chmod(directory, 0o500)
    await assert.rejects(store.create(randomUUID(), { sizeBytes: 1 }), (error) =>
      hasCode(error, 'storage_write_denied'),
    )
  })
})

describe('recovery after a killed upload', () => {
  let repositories: Repositories
  let directory: string
  let store: FileStore
  before(async () => {
    directory = join(root, 'recovery')
    const connection = `sqlite:///${join(root, 'recovery.sqlite')}`
    repositories = await openRepositories({ connection, createSchema: true })
    store = await open({ filesystem_store_datadir: directory })
  })
  after(() => repositories.close())

  const recover = () => {
    const entry = { store, type: 'file', properties: {}, description: null, weight: 0, reserved: false }
    const stores = new StoreSet([entry], { defaultId: 'file', multiple: false })
    return recoverUploads(repositories.images, { stores, log: silent })
  }

  async function startUpload(state: 'written' | 'committed'): Promise<{ id: string; child: ChildProcess }> {
    const id = randomUUID()
    await repositories.images.create({ id, status: 'saving', visibility: 'shared' })
    const child = spawn(process.execPath, [uploader, directory, id, state], { stdio: ['ignore', 'pipe', 'inherit'] })
    assert.ok(child.stdout)
    await once(child.stdout, 'data')
    return { id, child }
  }

  async function kill(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  for (const state of ['written', 'committed'] as const) {
    it(`puts the image back to queued and removes its data when it was killed with the data ${state}`, async () => {
      const { id, child } = await startUpload(state)
      assert.equal(await recover(), 0)
      assert.equal((await repositories.images.get(id))?.status, 'saving')
      await kill(child)
      assert.equal(await recover(), 1)
      assert.equal((await repositories.images.get(id))?.status, 'queued')
      assert.deepEqual(await readdir(directory), [])
    })
  }

  it('keeps the data of an image whose record was complete', async () => {
    const { id, child } = await startUpload('committed')
    const location = { url: `file://${directory}/${id}`, metadata: {}, status: 'active' }
    await repositories.images.update(id, { fields: { status: 'active' }, addLocations: [location] })
    await kill(child)
    assert.equal(await recover(), 1)
    assert.deepEqual(await readdir(directory), [id])
    assert.equal((await repositories.images.get(id))?.status, 'active')
    await store.delete(location.url)
  })

  it('removes the data of an image that was deleted meanwhile', async () => {
    const { id, child } = await startUpload('committed')
    await repositories.images.delete(id)
    await kill(child)
    assert.equal(await recover(), 1)
    assert.deepEqual(await readdir(directory), [])
  })

  it('lets only one of several finders clean up', async () => {
    const { child } = await startUpload('written')
    await kill(child)
    const counts = await Promise.all([recover(), recover(), recover()])
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      1,
    )
  })
})
