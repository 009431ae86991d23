import { Flaws, has, type Probe, read, usableSize } from './probe.ts'

/** QEMU's former format, which nobody supports: never allowed. @see qemu `docs/interop/qed_spec.txt` */
export function* qed(): Probe {
  const header = yield* read(0, 72)
  if (!has(header, 'QED\0')) return null
  const flaws = new Flaws()
  flaws.unsafe(true, 'banned', 'the format is not allowed')
  if (header.length < 72) return { format: 'qed', virtualSizeBytes: null, flaws: flaws.found }
  flaws.foreign((header.readBigUInt64LE(16) & 1n) !== 0n, 'backing_file', 'it has a backing file')
  return { format: 'qed', virtualSizeBytes: usableSize(header.readBigUInt64LE(48)), flaws: flaws.found }
}
