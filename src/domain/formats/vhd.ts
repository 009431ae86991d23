import { type DataEnd, end, Flaws, type Found, has, type Probe, read, truncated, usableSize } from './probe.ts'

const footerBytes = 512
const diskTypes: Readonly<Record<number, string>> = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' }

/**
 * Disks of Virtual PC and Hyper-V: dynamic ones begin with a copy of their footer, fixed ones are the disk and a footer.
 * @see "Virtual Hard Disk Image Format Specification", qemu `block/vpc.c`
 */
export function* vhd(): Probe {
  const copy = yield* read(0, footerBytes)
  if (!has(copy, 'conectix')) return fixedDisk(yield* end())
  if (copy.length < footerBytes) return { format: 'vhd', virtualSizeBytes: null, flaws: [truncated] }
  const flaws = new Flaws()
  checkFooter(copy, flaws)
  const size = copy.readBigUInt64BE(48)
  const header = yield* read(copy.readBigUInt64BE(16), 1024)
  if (header.length < 1024 || !has(header, 'cxsparse')) {
    flaws.odd(true, 'header', 'it has no header of a dynamic disk')
  } else {
    const covered = BigInt(header.readUInt32BE(28)) * BigInt(header.readUInt32BE(32))
    flaws.odd(covered < size, 'size', `its table covers ${covered} of ${size} bytes`)
  }
  const footer = footerOf(yield* end())
  flaws.odd(footer === undefined, 'footer', 'it breaks off before its footer')
  flaws.odd(
    footer !== undefined && footer.readBigUInt64BE(48) !== size,
    'size',
    'its footer and the copy of it tell different sizes',
  )
  return { format: 'vhd', subformat: typeOf(copy), virtualSizeBytes: usableSize(size), flaws: flaws.found }
}

function fixedDisk(data: DataEnd): Found | null {
  const footer = footerOf(data)
  if (footer === undefined) return null
  const flaws = new Flaws()
  checkFooter(footer, flaws)
  const size = footer.readBigUInt64BE(48)
  flaws.odd(
    size + BigInt(footerBytes) !== BigInt(data.sizeBytes),
    'size',
    `it does not hold the ${size} bytes it claims`,
  )
  return { format: 'vhd', subformat: 'fixed', virtualSizeBytes: usableSize(size), flaws: flaws.found }
}

function footerOf({ tail }: DataEnd): Buffer | undefined {
  const footer = tail.subarray(-footerBytes)
  return footer.length === footerBytes && has(footer, 'conectix') ? footer : undefined
}

function checkFooter(footer: Buffer, flaws: Flaws): void {
  const type = typeOf(footer)
  flaws.foreign(type === 'differencing', 'backing_file', 'it is the difference to another disk')
  flaws.odd(!(footer.readUInt32BE(60) in diskTypes), 'header', 'its type is not known')
  let sum = 0
  for (const [at, byte] of footer.entries()) if (at < 64 || at > 67) sum += byte
  flaws.odd(~sum >>> 0 !== footer.readUInt32BE(64), 'checksum', 'its checksum is wrong')
}

function typeOf(footer: Buffer): string {
  return diskTypes[footer.readUInt32BE(60)] ?? 'unknown'
}
