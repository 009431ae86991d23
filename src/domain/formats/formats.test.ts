import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspectorFor } from './index.ts'

const gib = 2 ** 30

/** Feeds the data in pieces of one size and asks for the disk size. */
function sizeOf(format: string, data: Buffer, pieceBytes = data.length): number | null {
  const inspector = inspectorFor(format)
  assert.ok(inspector)
  for (let at = 0; at < data.length; at += pieceBytes) inspector.eat(data.subarray(at, at + pieceBytes))
  return inspector.virtualSizeBytes()
}

function qcow2(): Buffer {
  const data = Buffer.alloc(1000)
  data.write('QFI\xfb', 'latin1')
  data.writeUInt32BE(3, 4)
  data.writeBigUInt64BE(BigInt(3 * gib), 24)
  return data
}

function vhd(): Buffer {
  const data = Buffer.alloc(1000)
  data.write('conectix')
  data.writeBigUInt64BE(BigInt(4 * gib), 40)
  return data
}

function vdi(): Buffer {
  const data = Buffer.alloc(1000)
  data.writeUInt32LE(0xbeda107f, 64)
  data.writeBigUInt64LE(BigInt(5 * gib), 368)
  return data
}

function vmdk(type = 'monolithicSparse', directory = 21n): Buffer {
  const data = Buffer.alloc(64 * 1024)
  data.write('KDMV')
  data.writeUInt32LE(1, 4)
  data.writeBigUInt64LE(BigInt((6 * gib) / 512), 12)
  data.writeBigUInt64LE(1n, 28)
  data.writeBigUInt64LE(20n, 36)
  data.writeBigUInt64LE(directory, 56)
  data.write(`# Disk DescriptorFile\nversion=1\ncreateType="${type}"\n`, 512)
  return data
}

function vhdx(): Buffer {
  const data = Buffer.alloc(2 ** 21 + 128 * 1024)
  data.write('vhdxfile')
  const table = 192 * 1024
  data.write('regi', table)
  data.writeUInt32LE(1, table + 8)
  Buffer.from('06a27c8b90474b9ab8fe575f050f886e', 'hex').copy(data, table + 16)
  const metadata = 2 ** 20
  data.writeBigUInt64LE(BigInt(metadata), table + 32)
  data.write('metadata', metadata)
  data.writeUInt16LE(1, metadata + 10)
  Buffer.from('2442a52f1bcd7648b2115dbed83bf4b8', 'hex').copy(data, metadata + 32)
  data.writeUInt32LE(65_536, metadata + 48)
  data.writeBigUInt64LE(BigInt(7 * gib), metadata + 65_536)
  return data
}

describe('inspectors of image formats', () => {
  const samples: readonly [string, Buffer, number][] = [
    ['qcow2', qcow2(), 3 * gib],
    ['vhd', vhd(), 4 * gib],
    ['vdi', vdi(), 5 * gib],
    ['vmdk', vmdk(), 6 * gib],
    ['vhdx', vhdx(), 7 * gib],
    ['raw', Buffer.alloc(1234), 1234],
  ]
  for (const [format, data, expected] of samples) {
    it(`find the size of a ${format} disk, however the data is cut`, () => {
      for (const pieceBytes of [data.length, 65_536, 511, 512, 513]) {
        assert.equal(sizeOf(format, data, pieceBytes), expected)
      }
    })
  }

  it('tell nothing of data that is of another format or too short', () => {
    for (const [format, data] of samples) {
      if (format === 'raw') continue
      assert.equal(sizeOf(format, Buffer.alloc(300_000, 1)), null)
      assert.equal(sizeOf(format, data.subarray(0, 400)), null)
      assert.equal(sizeOf(format, Buffer.alloc(0)), null)
    }
    assert.equal(sizeOf('raw', Buffer.alloc(0)), null)
  })

  it('tell nothing of VMDK disks whose data lies elsewhere or whose header is overridden', () => {
    assert.equal(sizeOf('vmdk', vmdk('monolithicFlat')), null)
    assert.equal(sizeOf('vmdk', vmdk('monolithicSparse', 2n ** 64n - 1n)), null)
  })

  it('are absent for formats without a size of their own', () => {
    for (const format of ['iso', 'ami', null]) assert.equal(inspectorFor(format), null)
  })
})
