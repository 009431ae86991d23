import { Flaws, has, type Probe, read, truncated, usableSize } from './probe.ts'

const kib = 1024
const tableBytes = 64 * kib
const entryBytes = 32
const maxEntries = 2047
const maxSize = 64n * 2n ** 40n
/** GUIDs as they lie in the file. */
const batRegion = '6677c22d23f600429d64115e9bfd4a08'
const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e'
const fileParameters = '3767a1ca36fa434db3b633f0aa44e76b'
const virtualDiskSize = '2442a52f1bcd7648b2115dbed83bf4b8'
const parentLocator = '2d5fd3a80bb34d45abf7d3d84834ab0c'
/** Besides them: disk id, logical and physical sector sizes. */
const knownItems: ReadonlySet<string> = new Set([
  fileParameters,
  virtualDiskSize,
  parentLocator,
  'ab12cabee6b2234593efc309e000c746',
  '1dbf41816fa90947ba47f233a8faab5f',
  'c748a3cd5d4471449cc9e9885251c556',
])

/**
 * Hyper-V disks: a table of regions points to the metadata, whose table points to what is said of the disk.
 * @see MS-VHDX 2.2, 2.6
 */
export function* vhdx(): Probe {
  if (!has(yield* read(0, 8), 'vhdxfile')) return null
  const flaws = new Flaws()
  const lost = { format: 'vhdx', virtualSizeBytes: null, flaws: [truncated] } as const
  const regions = entries(yield* read(192 * kib, tableBytes), { signature: 'regi', countAt: 8, first: 16 })
  const metadata = regions?.find(({ guid }) => guid === metadataRegion)
  if (!regions || !metadata) return lost
  flaws.odd(
    regions.some(
      ({ guid, bytes }) => guid !== metadataRegion && guid !== batRegion && (bytes.readUInt32LE(28) & 1) !== 0,
    ),
    'unknown_features',
    'it needs regions that are not known',
  )
  const start = metadata.bytes.readBigUInt64LE(16)
  const items = entries(yield* read(start, tableBytes), { signature: 'metadata', countAt: 10, first: 32 })
  if (!items) return lost
  flaws.foreign(
    items.some(({ guid }) => guid === parentLocator),
    'backing_file',
    'it names a parent disk',
  )
  flaws.odd(
    items.some(({ guid, bytes }) => !knownItems.has(guid) && (bytes.readUInt32LE(24) & 4) !== 0),
    'unknown_features',
    'it needs metadata that are not known',
  )
  let size: bigint | undefined
  const wanted = items
    .filter(({ guid }) => guid === virtualDiskSize || guid === fileParameters)
    .sort((a, b) => a.bytes.readUInt32LE(16) - b.bytes.readUInt32LE(16))
  for (const { guid, bytes } of wanted) {
    const value = yield* read(start + BigInt(bytes.readUInt32LE(16)), 8)
    if (value.length < 8) return { ...lost, flaws: [...flaws.found, truncated] }
    if (guid === fileParameters) {
      flaws.foreign((value.readUInt32LE(4) & 2) !== 0, 'backing_file', 'it is the difference to another disk')
      continue
    }
    flaws.odd(size !== undefined, 'size', 'it tells its size twice')
    size = value.readBigUInt64LE(0)
  }
  if (size === undefined) return { ...lost, flaws: [...flaws.found, truncated] }
  flaws.odd(size > maxSize || size % 512n !== 0n, 'size', `it claims ${size} bytes`)
  return { format: 'vhdx', virtualSizeBytes: usableSize(size), flaws: flaws.found }
}

interface Entry {
  readonly guid: string
  readonly bytes: Buffer
}

/** The entries of a table; undefined if it is none. */
function entries(
  table: Buffer,
  { signature, countAt, first }: { signature: string; countAt: number; first: number },
): Entry[] | undefined {
  if (table.length < tableBytes || !has(table, signature)) return undefined
  const count = table.readUInt16LE(countAt)
  if (count > maxEntries || (signature === 'regi' && table.readUInt32LE(countAt) > maxEntries)) return undefined
  return Array.from({ length: count }, (_, index) => {
    const bytes = table.subarray(first + index * entryBytes, first + (index + 1) * entryBytes)
    return { guid: bytes.toString('hex', 0, 16), bytes }
  })
}
