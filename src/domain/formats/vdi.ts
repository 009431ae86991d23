import { Flaws, type Probe, read, truncated, usableSize } from './probe.ts'

const signature = 0xbeda107f
const dynamicType = 1
const fixedType = 2

/** VirtualBox's disks. @see qemu `block/vdi.c` */
export function* vdi(): Probe {
  const header = yield* read(0, 512)
  if (header.length < 68 || header.readUInt32LE(64) !== signature) return null
  if (header.length < 512) return { format: 'vdi', virtualSizeBytes: null, flaws: [truncated] }
  const flaws = new Flaws()
  const type = header.readUInt32LE(76)
  const hasParent = header.subarray(424, 456).some((byte) => byte !== 0)
  flaws.foreign(type === 3 || type === 4 || hasParent, 'backing_file', 'it is the difference to another disk')
  flaws.odd(type < dynamicType || type > 4, 'header', 'its type is not known')
  flaws.odd(header.readUInt16LE(70) !== 1, 'header', 'its version is not known')
  const sectorBytes = header.readUInt32LE(360)
  flaws.odd(sectorBytes !== 512, 'header', `its sectors have ${sectorBytes} bytes`)
  const size = header.readBigUInt64LE(368)
  const blocks = header.readUInt32LE(384)
  const covered = BigInt(blocks) * BigInt(header.readUInt32LE(376))
  flaws.odd(covered < size, 'size', `its blocks cover ${covered} of ${size} bytes`)
  flaws.odd(header.readUInt32LE(388) > blocks, 'size', 'it claims more data than it has blocks')
  const subformat = type === fixedType ? 'fixed' : 'dynamic'
  return { format: 'vdi', subformat, virtualSizeBytes: usableSize(size), flaws: flaws.found }
}
