import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { decompressed } from '../../src/domain/import/decompress.ts'
import { programUnpacker } from '../../src/drivers/programs/unpack.ts'
import { hasCode } from '../../src/errors/error.ts'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'
import { zip } from '../support/zip.ts'
import { startApi } from './support/api-server.ts'

const mib = 2 ** 20
const data = Buffer.concat([randomBytes(300_000), Buffer.alloc(mib)])
const failed = (error: unknown) => hasCode(error, 'import_failed')
const pack = (program: string, args: string[], input = data) =>
  execFileSync(program, ['-c', ...args], { input, maxBuffer: 64 * mib })

async function unpack(bytes: Buffer, signal = new AbortController().signal): Promise<Buffer> {
  const body = Readable.from([bytes.subarray(0, 5), bytes.subarray(5)])
  const source = { body, sizeBytes: bytes.length }
  return buffer((await decompressed(source, { unpacker: programUnpacker, signal })).body)
}

test('undoes what xz, bzip2 and others have packed, in one piece and in several', async () => {
  const two = [data.subarray(0, 100_000), data.subarray(100_000)]
  for (const packed of [
    pack('xz', ['-6']),
    pack('xz', ['-9e', '--check=sha256']),
    Buffer.concat(two.map((part) => pack('xz', [], part))),
    pack('bzip2', ['-9']),
    Buffer.concat(two.map((part) => pack('bzip2', ['-1'], part))),
    zip([{ data }]),
  ]) {
    assert.ok((await unpack(packed)).equals(data))
  }
})

test('unpacks archives that others make', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-zip-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'disk'), data)
  const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w', int(sys.argv[3])) as archive, open(sys.argv[1], 'rb') as data:
    with archive.open('disk', 'w', force_zip64=sys.argv[4] == 'large') as file: file.write(data.read())`
  for (const method of ['0', '8']) {
    for (const size of ['small', 'large']) {
      const path = join(folder, `${method}-${size}.zip`)
      execFileSync('python3', ['-c', script, join(folder, 'disk'), path, method, size])
      assert.ok((await unpack(await readFile(path))).equals(data), path)
    }
  }
})

test('fails for broken, cut and lengthened data, and for data that needs too much memory', async () => {
  for (const packed of [pack('xz', []), pack('bzip2', [])]) {
    const broken = Buffer.from(packed)
    broken.fill(0xff, 5000, 6000)
    await assert.rejects(unpack(broken), failed)
    await assert.rejects(unpack(packed.subarray(0, -100)), failed)
    await assert.rejects(unpack(Buffer.concat([packed, randomBytes(4 * mib)])), failed)
  }
  const large = pack('xz', ['--lzma2=dict=1GiB,mode=fast,mf=hc3'], Buffer.alloc(1000))
  await assert.rejects(unpack(large), { message: /more memory/ })
})

test('stops when its job is to stop, and when nobody reads on', async () => {
  const stopping = new AbortController()
  const body = new Readable({ read() {} })
  body.push(pack('xz', []).subarray(0, 1000))
  const source = await decompressed({ body, sizeBytes: null }, { unpacker: programUnpacker, signal: stopping.signal })
  const read = buffer(source.body)
  stopping.abort(new Error('stop'))
  await assert.rejects(read, /stop/)
  assert.ok(body.destroyed)
  const packed = Readable.from([pack('xz', [])])
  for await (const _chunk of programUnpacker.unpack('xz', packed, { signal: new AbortController().signal })) break
  assert.ok(packed.destroyed)
})

/** Small, and 20 MiB or more when unpacked. */
function bombs(): Record<string, Buffer> {
  const zeros = Buffer.alloc(20 * mib)
  const gzip = gzipSync(zeros)
  const bzip2 = pack('bzip2', [], zeros)
  const xz = pack('xz', ['-0'], zeros)
  const zstd = zstdCompressSync(zeros)
  const thrice = (packed: Buffer) => Buffer.concat([packed, packed, packed])
  return { gzip: thrice(gzip), bzip2: thrice(bzip2), xz: thrice(xz), zstd: thrice(zstd), zip: zip([{ data: zeros }]) }
}

test('an import of a bomb ends at the limit, and leaves nothing', async (t) => {
  const files = bombs()
  const web = await startWebServer(Object.fromEntries(Object.entries(files).map(([name, file]) => [`/${name}`, file])))
  const api = await startApi({}, { webHosts: ['127.0.0.1'], runsJobs: true, capBytes: 16 * mib })
  t.after(async () => {
    await api[Symbol.asyncDispose]()
    await web[Symbol.asyncDispose]()
  })
  const member = 'project:member,reader'
  for (const name of Object.keys(files)) {
    const json = { disk_format: 'raw', container_format: 'bare' }
    const { id } = (await (await api.call(member, 'POST', '/v2/images', { json })).json()) as { id: string }
    const order = { method: { name: 'web-download', uri: `${web.url}/${name}` } }
    assert.equal((await api.call(member, 'POST', `/v2/images/${id}/import`, { json: order })).status, 202)
    const task = async () => {
      const response = await api.call(member, 'GET', `/v2/images/${id}/tasks`)
      return ((await response.json()) as { tasks: { status: string; message: string }[] }).tasks[0]
    }
    await until(async () => (await task())?.status === 'failure')
    assert.match((await task())?.message ?? '', /larger than 16777216 bytes/, name)
  }
})
