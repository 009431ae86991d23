import { Flaws, has, type Probe, read, truncated, usableSize } from './probe.ts'

/** Disks of Virtuozzo and Parallels. @see qemu `docs/interop/parallels.txt` */
export function* ploop(): Probe {
  const header = yield* read(0, 64)
  const isFirst = has(header, 'WithoutFreeSpace')
  if (!isFirst && !has(header, 'WithouFreSpacExt')) return null
  if (header.length < 64) return { format: 'ploop', virtualSizeBytes: null, flaws: [truncated] }
  // The first form has 32 bits for it.
  const sectors = isFirst ? BigInt(header.readUInt32LE(36)) : header.readBigUInt64LE(36)
  const covered = BigInt(header.readUInt32LE(28)) * BigInt(header.readUInt32LE(32))
  const flaws = new Flaws()
  flaws.odd(header.readUInt32LE(16) !== 2, 'header', 'its version is not known')
  flaws.odd(covered < sectors, 'size', `its table covers ${covered} of ${sectors} sectors`)
  return { format: 'ploop', virtualSizeBytes: usableSize(sectors * 512n), flaws: flaws.found }
}
