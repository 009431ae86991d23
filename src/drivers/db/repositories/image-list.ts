import { type RawBuilder, sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { Image } from '../../../ports/image.ts'
import type { ImageQuery, Viewer } from '../../../ports/repositories.ts'
import type { Database, Dialect, Row } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { imageSelection, imagesOf } from './image-reads.ts'
import { imageColumns } from './image-rows.ts'
import { afterMarker } from './keyset.ts'
import { type Filters, filtersOf, frequentRows } from './list-filters.ts'
import { isWide } from './wide-characters.ts'

/**
 * A page of images: one statement for the images with their children, one more for a marker.
 * @throws marker_not_found
 * @see glance `db/sqlalchemy/api.py`: `_image_get_all`
 */
export async function listImages(
  database: Database,
  options: { statements: Statements; hints: PageHints; query: ImageQuery },
): Promise<Image[]> {
  const { statements, hints, query } = options
  const filters = filtersOf(query, database.dialect)
  const values = filters.values
  values.project = query.viewer.projectId
  values.memberStatus = query.memberStatus ?? 'accepted'
  let markerNulls: readonly boolean[] | undefined
  if (query.marker !== undefined) {
    const marker = await readMarker(database, statements, query)
    for (const [index, value] of marker.entries()) values[`marker${index}`] = value
    markerNulls = marker.map((value) => value === null)
  }
  const hinted = hints.enabled && isWalk(query) && (await areFrequent(database, { statements, filters }))
  const statement = statements.get(`${keyOf(query, filters.key, markerNulls)}|${hinted}`, () => {
    const conditions = [sql`i.deleted = false`, sql`i.status <> 'killed'`, ...filters.conditions({ rowByRow: hinted })]
    const after = markerNulls ? afterMarker(query.sort, markerNulls, database.capabilities) : [undefined]
    const branches = after.flatMap((condition) =>
      scopesOf(query).map((scope) => ({
        source:
          hinted && scope.index ? sql`images i force index (${sql.ref(indexOf(scope.index, query))})` : scope.source,
        where: sql.join([...scope.conditions, ...conditions, ...(condition ? [condition] : [])], sql` and `),
      })),
    )
    return pageOf(branches, { query, dialect: database.dialect })
  })
  let rows: readonly Row[]
  try {
    rows = await database.rows(statement, values)
  } catch (error) {
    if (!hinted || (error as { errno?: number }).errno !== noSuchIndex) throw error
    hints.enabled = false
    return listImages(database, options)
  }
  return imagesOf(database, statements, rows)
}

function keyOf(query: ImageQuery, filters: string, markerNulls: readonly boolean[] | undefined): string {
  const { viewer, visibility, memberStatus, sort, limit } = query
  const sorting = sort.map(({ key, direction }) => `${key}:${direction}`).join()
  const scope = `${viewer.isAdmin}|${viewer.projectId !== null}|${visibility}|${memberStatus === 'all'}`
  return `list|${scope}|${sorting}|${markerNulls?.join()}|${limit}|${filters}`
}

/** Whether our own page indexes can be named in statements; false on a database that `db sync` has not brought them to. */
export interface PageHints {
  enabled: boolean
}

/** ER_KEY_DOES_NOT_EXITS */
const noSuchIndex = 1176

/** Columns that the page indexes of MySQL are named after; without being told, its optimizer walks them from their start. */
type PageIndex = 'images' | 'images_visibility' | 'images_owner'

/** True if walking a page index in order is the way to go, because no filter picks few images out of many. */
function isWalk(query: ImageQuery): boolean {
  const { id, name, checksum, osHashValue, owner, times, osHidden, sort } = query
  const selective = [id, name, checksum, osHashValue, owner, times]
  const indexed = sort[0]?.key === 'created_at' || sort[0]?.key === 'name'
  const uniform = sort.every(({ direction }) => direction === sort[0]?.direction)
  return (
    indexed && uniform && osHidden !== undefined && selective.every((filter) => filter === undefined || isEmpty(filter))
  )
}

/** True if so many images have the properties and tags asked for that a walk soon has a page of them. */
async function areFrequent(
  database: Database,
  { statements, filters }: { statements: Statements; filters: Filters },
): Promise<boolean> {
  const counts = filters.counts()
  if (counts.length === 0) return true
  const statement = statements.get(`frequent|${filters.key}`, () => sql`select ${sql.join(counts)}`)
  const [row = []] = await database.rows(statement, filters.values)
  return row.every((count) => Number(count) >= frequentRows)
}

function isEmpty(filter: unknown): boolean {
  return typeof filter === 'object' && filter !== null && Object.keys(filter).length === 0
}

function indexOf(index: PageIndex, { sort }: ImageQuery): string {
  return `glimpse_${index}_${sort[0]?.key === 'name' ? 'name' : 'created'}`
}

/** A set of images that an index can walk in order, out of which a list is united. */
interface Scope {
  readonly source: RawBuilder<unknown>
  readonly conditions: readonly RawBuilder<unknown>[]
  /** The index to walk; absent where rows are few. */
  readonly index?: PageIndex
}

const images = sql`images i`
const owned = sql`i.owner = ${slot('project')}`

/** What the viewer may see and asked for. @see glance `db/sqlalchemy/api.py`: `_select_images_query` */
function scopesOf({ viewer, visibility, memberStatus }: ImageQuery): Scope[] {
  const withVisibility = (word: string) => sql`i.visibility = ${sql.lit(word)}`
  if (viewer.isAdmin) {
    if (visibility === 'all') return [{ source: images, conditions: [], index: 'images' }]
    if (visibility) return [{ source: images, conditions: [withVisibility(visibility)], index: 'images_visibility' }]
    const notCommunity = sql`i.visibility <> 'community'`
    const condition = viewer.projectId === null ? notCommunity : sql`(${notCommunity} or ${owned})`
    return [{ source: images, conditions: [condition], index: 'images' }]
  }
  const open = (word: string): Scope => ({
    source: images,
    conditions: [withVisibility(word)],
    index: 'images_visibility',
  })
  const own: Scope = {
    source: images,
    conditions: visibility && visibility !== 'all' ? [owned, withVisibility(visibility)] : [owned],
    index: 'images_owner',
  }
  const shared: Scope = {
    source: sql`image_members m join images i on i.id = m.image_id`,
    conditions: [
      sql`m.member = ${slot('project')}`,
      sql`m.deleted = false`,
      ...(memberStatus === 'all' ? [] : [sql`m.status = ${slot('memberStatus')}`]),
      withVisibility('shared'),
    ],
  }
  const mine = viewer.projectId === null ? [] : visibility === 'private' ? [own] : [own, shared]
  switch (visibility) {
    case 'public':
    case 'community':
      return [open(visibility)]
    case 'private':
    case 'shared':
      return mine
    case 'all':
      return [open('public'), open('community'), ...mine]
    default:
      return [open('public'), ...mine]
  }
}

/** Children are read for the images of the page only, so the page is found first. */
function pageOf(
  branches: readonly { source: RawBuilder<unknown>; where: RawBuilder<unknown> }[],
  { query: { sort, limit }, dialect }: { query: ImageQuery; dialect: Dialect },
): RawBuilder<unknown> {
  const order = (alias: string) =>
    sql`order by ${sql.join(sort.map(({ key, direction }) => sql`${sql.ref(`${alias}.${key}`)} ${sql.raw(direction)}`))}`
  const cut = sql`limit ${sql.lit(limit)}`
  const selection = imageSelection(dialect)
  const columns = (names: Iterable<string>) => sql.join([...names].map((name) => sql.ref(`i.${name}`)))
  const [only] = branches
  if (!only) return sql`select ${selection} from images i where 1 = 0`
  if (branches.length === 1) {
    const page = sql`select ${columns(imageColumns)} from ${only.source} where ${only.where} ${order('i')} ${cut}`
    return sql`select ${selection} from (${page}) i ${order('i')}`
  }
  const keys = new Set(['id', ...sort.map(({ key }) => key)])
  const parts = branches.map(({ source, where }, index) => {
    const alias = sql.ref(`b${index}`)
    return sql`select * from (select ${columns(keys)} from ${source} where ${where} ${order('i')} ${cut}) ${alias}`
  })
  // Keys first, whole rows only for the page: the union removes images that are in several branches.
  return sql`
    select ${selection}
      from (select u.id from (${sql.join(parts, sql` union `)}) u ${order('u')} ${cut}) k
      join images i on i.id = k.id ${order('i')}`
}

/** Sort values of the marker, if the viewer may see it. @see glance `db/utils.py`: `is_image_visible` */
async function readMarker(database: Database, statements: Statements, query: ImageQuery): Promise<Row> {
  const { viewer, sort } = query
  const marker = query.marker as string
  const statement = statements.get(`marker|${viewerKey(viewer)}|${sort.map(({ key }) => key).join()}`, () => {
    const columns = sql.join(sort.map(({ key }) => sql`i.${sql.ref(key)}`))
    return sql`select ${columns} from images i
      where i.id = ${slot('marker')} and i.deleted = false and ${visibleTo(viewer)}`
  })
  const [row] = isWide(marker) ? [] : await database.rows(statement, { marker, project: viewer.projectId })
  if (!row) throw new GlimpseError('marker_not_found', { marker })
  return row
}

function viewerKey(viewer: Viewer): string {
  return `${viewer.isAdmin}|${viewer.projectId !== null}`
}

function visibleTo(viewer: Viewer): RawBuilder<unknown> {
  if (viewer.isAdmin) return sql`1 = 1`
  const open = sql`i.owner is null or i.visibility in ('public', 'community')`
  if (viewer.projectId === null) return sql`(${open})`
  return sql`(${open} or ${owned} or (i.visibility = 'shared' and exists (
    select 1 from image_members m where m.image_id = i.id and m.member = ${slot('project')} and m.deleted = false)))`
}
