import { has, type Probe, read } from './probe.ts'

/** A tar archive whose first file describes a machine. @see DMTF DSP0243 5.3 */
export function* ova(): Probe {
  const header = yield* read(0, 512)
  const [name = ''] = header.toString('latin1', 0, 100).split('\0', 1)
  if (!has(header, 'ustar', 257) || !name.toLowerCase().endsWith('.ovf')) return null
  return { format: 'ova', virtualSizeBytes: null, flaws: [] }
}
