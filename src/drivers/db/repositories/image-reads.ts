import { type RawBuilder, sql } from 'kysely'
import type { Image, ImageLocation } from '../../../ports/image.ts'
import type { Dialect, Queryable, Row } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { type Children, imageColumns, imageOf, locationOf } from './image-rows.ts'
import { packedRows, unpackRows } from './packed-rows.ts'
import { isWide } from './wide-characters.ts'

/** What a statement selects of `images i` for `imagesOf`: the columns, then the packed children. */
export function imageSelection(dialect: Dialect): RawBuilder<unknown> {
  const live = sql`c.image_id = i.id and c.deleted = false`
  const packed = (table: string, values: readonly string[]) =>
    packedRows(dialect, { from: sql`${sql.table(table)} c where ${live}`, values, orderBy: 'c.id' })
  return sql.join([
    ...imageColumns.map((column) => sql.ref(`i.${column}`)),
    packed('image_properties', ['c.name', 'c.value']),
    packed('image_tags', ['c.value']),
    packed('image_locations', ['c.id', 'c.value', 'c.meta_data', 'c.status']),
  ])
}

/** The images of rows that `imageSelection` has selected. */
export async function imagesOf(queryable: Queryable, statements: Statements, rows: readonly Row[]): Promise<Image[]> {
  const images: Image[] = []
  for (const row of rows) {
    const children = unpackChildren(row) ?? (await readChildren(queryable, statements, row[0] as string))
    images.push(imageOf(row, children))
  }
  return images
}

/** The image; undefined if it is deleted or there is none. */
export async function readImage(queryable: Queryable, statements: Statements, id: string): Promise<Image | undefined> {
  if (isWide(id)) return undefined
  const statement = statements.get(
    'image',
    () =>
      sql`select ${imageSelection(statements.dialect)} from images i where i.id = ${slot('id')} and i.deleted = false`,
  )
  const [image] = await imagesOf(queryable, statements, await queryable.rows(statement, { id }))
  return image
}

const childrenOffset = imageColumns.length

function unpackChildren(row: Row): Children | undefined {
  const properties = unpackRows(row[childrenOffset] as string | null, 2)
  const tags = unpackRows(row[childrenOffset + 1] as string | null, 1)
  const locations = unpackRows(row[childrenOffset + 2] as string | null, 4)
  if (!properties || !tags || !locations) return undefined
  return { properties: propertiesOf(properties), tags: tags as string[], locations: locationsOf(locations) }
}

function propertiesOf(values: readonly (string | null)[]): Record<string, string | null> {
  const properties: Record<string, string | null> = {}
  for (let i = 0; i < values.length; i += 2) properties[values[i] as string] = values[i + 1] as string | null
  return properties
}

function locationsOf(values: readonly (string | null)[]): ImageLocation[] {
  const locations: ImageLocation[] = []
  for (let i = 0; i < values.length; i += 4) {
    const [id, url, metadata, status] = values.slice(i, i + 4) as [string, string, string | null, string]
    locations.push(locationOf({ id: Number(id), url, metadata, status }))
  }
  return locations
}

/** The children of one image row by row, for those that are too large to be packed. */
async function readChildren(queryable: Queryable, statements: Statements, id: string): Promise<Children> {
  const from = (key: string, table: string, columns: readonly string[]) =>
    queryable.rows(
      statements.get(
        key,
        () => sql`select ${sql.join(columns.map((column) => sql.ref(column)))} from ${sql.table(table)}
        where image_id = ${slot('id')} and deleted = false order by id`,
      ),
      { id },
    )
  const properties = await from('properties', 'image_properties', ['name', 'value'])
  const tags = await from('tags', 'image_tags', ['value'])
  const locations = await from('locations', 'image_locations', ['id', 'value', 'meta_data', 'status'])
  return {
    properties: propertiesOf(properties.flat() as (string | null)[]),
    tags: tags.flat() as string[],
    locations: locationsOf(locations.flat() as (string | null)[]),
  }
}
