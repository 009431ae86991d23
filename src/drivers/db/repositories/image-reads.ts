import { type RawBuilder, sql } from 'kysely'
import type { Image, ImageLocation } from '../../../ports/image.ts'
import type { Dialect, Queryable, Row } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { type Children, imageColumns, imageOf, locationOf } from './image-rows.ts'
import { packedRows, unpackRows } from './packed-rows.ts'
import { isWide } from './wide-characters.ts'

/** What a statement selects of `images i` for `imagesOf`: the columns, then the packed children. */
export function imageSelection(dialect: Dialect): RawBuilder<unknown> {
  // Without statistics SQLite would walk the index of what is not deleted, for each image all of it.
  const deleted = dialect === 'sqlite' ? sql`+c.deleted` : sql`c.deleted`
  const live = sql`c.image_id = i.id and ${deleted} = false`
  const packed = (table: string, values: readonly string[]) =>
    packedRows(dialect, { from: sql`${sql.table(table)} c where ${live}`, values })
  return sql.join([
    ...imageColumns.map((column) => sql.ref(`i.${column}`)),
    packed('image_properties', ['c.name', 'c.value']),
    packed('image_tags', ['c.id', 'c.value']),
    packed('image_locations', ['c.id', 'c.value', 'c.meta_data', 'c.status']),
  ])
}

/** The images of rows that `imageSelection` has selected, without those that are gone since. */
export async function imagesOf(queryable: Queryable, statements: Statements, rows: readonly Row[]): Promise<Image[]> {
  const images: Image[] = []
  for (const row of rows) {
    const children = unpackChildren(row)
    const image = children ? imageOf(row, children) : await readImage(queryable, statements, row[0] as string)
    if (image) images.push(image)
  }
  return images
}

const kinds = { property: 1, tag: 2, location: 3 } as const

/**
 * The image, its children as rows of their own: for one image that is less work for the server than packing them, and
 * there is no limit to their size.
 * @returns undefined if it is deleted or there is none
 */
export async function readImage(queryable: Queryable, statements: Statements, id: string): Promise<Image | undefined> {
  if (isWide(id)) return undefined
  let image: Row | undefined
  const properties: unknown[] = []
  const tags: unknown[] = []
  const locations: unknown[] = []
  for (const row of await queryable.rows(statements.get('image', imageStatement), { id })) {
    const [kind, childId, value, more, status] = row.slice(imageColumns.length)
    switch (kind) {
      case null:
        image = row
        break
      case kinds.property:
        properties.push(value, more)
        break
      case kinds.tag:
        tags.push(childId, value)
        break
      case kinds.location:
        locations.push(childId, value, more, status)
        break
    }
  }
  if (!image) return undefined
  return imageOf(image, {
    properties: propertiesOf(properties),
    tags: tagsOf(tags),
    locations: locationsOf(locations),
  })
}

function imageStatement(): RawBuilder<unknown> {
  const columns = sql.join(imageColumns.map((column) => sql.ref(column)))
  const none = sql.join(imageColumns.map(() => sql`null`))
  const id = sql`${slot<string>('id')}`
  return sql`
    select ${columns}, null as kind, null as child_id, null as value, null as more, null as child_status
      from images where id = ${id} and deleted = false
    union all
    select ${none}, ${sql.lit(kinds.property)}, id, name, value, null
      from image_properties where image_id = ${id} and deleted = false
    union all
    select ${none}, ${sql.lit(kinds.tag)}, id, value, null, null
      from image_tags where image_id = ${id} and deleted = false
    union all
    select ${none}, ${sql.lit(kinds.location)}, id, value, meta_data, status
      from image_locations where image_id = ${id} and deleted = false`
}

const childrenOffset = imageColumns.length

function unpackChildren(row: Row): Children | undefined {
  const properties = unpackRows(row[childrenOffset] as string | null, 2)
  const tags = unpackRows(row[childrenOffset + 1] as string | null, 2)
  const locations = unpackRows(row[childrenOffset + 2] as string | null, 4)
  if (!properties || !tags || !locations) return undefined
  return { properties: propertiesOf(properties), tags: tagsOf(tags), locations: locationsOf(locations) }
}

function propertiesOf(values: readonly unknown[]): Record<string, string | null> {
  const properties: Record<string, string | null> = {}
  for (let i = 0; i < values.length; i += 2) {
    const name = values[i] as string
    const value = values[i + 1] as string | null
    // To assign it would set the prototype.
    if (name === '__proto__') {
      Object.defineProperty(properties, name, { value, enumerable: true, configurable: true, writable: true })
    } else properties[name] = value
  }
  return properties
}

function tagsOf(values: readonly unknown[]): string[] {
  const tags: { id: number; value: string }[] = []
  for (let i = 0; i < values.length; i += 2) tags.push({ id: Number(values[i]), value: values[i + 1] as string })
  return inOrder(tags).map(({ value }) => value)
}

function locationsOf(values: readonly unknown[]): ImageLocation[] {
  const locations: ImageLocation[] = []
  for (let i = 0; i < values.length; i += 4) {
    const [id, url, metadata, status] = values.slice(i, i + 4) as [unknown, string, string | null, string]
    locations.push(locationOf({ id: Number(id), url, metadata, status }))
  }
  return inOrder(locations)
}

/** Rows come by an index, so they mostly are in the order of their ids already. */
function inOrder<T extends { readonly id: number }>(rows: T[]): T[] {
  const isInOrder = rows.every(({ id }, i) => i === 0 || (rows[i - 1] as T).id < id)
  return isInOrder ? rows : rows.sort((a, b) => a.id - b.id)
}
