import { type FormatName, has, type Probe, read } from './probe.ts'

/** The parts of Amazon's machine images: a kernel, its first file system, and the file system of the machine. */
export function* amazon(): Probe {
  const start = yield* read(0, 1088)
  const format = formatOf(start)
  return format ? { format, virtualSizeBytes: null, flaws: [] } : null
}

function formatOf(start: Buffer): FormatName | undefined {
  if (has(start, 'HdrS', 0x202) || has(start, 'ARM\x64', 56)) return 'aki'
  if (/^07070[12]/.test(start.toString('latin1', 0, 6))) return 'ari'
  return has(start, '\x53\xef', 1080) ? 'ami' : undefined
}
