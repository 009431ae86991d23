import { has, type Probe, read, usableSize } from './probe.ts'

const sectorBytes = 2048
const primaryVolume = 1

/** Optical discs: ISO 9660 and UDF. @see ECMA-119 8.4, ECMA-167 2/9 */
export function* iso(): Probe {
  const both = yield* read(16 * sectorBytes, 2 * sectorBytes)
  const [volume, next] = [both.subarray(0, sectorBytes), both.subarray(sectorBytes)]
  if (volume.length < sectorBytes) return null
  const isUdf = has(volume, 'BEA01', 1) && (has(next, 'NSR02', 1) || has(next, 'NSR03', 1))
  if (isUdf || has(volume, 'NSR02', 1) || has(volume, 'NSR03', 1)) {
    return { format: 'iso', subformat: 'udf', virtualSizeBytes: null, flaws: [] }
  }
  if (!has(volume, 'CD001', 1)) return null
  const bytes = BigInt(volume.readUInt32LE(80)) * BigInt(volume.readUInt16LE(128))
  return { format: 'iso', virtualSizeBytes: volume[0] === primaryVolume ? usableSize(bytes) : null, flaws: [] }
}
