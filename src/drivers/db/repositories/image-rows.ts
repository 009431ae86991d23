import type { Image, ImageLocation, ImageStatus, Visibility } from '../../../ports/image.ts'
import type { Row } from '../database.ts'
import { parseTimestamp } from '../timestamps.ts'

/** Columns of `images` in the order in which every statement selects them and `imageOf` reads them. */
export const imageColumns = [
  'id',
  'name',
  'size',
  'status',
  'created_at',
  'updated_at',
  'disk_format',
  'container_format',
  'checksum',
  'owner',
  'min_disk',
  'min_ram',
  'protected',
  'virtual_size',
  'visibility',
  'os_hidden',
  'os_hash_algo',
  'os_hash_value',
] as const

/** What hangs on an image. */
export type Children = Pick<Image, 'properties' | 'tags' | 'locations'>

/** @param row values of `imageColumns` first */
export function imageOf(row: Row, { properties, tags, locations }: Children): Image {
  const createdAt = parseTimestamp(row[4] as string)
  return {
    id: row[0] as string,
    name: row[1] as string | null,
    sizeBytes: row[2] as number | null,
    status: row[3] as ImageStatus,
    createdAt,
    updatedAt: row[5] === null ? createdAt : parseTimestamp(row[5] as string),
    deletedAt: null,
    deleted: false,
    diskFormat: row[6] as string | null,
    containerFormat: row[7] as string | null,
    checksum: row[8] as string | null,
    owner: row[9] as string | null,
    minDiskGib: row[10] as number,
    minRamMib: row[11] as number,
    protected: isTrue(row[12]),
    virtualSizeBytes: row[13] as number | null,
    visibility: row[14] as Visibility,
    osHidden: isTrue(row[15]),
    osHashAlgo: row[16] as string | null,
    osHashValue: row[17] as string | null,
    properties,
    tags,
    locations,
  }
}

export function locationOf(values: {
  id: number
  url: string
  metadata: string | null
  status: string
}): ImageLocation {
  return { ...values, metadata: parseMetadata(values.metadata) }
}

function isTrue(value: unknown): boolean {
  return value === 1 || value === true
}

function parseMetadata(text: string | null): Readonly<Record<string, unknown>> {
  if (text === null || text === '{}') return {}
  const parsed: unknown = JSON.parse(text)
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
}
