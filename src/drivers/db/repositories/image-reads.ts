import { type RawBuilder, sql } from 'kysely'
import type { Image } from '../../../ports/image.ts'
import type { Queryable } from '../database.ts'
import { type Statement, type Statements, slot } from '../statement.ts'
import { childKinds, Draft, imageColumns } from './image-rows.ts'

/** The image with its children in one round trip; undefined if it is deleted or there is none. */
export async function readImage(queryable: Queryable, statements: Statements, id: string): Promise<Image | undefined> {
  const rows = await queryable.rows(statements.get('image', imageStatement), { id })
  const childOffset = imageColumns.length
  let draft: Draft | undefined
  for (const row of rows) {
    if (row[childOffset] === null) draft = new Draft(row, 0)
  }
  if (!draft) return undefined
  for (const row of rows) {
    if (row[childOffset] !== null) draft.add(row, childOffset)
  }
  return draft.image()
}

/** Adds the children of all `drafts` in one round trip. */
export async function readChildren(
  queryable: Queryable,
  statements: Statements,
  drafts: readonly Draft[],
): Promise<void> {
  if (drafts.length === 0) return
  const byId = new Map(drafts.map((draft) => [draft.id, draft]))
  const count = roundUp(drafts.length)
  const values: Record<string, string> = {}
  for (let i = 0; i < count; i++) values[`id${i}`] = (drafts[i] ?? (drafts[0] as Draft)).id
  for (const row of await queryable.rows(childrenStatement(statements, count), values)) {
    byId.get(row[0] as string)?.add(row, 1)
  }
}

/** Few different numbers of ids, so that few statements are prepared; the rest is filled with an id again. */
function roundUp(count: number): number {
  const steps = [1, 5, 10, 25, 50, 100, 250, 500, 1000]
  return steps.find((step) => step >= count) ?? Math.ceil(count / 1000) * 1000
}

function imageStatement(): RawBuilder<unknown> {
  const columns = sql.join(imageColumns.map((column) => sql.ref(column)))
  const none = sql.join(imageColumns.map(() => sql`null`))
  const id = sql`${slot<string>('id')}`
  return sql`
    select ${columns}, null as kind, null as child_id, null as child, null as child_value, null as child_status
      from images where id = ${id} and deleted = false
    union all
    select ${none}, ${sql.lit(childKinds.property)}, id, name, value, null
      from image_properties where image_id = ${id} and deleted = false
    union all
    select ${none}, ${sql.lit(childKinds.tag)}, id, value, null, null
      from image_tags where image_id = ${id} and deleted = false
    union all
    select ${none}, ${sql.lit(childKinds.location)}, id, value, meta_data, status
      from image_locations where image_id = ${id} and deleted = false`
}

function childrenStatement(statements: Statements, count: number): Statement {
  return statements.get(`children ${count}`, () => {
    const ids = sql.join(Array.from({ length: count }, (_, i) => sql`${slot<string>(`id${i}`)}`))
    return sql`
      select image_id, ${sql.lit(childKinds.property)} as kind, id, name as child, value as child_value, null as child_status
        from image_properties where image_id in (${ids}) and deleted = false
      union all
      select image_id, ${sql.lit(childKinds.tag)}, id, value, null, null
        from image_tags where image_id in (${ids}) and deleted = false
      union all
      select image_id, ${sql.lit(childKinds.location)}, id, value, meta_data, status
        from image_locations where image_id in (${ids}) and deleted = false`
  })
}
