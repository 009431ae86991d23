import * as make from './disk-images.ts'
import { changed, vhdxPlaces, vmdkText } from './disk-images.ts'

/** An image that nobody should open. */
export interface HostileImage {
  readonly name: string
  /** What its owner says it is. */
  readonly diskFormat: string
  readonly containerFormat?: string
  readonly data: Buffer
  /** What the refusal has to say. */
  readonly reason: RegExp
}

/** What the images try to reach. */
export const hostFile = '/srv/secret-of-the-host'
const secondVhdxItem = 2

/** Images that try to reach files of the host, to be taken for something else, or to break who reads them. */
export function hostileImages(): HostileImage[] {
  return [
    ...qcow2Images(),
    ...vmdkImages(),
    ...hyperVImages(),
    ...otherDisks(),
    ...partitions(),
    ...polyglots(),
    ...cut(),
  ]
}

function qcow2Images(): HostileImage[] {
  const image = (name: string, reason: RegExp, change: (data: Buffer) => void, data = make.qcow2()): HostileImage => {
    return { name: `qcow2 ${name}`, diskFormat: 'qcow2', data: changed(data, change), reason }
  }
  const back = (data: Buffer, file: string) => {
    data.writeBigUInt64BE(1024n, 8)
    data.writeUInt32BE(file.length, 16)
    data.write(file, 1024)
  }
  const backing = image('with a backing file', /backing file/, (data) => back(data, hostFile))
  return [
    backing,
    image(
      'of version 2 with a backing file',
      /backing file/,
      (data) => back(data, hostFile),
      make.qcow2({ version: 2 }),
    ),
    image('with a backing file of a protocol', /backing file/, (data) => back(data, 'nbd://127.0.0.1/disk')),
    image('with a backing file in JSON', /backing file/, (data) => back(data, `json:{"file.filename":"${hostFile}"}`)),
    image('with a backing file without a name', /backing file/, (data) => data.writeBigUInt64BE(1024n, 8)),
    { ...backing, name: 'qcow2 with a backing file as raw', diskFormat: 'raw' },
    { ...backing, name: 'qcow2 with a backing file in a container', containerFormat: 'ovf' },
    image('with a data file', /another file/, (data) => data.writeBigUInt64BE(4n, 72)),
    image('with a data file and raw data', /another file/, (data) => {
      data.writeBigUInt64BE(4n, 72)
      data.writeBigUInt64BE(2n, 88)
    }),
    image('that names a data file', /names a data file/, (data) => {
      data.writeUInt32BE(0x44415441, 104)
      data.writeUInt32BE(hostFile.length, 108)
      data.write(hostFile, 112)
    }),
    image('that names a data file behind another name', /names a data file/, (data) => {
      data.writeUInt32BE(0xe2792aca, 104)
      data.writeUInt32BE(3, 108)
      data.writeUInt32BE(0x44415441, 120)
      data.writeUInt32BE(hostFile.length, 124)
      data.write(hostFile, 128)
    }),
    image('with a feature of the future', /features/, (data) => data.writeBigUInt64BE(1n << 5n, 72)),
    image('with the highest feature', /features/, (data) => data.writeBigUInt64BE(1n << 63n, 72)),
    image('of version 1', /version 1/, (data) => data.writeUInt32BE(1, 4)),
    image('of version 4', /version 4/, (data) => data.writeUInt32BE(4, 4)),
    image('that claims more than its tables cover', /tables cover/, (data) => data.writeBigUInt64BE(2n ** 62n, 24)),
    image('that claims 2^64 bytes', /tables cover/, (data) => data.writeBigUInt64BE(2n ** 64n - 1n, 24)),
    image('with clusters of one byte', /2\^0 bytes/, (data) => data.writeUInt32BE(0, 20)),
    image('with clusters of 2^63 bytes', /2\^63 bytes/, (data) => data.writeUInt32BE(63, 20)),
    image('with tables beyond its end', /beyond its end/, (data) => data.writeBigUInt64BE(2n ** 60n, 40)),
    image('with tables larger than itself', /beyond its end/, (data) => data.writeUInt32BE(0xffffffff, 36)),
    image('with a header of 4 GiB', /header claims/, (data) => data.writeUInt32BE(0xfffffffc, 100)),
    image('with a header that ends too early', /header claims/, (data) => data.writeUInt32BE(72, 100)),
    image('with an unknown encryption', /encryption/, (data) => data.writeUInt32BE(3, 32)),
  ]
}

function vmdkImages(): HostileImage[] {
  const image = (name: string, reason: RegExp, data: Buffer | string): HostileImage => {
    return { name: `vmdk ${name}`, diskFormat: 'vmdk', data: Buffer.from(data as string, 'latin1'), reason }
  }
  const flat = vmdkText({ type: 'monolithicFlat', extents: `RW 2048 FLAT "${hostFile}" 0` })
  const sparse = (name: string, reason: RegExp, text: string) => image(name, reason, make.vmdk({ text }))
  const header = (name: string, reason: RegExp, change: (data: Buffer) => void) =>
    image(name, reason, changed(make.vmdk(), change))
  const footer = (name: string, reason: RegExp, change: (data: Buffer) => void) =>
    image(name, reason, changed(make.vmdk({ footer: true, text: vmdkText({ type: 'streamOptimized' }) }), change))
  const end = 64 * 1024 - 1536
  return [
    image('of text that names a file of the host', /other files/, flat),
    { ...image('of text as raw', /other files/, flat), diskFormat: 'raw' },
    { ...image('of text in a container', /other files/, flat), containerFormat: 'ova' },
    image('of text that names a file beside it', /other files/, flat.replace(hostFile, 'disk-flat.vmdk')),
    image('of text that names a device', /other files/, flat.replace(hostFile, '/dev/sda')),
    image(
      'of text in several files',
      /other files/,
      vmdkText({ type: 'twoGbMaxExtentSparse', extents: 'RW 2048 SPARSE "a-s001.vmdk"' }),
    ),
    image('of text with bytes that are no text', /other files/, flat.replace('# Disk', '#\xff\xfe Disk')),
    image('of text after many comments', /other files/, `${'#\n'.repeat(20_000)}${flat}`),
    image('of text before many comments', /too long/, `${flat}${'#\n'.repeat(40_000)}`),
    image('of text in capitals', /other files/, flat.toUpperCase()),
    image('of text without a version', /other files/, flat.replace('version=1\n', '')),
    sparse('that names a file of the host', /other files/, vmdkText({ extents: `RW 2048 SPARSE "${hostFile}"` })),
    sparse('that names a file of Windows', /other files/, vmdkText({ extents: 'RW 2048 SPARSE "C:\\secret"' })),
    sparse('with a flat part', /other files/, vmdkText({ extents: 'RW 2048 FLAT "other" 0' })),
    sparse('of a type that is not allowed', /createType/, vmdkText({ type: 'monolithicFlat' })),
    sparse('with two types', /several types/, vmdkText({ more: 'createType="monolithicFlat"' })),
    sparse('with a type in a comment', /several types/, vmdkText({ more: '#createType="monolithicFlat"' })),
    sparse('without a type', /createType/, vmdkText().replace(/createType.*\n/, '')),
    sparse('with a parent', /difference/, vmdkText({ more: `parentFileNameHint="${hostFile}"` })),
    sparse('with a parent in a comment', /difference/, vmdkText({ more: `#parentFileNameHint="${hostFile}"` })),
    sparse('with the id of a parent', /difference/, vmdkText().replace('ffffffff', '12345678')),
    sparse('with a line that nobody knows', /not understood/, vmdkText({ more: 'open the gates' })),
    sparse('without data', /names no data/, vmdkText({ extents: '' })),
    sparse('with data of another size', /descriptor 4096/, vmdkText({ extents: 'RW 4096 SPARSE "disk.vmdk"' })),
    header('of size 0, which means its text', /descriptor alone/, (data) => data.writeBigUInt64LE(0n, 12)),
    header('without text', /names no data/, (data) => data.writeBigUInt64LE(0n, 36)),
    header('with its text elsewhere', /names no data/, (data) => data.writeBigUInt64LE(2n, 28)),
    header('with a text of 2^64 sectors', /no descriptor/, (data) => data.writeBigUInt64LE(2n ** 64n - 1n, 36)),
    header('of version 9', /version 9/, (data) => data.writeUInt32LE(9, 4)),
    image(
      'of the kind of ESX',
      /createType/,
      changed(Buffer.alloc(4096), (data) => void data.write('COWD')),
    ),
    footer('with a footer of another text', /contradicts/, (data) => data.writeBigUInt64LE(9n, end + 512 + 28)),
    footer('with a footer of another size', /another size/, (data) => data.writeBigUInt64LE(9n, end + 512 + 12)),
    footer('with a footer that points to a footer', /points to a footer/, (data) =>
      data.writeBigUInt64LE(2n ** 64n - 1n, end + 568),
    ),
    footer('without the mark of a footer', /does not end/, (data) => data.writeUInt32LE(0, end + 12)),
    footer('with data behind its footer', /does not end/, (data) => data.fill(1, data.length - 512)),
  ]
}

function hyperVImages(): HostileImage[] {
  const vhd = (name: string, reason: RegExp, data: Buffer): HostileImage => ({
    name: `vhd ${name}`,
    diskFormat: 'vhd',
    data,
    reason,
  })
  const vhdx = (name: string, reason: RegExp, change: (data: Buffer) => void): HostileImage => {
    return { name: `vhdx ${name}`, diskFormat: 'vhdx', data: changed(make.vhdx(), change), reason }
  }
  const { regions, metadata, items } = vhdxPlaces
  return [
    vhd('with a parent', /difference/, make.vhd({ type: 4 })),
    vhd('of an unknown type', /type is not known/, make.vhd({ type: 9 })),
    vhd(
      'with a wrong checksum',
      /checksum/,
      changed(make.vhd(), (data) => data.writeUInt32BE(1, 64)),
    ),
    vhd(
      'that claims more than its table covers',
      /table covers/,
      changed(make.vhd(), (data) => data.writeUInt32BE(512, 544)),
    ),
    vhd(
      'with two sizes',
      /different sizes/,
      changed(make.vhd(), (data) => {
        data.writeBigUInt64BE(512n, data.length - 512 + 48)
      }),
    ),
    vhd('without its footer', /before its footer/, make.vhd().subarray(0, 2048)),
    vhd(
      'with its header nowhere',
      /no header/,
      changed(make.vhd(), (data) => {
        data.writeBigUInt64BE(2n ** 63n, 16)
        make.signVhdFooter(data)
      }),
    ),
    vhd('of a fixed size that it does not have', /does not hold/, make.fixedVhd().subarray(512)),
    vhdx('with a parent', /difference/, (data) => data.writeUInt32LE(2, items + 4)),
    vhdx('that names a parent', /parent/, (data) => {
      data.writeUInt16LE(secondVhdxItem + 1, metadata + 10)
      make.vhdxItem(data, { index: secondVhdxItem, guid: '2d5fd3a80bb34d45abf7d3d84834ab0c', at: 65_600 })
    }),
    vhdx('with metadata of the future', /metadata/, (data) => {
      data.writeUInt16LE(secondVhdxItem + 1, metadata + 10)
      make.vhdxItem(data, { index: secondVhdxItem, guid: 'ff'.repeat(16), at: 65_600 })
    }),
    vhdx('with regions of the future', /regions/, (data) => data.fill(0xff, regions + 48, regions + 64)),
    vhdx('with 2^32 regions', /breaks off/, (data) => data.writeUInt32LE(0xffffffff, regions + 8)),
    vhdx('with metadata before its tables', /breaks off/, (data) => data.writeBigUInt64LE(64n, regions + 32)),
    vhdx('with metadata at 2^63', /breaks off/, (data) => data.writeBigUInt64LE(2n ** 63n, regions + 32)),
    vhdx('that claims 2^64 bytes', /claims/, (data) => data.writeBigUInt64LE(2n ** 64n - 512n, items + 8)),
    vhdx('without a size', /breaks off/, (data) => data.writeUInt16LE(1, metadata + 10)),
  ]
}

function otherDisks(): HostileImage[] {
  const vdi = (name: string, reason: RegExp, data: Buffer): HostileImage => ({
    name: `vdi ${name}`,
    diskFormat: 'vdi',
    data,
    reason,
  })
  return [
    vdi('with a parent', /difference/, make.vdi({ type: 4 })),
    vdi('that is an undo log', /difference/, make.vdi({ type: 3 })),
    vdi(
      'with the id of a parent',
      /difference/,
      changed(make.vdi(), (data) => void data.fill(7, 440, 456)),
    ),
    vdi(
      'that claims more than its blocks cover',
      /blocks cover/,
      changed(make.vdi(), (data) => data.writeBigUInt64LE(2n ** 60n, 368)),
    ),
    vdi(
      'with more data than blocks',
      /more data/,
      changed(make.vdi(), (data) => data.writeUInt32LE(9, 388)),
    ),
    vdi(
      'with sectors of 0 bytes',
      /sectors have 0/,
      changed(make.vdi(), (data) => data.writeUInt32LE(0, 360)),
    ),
    { name: 'qed', diskFormat: 'qed', data: make.qed(), reason: /not allowed/ },
    { name: 'qed as raw', diskFormat: 'raw', data: make.qed(), reason: /not allowed/ },
    { name: 'luks of version 2', diskFormat: 'raw', data: make.luks({ version: 2 }), reason: /version is 2/ },
    {
      name: 'luks without its data',
      diskFormat: 'raw',
      data: make.luks().subarray(0, 1024),
      reason: /before its data/,
    },
    {
      name: 'ploop that claims more than its table covers',
      diskFormat: 'ploop',
      data: changed(make.ploop(), (data) => data.writeBigUInt64LE(2n ** 50n, 36)),
      reason: /table covers/,
    },
  ]
}

function partitions(): HostileImage[] {
  const image = (name: string, reason: RegExp, data: Buffer): HostileImage => ({
    name,
    diskFormat: 'raw',
    data,
    reason,
  })
  return [
    image(
      'an MBR with an invalid flag',
      /boot flag/,
      changed(make.mbr(), (data) => void data.fill(0x55, 462, 463)),
    ),
    image(
      'an MBR without partitions',
      /no partitions/,
      changed(make.mbr(), (data) => void data.fill(0, 446, 510)),
    ),
    image(
      'a GPT with partitions of an MBR',
      /other partitions/,
      changed(make.gpt(), (data) => data.writeUInt8(0x83, 466)),
    ),
    image(
      'a GPT protected from elsewhere',
      /wrong place/,
      changed(make.gpt(), (data) => data.writeUInt32LE(7, 454)),
    ),
    image(
      'a GPT protected from another track',
      /wrong place/,
      changed(make.gpt(), (data) => data.writeUInt8(9, 447)),
    ),
    image(
      'a GPT protected by the second entry',
      /other partitions/,
      changed(make.gpt(), (data) => {
        data.copyWithin(462, 446, 462)
        data.fill(0, 446, 462)
      }),
    ),
    image(
      'a protective MBR of nothing',
      /protects no GPT/,
      changed(make.gpt(), (data) => void data.fill(0, 512, 520)),
    ),
    image(
      'a GPT with a wrong checksum',
      /checksum of its GPT/,
      changed(make.gpt(), (data) => data.writeUInt8(1, 512 + 48)),
    ),
    image(
      'a GPT with other entries',
      /checksum of the entries/,
      changed(make.gpt(), (data) => data.writeUInt8(1, 1100)),
    ),
    image(
      'a GPT of 2^32 entries',
      /too large/,
      changed(make.gpt(), (data) => {
        data.writeUInt32LE(0xffffffff, 512 + 80)
        make.signGptHeader(data, 512)
      }),
    ),
  ]
}

function polyglots(): HostileImage[] {
  const over = (front: Buffer, back: Buffer, at: number) => changed(back, (data) => void front.copy(data, 0, 0, at))
  const image = (diskFormat: string, name: string, data: Buffer): HostileImage => {
    return { name: `${name}, as ${diskFormat}`, diskFormat, data, reason: /disk_format is .* and the data is/ }
  }
  const qcowIso = over(make.qcow2(), make.iso(), 512)
  const vmdkIso = over(make.vmdk(), make.iso(), 16_384)
  const qcowMbr = changed(make.qcow2(), (data) => void make.mbr().copy(data, 446, 446, 512))
  const vdiQcow = changed(make.vdi(), (data) => {
    data.write('QFI\xfb\0\0\0\x03', 'latin1')
  })
  return [
    ...['iso', 'qcow2', 'raw'].map((format) => image(format, 'a qcow2 disk in an iso', qcowIso)),
    ...['iso', 'vmdk', 'raw'].map((format) => image(format, 'a vmdk disk in an iso', vmdkIso)),
    ...['qcow2', 'raw'].map((format) => image(format, 'a qcow2 disk with an MBR', qcowMbr)),
    image('vdi', 'a vdi disk that begins as qcow2', vdiQcow),
    image('vhd', 'a qcow2 disk in a fixed vhd', make.fixedVhd(make.qcow2())),
    image(
      'vhd',
      'a text that names files, in a fixed vhd',
      make.fixedVhd(Buffer.from(`${vmdkText({ type: 'monolithicFlat' })}\0`.padEnd(65_536, '\0'))),
    ),
    ...['qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso'].map((format) =>
      image(format, 'nothing in particular', Buffer.alloc(65_536, 'x')),
    ),
    image('qcow2', 'a vmdk disk', make.vmdk()),
    image('iso', 'a qcow2 disk', make.qcow2()),
    image('ploop', 'a qcow2 disk', make.qcow2()),
  ]
}

function cut(): HostileImage[] {
  const image = (diskFormat: string, data: Buffer): HostileImage => {
    return { name: `${diskFormat} of ${data.length} bytes`, diskFormat, data, reason: /breaks off|no descriptor/ }
  }
  return [
    image('qcow2', make.qcow2().subarray(0, 100)),
    image('vmdk', make.vmdk().subarray(0, 100)),
    image('vmdk', make.vmdk().subarray(0, 700)),
    image('vhd', make.vhd().subarray(0, 100)),
    image('vhdx', make.vhdx().subarray(0, 100_000)),
    image('vhdx', make.vhdx().subarray(0, vhdxPlaces.items)),
    image('vdi', make.vdi().subarray(0, 100)),
    image('luks', make.luks().subarray(0, 100)),
    image('ploop', make.ploop().subarray(0, 40)),
  ]
}
