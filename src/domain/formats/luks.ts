import { end, Flaws, has, type Probe, read, truncated, usableSize } from './probe.ts'

const headerBytes = 592

/** Encrypted disks; of version 2, as in Glance, only the name is known. @see LUKS1 On-Disk Format, LUKS2 On-Disk Format */
export function* luks(): Probe {
  const header = yield* read(0, headerBytes)
  if (!has(header, 'LUKS\xba\xbe')) return null
  if (header.length < headerBytes) return { format: 'luks', virtualSizeBytes: null, flaws: [truncated] }
  const version = header.readUInt16BE(6)
  const flaws = new Flaws()
  flaws.unsafe(version !== 1, 'version', `its version is ${version}`)
  const { sizeBytes } = yield* end()
  const payload = header.readUInt32BE(104) * 512
  flaws.odd(version === 1 && payload > sizeBytes, 'size', 'it breaks off before its data')
  const virtualSizeBytes = version === 1 ? usableSize(BigInt(sizeBytes - payload)) : null
  return { format: 'luks', subformat: `luks${version}`, virtualSizeBytes, flaws: flaws.found }
}
