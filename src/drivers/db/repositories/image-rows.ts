import type { Image, ImageLocation, ImageStatus, Visibility } from '../../../ports/image.ts'
import type { Row } from '../database.ts'
import { parseTimestamp } from '../timestamps.ts'

/** Columns of `images` in the order in which every statement selects them and `Draft` reads them. */
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

/** Which table a row of children comes from. */
export const childKinds = { property: 1, tag: 2, location: 3 } as const

type Numbered<T> = T & { readonly id: number }

/** An image being put together from its row and the rows of its children. */
export class Draft {
  readonly #row: Row
  readonly #offset: number
  readonly #properties: Record<string, string | null> = {}
  readonly #tags: { readonly id: number; readonly value: string }[] = []
  readonly #locations: ImageLocation[] = []

  /** @param offset index of the first image column in `row` */
  constructor(row: Row, offset: number) {
    this.#row = row
    this.#offset = offset
  }

  get id(): string {
    return this.#row[this.#offset] as string
  }

  /** Takes `kind, id, name, value, status` of `row`, from index `offset` on. */
  add(row: Row, offset: number): void {
    const id = row[offset + 1] as number
    const first = row[offset + 2] as string
    switch (row[offset]) {
      case childKinds.property:
        this.#properties[first] = row[offset + 3] as string | null
        break
      case childKinds.tag:
        this.#tags.push({ id, value: first })
        break
      case childKinds.location:
        this.#locations.push({
          id,
          url: first,
          metadata: parseMetadata(row[offset + 3] as string | null),
          status: row[offset + 4] as string,
        })
        break
    }
  }

  image(): Image {
    const row = this.#row
    const at = this.#offset
    const createdAt = parseTimestamp(row[at + 4] as string)
    return {
      id: row[at] as string,
      name: row[at + 1] as string | null,
      sizeBytes: row[at + 2] as number | null,
      status: row[at + 3] as ImageStatus,
      createdAt,
      updatedAt: row[at + 5] === null ? createdAt : parseTimestamp(row[at + 5] as string),
      deletedAt: null,
      deleted: false,
      diskFormat: row[at + 6] as string | null,
      containerFormat: row[at + 7] as string | null,
      checksum: row[at + 8] as string | null,
      owner: row[at + 9] as string | null,
      minDiskGib: row[at + 10] as number,
      minRamMib: row[at + 11] as number,
      protected: isTrue(row[at + 12]),
      virtualSizeBytes: row[at + 13] as number | null,
      visibility: row[at + 14] as Visibility,
      osHidden: isTrue(row[at + 15]),
      osHashAlgo: row[at + 16] as string | null,
      osHashValue: row[at + 17] as string | null,
      properties: this.#properties,
      tags: inOrder(this.#tags).map((tag) => tag.value),
      locations: inOrder(this.#locations),
    }
  }
}

/** Rows come by index, mostly in the order of their ids already. */
function inOrder<T>(rows: Numbered<T>[]): Numbered<T>[] {
  for (let i = 1; i < rows.length; i++) {
    if ((rows[i - 1] as Numbered<T>).id > (rows[i] as Numbered<T>).id) return rows.sort((a, b) => a.id - b.id)
  }
  return rows
}

function isTrue(value: unknown): boolean {
  return value === 1 || value === true
}

function parseMetadata(text: string | null): Readonly<Record<string, unknown>> {
  if (text === null || text === '{}') return {}
  const parsed: unknown = JSON.parse(text)
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
}
