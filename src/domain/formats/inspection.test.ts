import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import * as make from '../../../test/support/disk-images.ts'
import { hostileImages } from '../../../test/support/hostile-images.ts'
import { inspect } from '../../../test/support/inspect.ts'
import { Inspection } from './inspection.ts'

const names = (data: Buffer) => inspect(data).found.map(({ format, subformat = '' }) => `${format} ${subformat}`.trim())

it('recognises every format', () => {
  assert.deepEqual(names(make.qcow2({ version: 2 })), ['qcow2'])
  assert.deepEqual(names(make.qed()), ['qed'])
  assert.deepEqual(names(make.vmdk()), ['vmdk monolithicSparse'])
  assert.deepEqual(names(Buffer.from(make.vmdkText({ type: 'vmfs' }))), ['vmdk vmfs'])
  assert.deepEqual(names(make.vhd()), ['vhd dynamic'])
  assert.deepEqual(names(make.fixedVhd()), ['vhd fixed'])
  assert.deepEqual(names(make.vhdx()), ['vhdx'])
  assert.deepEqual(names(make.vdi()), ['vdi dynamic'])
  assert.deepEqual(names(make.iso()), ['iso'])
  assert.deepEqual(names(make.gpt()), ['gpt gpt'])
  assert.deepEqual(names(make.mbr()), ['gpt mbr'])
  assert.deepEqual(names(make.luks()), ['luks luks1'])
  assert.deepEqual(names(make.luks({ version: 2 })), ['luks luks2'])
  assert.deepEqual(names(make.ploop()), ['ploop'])
  assert.deepEqual(names(make.ova()), ['ova'])
  const udf = Buffer.alloc(65_536)
  udf.write('\0BEA01', 32_768)
  udf.write('\0NSR03', 32_768 + 2048)
  assert.deepEqual(names(udf), ['iso udf'])
  const marked = (mark: string, at: number) =>
    make.changed(Buffer.alloc(4096), (data) => void data.write(mark, at, 'latin1'))
  assert.deepEqual(names(marked('HdrS', 0x202)), ['aki'])
  assert.deepEqual(names(marked('070701', 0)), ['ari'])
  assert.deepEqual(names(marked('\x53\xef', 1080)), ['ami'])
  assert.deepEqual(names(Buffer.alloc(65_536)), [])
})

const samples = [
  ...hostileImages().map(({ data }) => data),
  ...[make.qcow2(), make.vmdk({ footer: true }), make.vhd(), make.fixedVhd(make.gpt()), make.vhdx(), make.vdi()],
]
/** Where headers and tables lie. */
const places = [0, 0, 0, 512, 32_768, 192 * 1024, 2 ** 20, 2 ** 20 + 65_536]
const change = fc.record({
  place: fc.constantFrom(...places),
  offset: fc.nat(600),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
})

it('finds the same however the data is cut, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(change, { maxLength: 4 }),
      fc.nat(2 ** 21),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
      (sample, changes, cutAt, sizes) => {
        const data = Buffer.from(sample.subarray(0, cutAt))
        for (const { place, offset, bytes } of changes)
          data.set(bytes.subarray(0, Math.max(0, data.length - place - offset)), Math.min(place + offset, data.length))
        const inspection = new Inspection()
        for (let at = 0, turn = 0; at < data.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          // The chunk's memory is used again afterwards.
          const chunk = Buffer.from(data.subarray(at, at + size))
          inspection.eat(chunk)
          chunk.fill(0xaa)
          at += size
        }
        assert.deepEqual(inspection.finish(), inspect(data))
      },
    ),
    { numRuns: 200 },
  )
})

it('finds the same in single bytes', () => {
  for (const data of [
    make.vmdk({ footer: true }),
    make.fixedVhd(make.gpt()),
    make.qcow2().subarray(0, 600),
    make.iso(),
  ]) {
    assert.deepEqual(inspect(data, 1), inspect(data))
  }
})

it('keeps little, whatever lengths the data claims', () => {
  const chunk = Buffer.alloc(2 ** 20)
  const heads = [
    make.changed(make.vmdk(), (data) => data.writeBigUInt64LE(2n ** 54n, 36)),
    make.changed(make.gpt(), (data) => data.writeUInt32LE(0xffff, 512 + 80)),
    make.vhdx(),
    Buffer.alloc(65_536, '#\n'),
  ]
  for (const head of heads) {
    const inspection = new Inspection()
    inspection.eat(head)
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 100; count++) inspection.eat(chunk)
    assert.ok(process.memoryUsage().arrayBuffers - before < 12 * 2 ** 20)
    assert.equal(inspection.finish().sizeBytes, head.length + 100 * 2 ** 20)
  }
})

it('reads long texts in no time', () => {
  for (const line of ['\n', ' ', '#', '# createType', 'rw ', 'a=', 'createtype', '"', '\r\n ', 'ddb\n', '0\n']) {
    const began = performance.now()
    inspect(Buffer.alloc(2 ** 21, line))
    assert.ok(performance.now() - began < 5_000, JSON.stringify(line))
  }
})
