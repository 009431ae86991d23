import { GlimpseError } from '../../../errors/error.ts'
import type { ImageFields } from '../../../ports/image.ts'

const columns = {
  name: 'name',
  status: 'status',
  visibility: 'visibility',
  diskFormat: 'disk_format',
  containerFormat: 'container_format',
  sizeBytes: 'size',
  virtualSizeBytes: 'virtual_size',
  checksum: 'checksum',
  osHashAlgo: 'os_hash_algo',
  osHashValue: 'os_hash_value',
  owner: 'owner',
  minDiskGib: 'min_disk',
  minRamMib: 'min_ram',
  protected: 'protected',
  osHidden: 'os_hidden',
} as const satisfies Record<keyof ImageFields, string>

const columnEntries = Object.entries(columns) as [keyof ImageFields, string][]
const maxInteger = 2 ** 31 - 1

/**
 * Column values of the fields that are given.
 * @throws bad_request for a number that the column cannot hold
 */
export function columnsOf(fields: Partial<ImageFields>): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [field, column] of columnEntries) {
    const value = fields[field]
    if (value !== undefined) values[column] = value
  }
  if (values.owner === '') values.owner = null
  for (const column of ['min_disk', 'min_ram']) {
    if (Number(values[column] ?? 0) > maxInteger) {
      throw new GlimpseError('bad_request', { reason: `${column} must not exceed ${maxInteger}.` })
    }
  }
  return values
}

/** What an image has where the caller says nothing. */
export const defaultFields: Omit<ImageFields, 'status' | 'visibility'> = {
  name: null,
  diskFormat: null,
  containerFormat: null,
  sizeBytes: null,
  virtualSizeBytes: null,
  checksum: null,
  osHashAlgo: null,
  osHashValue: null,
  owner: null,
  minDiskGib: 0,
  minRamMib: 0,
  protected: false,
  osHidden: false,
}
