import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as make from '../../../test/support/disk-images.ts'
import { hostileImages } from '../../../test/support/hostile-images.ts'
import { judge } from '../../../test/support/inspect.ts'
import { GlimpseError } from '../../errors/error.ts'

const refusal = (reason: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GlimpseError)
  assert.deepEqual([error.code, error.status], ['image_data_refused', 415])
  assert.match(error.message, reason)
  return true
}
const text = Buffer.from('no image at all')

describe('imports', () => {
  const images = hostileImages()

  it('are tried with at least 60 hostile images, each of another kind', () => {
    assert.ok(new Set(images.map(({ name }) => name)).size >= 60)
  })

  for (const { name, diskFormat, containerFormat = 'bare', data, reason } of images) {
    it(`refuse ${name}`, () => assert.throws(() => judge(data, diskFormat, { containerFormat }), refusal(reason)))
  }
})

describe('data that names other files', () => {
  const names = /backing file|another file|other files|names a|difference to|descriptor alone/
  for (const { name, diskFormat, data, reason } of hostileImages()) {
    if (!names.test(reason.source)) continue
    it(`is refused on upload and where a location holds it: ${name}`, () => {
      for (const origin of ['upload', 'location'] as const) {
        assert.throws(() => judge(data, diskFormat, { origin }), refusal(reason))
      }
    })
  }
})

describe('the format of data', () => {
  const harmless = {
    qcow2: make.qcow2(),
    vmdk: make.vmdk(),
    vhd: make.vhd(),
    vhdx: make.vhdx(),
    vdi: make.vdi(),
    iso: make.iso(),
    ploop: make.ploop(),
  }

  for (const [format, data] of Object.entries(harmless)) {
    it(`tells the size of a disk: ${format}`, () => {
      for (const origin of ['upload', 'import'] as const) {
        assert.equal(judge(data, format, { origin }), make.diskBytes)
        assert.throws(() => judge(data, format === 'iso' ? 'qcow2' : 'iso', { origin }), refusal(/disk_format is/))
      }
    })

    it(`may be anything in an image that is called raw: ${format}`, () => {
      assert.equal(judge(data, 'raw', { origin: 'upload' }), data.length)
    })
  }

  it('is that of data without any, if it is called raw or what cannot be recognised', () => {
    for (const origin of ['upload', 'import'] as const) {
      assert.equal(judge(text, 'raw', { origin }), text.length)
      for (const format of ['ami', 'ari', 'aki', 'ploop', 'custom']) assert.equal(judge(text, format, { origin }), null)
      for (const format of ['qcow2', 'iso']) assert.throws(() => judge(text, format, { origin }), refusal(/is raw/))
    }
    assert.equal(judge(Buffer.alloc(0), 'raw'), null)
  })

  it('does not matter where require_image_format_match is off, but for what names other files', () => {
    const config = { require_image_format_match: false }
    assert.equal(judge(text, 'qcow2', { config }), null)
    assert.equal(judge(make.vdi(), 'qcow2', { config }), null)
    const backed = make.changed(make.qcow2(), (data) => data.writeBigUInt64BE(1024n, 8))
    assert.throws(() => judge(backed, 'vdi', { config }), refusal(/backing file/))
  })

  it('does not matter within containers', () => {
    assert.equal(judge(text, 'vmdk', { containerFormat: 'ova', origin: 'upload' }), null)
    assert.equal(judge(text, 'vmdk', { containerFormat: 'ova' }), null)
    assert.equal(judge(make.mbr(), 'aki', { containerFormat: 'aki' }), null)
  })

  it('is iso for discs that boot as disks', () => {
    for (const boot of [make.mbr(), make.gpt()]) {
      const disc = make.changed(make.iso(), (data) => void boot.copy(data, 0, 0, 32 * 1024))
      assert.equal(judge(disc, 'iso'), make.diskBytes)
      assert.throws(() => judge(disc, 'qcow2'), refusal(/data is iso/))
    }
  })

  it('is vhd for a disk with a footer if it is called so, and raw if not', () => {
    for (const disk of [Buffer.alloc(65_536), make.mbr(), make.gpt()]) {
      assert.equal(judge(make.fixedVhd(disk), 'vhd'), disk.length)
      assert.equal(judge(make.fixedVhd(disk), 'raw'), disk.length + 512)
    }
  })

  it('is not that of a partitioned disk for file systems of the FAT kind', () => {
    const floppy = make.changed(Buffer.alloc(65_536), (data) => {
      data[16] = 2
      data[21] = 0xf8
      data.writeUInt16LE(0xaa55, 510)
    })
    assert.equal(judge(floppy, 'raw'), floppy.length)
    assert.equal(judge(make.gpt({ sectorBytes: 4096 }), 'raw'), 65_536)
  })
})

describe('checks of partition tables', () => {
  const broken = make.changed(make.mbr(), (data) => void data.fill(0, 446, 510))

  it('refuse uploads as well', () => {
    assert.throws(() => judge(broken, 'raw', { origin: 'upload' }), refusal(/mbr, and its MBR has no partitions/))
  })

  it('are left out if gpt_safety_checks_nonfatal names them', () => {
    assert.equal(judge(broken, 'raw', { config: { gpt_safety_checks_nonfatal: ['mbr'] } }), broken.length)
    assert.throws(() => judge(broken, 'raw', { config: { gpt_safety_checks_nonfatal: ['gpt'] } }), refusal(/MBR/))
  })
})

describe('vmdk_allowed_types', () => {
  it('lets only these kinds of VMDK disks pass, in any case of letters', () => {
    const config = (...types: string[]) => ({ config: { vmdk_allowed_types: types } })
    assert.equal(judge(make.vmdk(), 'vmdk', config('MONOLITHICSPARSE')), make.diskBytes)
    assert.throws(() => judge(make.vmdk(), 'vmdk', config('streamOptimized')), refusal(/createType/))
    assert.throws(() => judge(make.vmdk(), 'vmdk', config()), refusal(/createType/))
  })

  it('does not let disks in several files pass', () => {
    const flat = Buffer.from(make.vmdkText({ type: 'monolithicFlat', extents: 'RW 2048 FLAT "disk-flat.vmdk" 0' }))
    const config = { vmdk_allowed_types: ['monolithicFlat'] }
    assert.throws(() => judge(flat, 'vmdk', { config }), refusal(/other files/))
  })
})

describe('doubtful data', () => {
  it('is accepted on upload, as Glance does, and not on import', () => {
    const images = hostileImages().filter(({ name }) =>
      /than its (tables?|blocks) cover|wrong checksum|protects/.test(name),
    )
    assert.ok(images.length >= 4)
    for (const { diskFormat, data, name } of images) {
      if (/of nothing/.test(name)) continue
      assert.doesNotThrow(() => judge(data, diskFormat, { origin: 'upload' }), name)
    }
  })
})
