import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { guessDiskFormat } from './disk-format.ts'

function at(offset: number, mark: string | Buffer, size: number): Buffer {
  const data = Buffer.alloc(size)
  Buffer.from(mark).copy(data, offset)
  return data
}

test('the disk format of a file is told by the marks within it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-format-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const cases: Record<string, Buffer> = {
    qcow2: at(0, Buffer.from([0x51, 0x46, 0x49, 0xfb]), 600),
    iso: at(0x8001, 'CD001', 0x9000),
    vmdk: at(0, 'KDMV', 600),
    vdi: at(64, Buffer.from([0x7f, 0x10, 0xda, 0xbe]), 600),
    vhd: at(1024, 'conectix', 1536),
    vhdx: at(0, 'vhdxfile', 600),
    raw: at(0, 'plain', 600),
  }
  for (const [format, data] of Object.entries(cases)) {
    const path = join(folder, format)
    await writeFile(path, data)
    assert.equal(await guessDiskFormat(path), format)
  }
  await writeFile(join(folder, 'empty'), '')
  assert.equal(await guessDiskFormat(join(folder, 'empty')), 'raw')
})
