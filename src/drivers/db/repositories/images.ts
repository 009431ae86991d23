import { sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { Image, ImageFields, ImageStatus } from '../../../ports/image.ts'
import type { JobGuard } from '../../../ports/jobs.ts'
import type { Settlement } from '../../../ports/quota.ts'
import type { HeldProperty, ImageChange, ImageQuery, ImageRepository, NewImage } from '../../../ports/repositories.ts'
import type { Database, Queryable } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now } from '../timestamps.ts'
import { ChildWriter } from './image-children.ts'
import { columnsOf, defaultFields } from './image-fields.ts'
import { listImages, type PageHints } from './image-list.ts'
import { readImage } from './image-reads.ts'
import { requireJob } from './job-guard.ts'
import { lockImage, takeTurn } from './lock-image.ts'
import { settle } from './quota.ts'
import { refuseWideCharacters } from './wide-characters.ts'

/** @see glance `db/sqlalchemy/api.py` */
export class SqlImageRepository implements ImageRepository {
  readonly #database: Database
  readonly #statements: Statements
  readonly #hints: PageHints

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
    this.#hints = { enabled: database.dialect === 'mysql' }
  }

  get(id: string): Promise<Image | undefined> {
    return readImage(this.#database, this.#statements, id)
  }

  list(query: ImageQuery): Promise<Image[]> {
    return listImages(this.#database, { statements: this.#statements, hints: this.#hints, query })
  }

  async lackingDigests({ after = '', limit }: { after?: string; limit: number }): Promise<string[]> {
    const statement = this.#statements.get(
      'images that lack digests',
      () => sql`select id from images
        where deleted = false and status in ('active', 'deactivated') and id > ${slot('after')}
          and (checksum is null or os_hash_algo is null or os_hash_value is null or size is null)
        order by id limit ${slot('limit')}`,
    )
    return (await this.#database.rows(statement, { after, limit })).map(([id]) => id as string)
  }

  async create(image: NewImage, { settles }: { settles?: Settlement | undefined } = {}): Promise<Image> {
    const { id, properties = {}, tags = [], locations = [], ...given } = image
    const fields = { ...defaultFields, ...given }
    refuseWideCharacters(textsOf({ fields, setProperties: properties, tags, addLocations: locations }))
    const at = now()
    const insert = (queryable: Queryable) => this.#insert(queryable, { id, ...columnsOf(fields) }, at)
    const entries = Object.entries(properties)
    const uniqueTags = [...new Set(tags)]
    const owner = fields.owner === '' ? null : fields.owner
    const created: Image = {
      ...fields,
      owner,
      id,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
      deleted: false,
      properties,
      tags: uniqueTags,
      locations: [],
    }
    if (entries.length === 0 && uniqueTags.length === 0 && locations.length === 0 && !settles) {
      await insert(this.#database)
      return created
    }
    return this.#database.transaction(async (transaction) => {
      await insert(transaction)
      if (settles) await settle(transaction, { statements: this.#statements, settlement: settles })
      const children = this.#children(transaction, id, at)
      await children.insertProperties(entries)
      await children.insertTags(uniqueTags)
      if (locations.length === 0) return created
      await children.insertLocations(locations)
      return this.#existing(transaction, id)
    })
  }

  async update(
    id: string,
    change: ImageChange,
    options: {
      from?: readonly ImageStatus[]
      keepsLocation?: true
      holding?: HeldProperty
      expects?: Partial<ImageFields>
      locations?: readonly number[]
      job?: JobGuard
      settles?: Settlement | undefined
    } = {},
  ): Promise<Image> {
    refuseWideCharacters(textsOf(change))
    const at = now()
    const columns = { ...columnsOf(change.fields ?? {}), updated_at: formatTimestamp(at, this.#database.dialect) }
    const touch = (queryable: Queryable) => this.#set(queryable, id, { columns, ...options })
    const { settles, holding, locations, job } = options
    if (!touchesChildren(change) && !settles && !holding && !locations && !job) {
      await touch(this.#database)
      return this.#existing(this.#database, id)
    }
    return this.#database.transaction(async (transaction) => {
      // What is only read here another node may change at the same time.
      const reads = options.keepsLocation || holding || locations || job
      if (reads) await takeTurn(transaction, { statements: this.#statements, dialect: this.#database.dialect, id })
      // First the image's row: its lock puts changes of one image in a row.
      await touch(transaction)
      if (job) await requireJob(transaction, { statements: this.#statements, job })
      if (settles) await settle(transaction, { statements: this.#statements, settlement: settles })
      const children = this.#children(transaction, id, at)
      if (holding) await requireHeld(children, id, holding)
      if (locations) await requireLocations(children, id, locations)
      await applyToChildren(children, change)
      const image = await this.#existing(transaction, id)
      if (options.keepsLocation && image.locations.length === 0) throw new GlimpseError('location_last', { id })
      return image
    })
  }

  async delete(
    id: string,
    options: {
      from?: readonly ImageStatus[]
      status?: 'deleted' | 'pending_delete'
      locations?: readonly number[]
    } = {},
  ): Promise<void> {
    const at = now()
    const time = formatTimestamp(at, this.#database.dialect)
    const columns = { status: options.status ?? 'deleted', deleted: true, deleted_at: time, updated_at: time }
    await this.#database.transaction(async (transaction) => {
      await this.#set(transaction, id, { columns, ...options })
      const children = this.#children(transaction, id, at)
      if (options.locations) await requireLocations(children, id, options.locations)
      await children.removeAll(columns.status)
    })
  }

  async addTag(id: string, tag: string): Promise<void> {
    refuseWideCharacters([tag])
    await this.#database.transaction(async (transaction) => {
      await lockImage(transaction, { statements: this.#statements, dialect: this.#database.dialect, id })
      const children = this.#children(transaction, id, now())
      if (!(await children.existing()).tags.has(tag)) await children.insertTags([tag])
    })
  }

  async removeTag(id: string, tag: string): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      await lockImage(transaction, { statements: this.#statements, dialect: this.#database.dialect, id })
      const children = this.#children(transaction, id, now())
      const tagId = (await children.existing()).tags.get(tag)
      if (tagId === undefined) throw new GlimpseError('tag_not_found', { tag })
      await children.remove('image_tags', [tagId])
    })
  }

  #children(queryable: Queryable, imageId: string, at: Date): ChildWriter {
    return new ChildWriter(queryable, {
      statements: this.#statements,
      dialect: this.#database.dialect,
      imageId,
      at,
    })
  }

  async #insert(queryable: Queryable, columns: Record<string, unknown>, at: Date): Promise<void> {
    const time = formatTimestamp(at, this.#database.dialect)
    const row = { ...columns, created_at: time, updated_at: time, deleted: false }
    const names = Object.keys(row)
    const statement = this.#statements.get(
      'insert image',
      () => sql`insert into images (${sql.join(names.map((name) => sql.ref(name)))})
        values (${sql.join(names.map((name) => slot(name)))})`,
    )
    try {
      await queryable.run(statement, row)
    } catch (error) {
      if (error instanceof DuplicateKeyError) {
        throw new GlimpseError('image_id_taken', { id: columns.id as string }, { cause: error })
      }
      throw error
    }
  }

  /**
   * Sets columns of a live image whose status is one of `from` and whose fields are as expected.
   * @throws image_not_found, image_status_conflict, image_changed
   */
  async #set(
    queryable: Queryable,
    id: string,
    options: { columns: Record<string, unknown>; from?: readonly ImageStatus[]; expects?: Partial<ImageFields> },
  ): Promise<void> {
    const { columns, from, expects = {} } = options
    const names = Object.keys(columns)
    const expected = Object.entries(columnsOf(expects))
    const conditions = expected.map(([name, value]) => ({ name, slot: value === null ? null : `expected ${name}` }))
    const key = conditions.map(({ name, slot }) => `${name} ${slot}`).join()
    const statement = this.#statements.get(`set ${names.join()} from ${from?.join()} where ${key}`, () => {
      const assignments = names.map((name) => sql`${sql.ref(name)} = ${slot(name)}`)
      const allowed = from ? [sql`status in (${sql.join(from.map((status) => sql.lit(status)))})`] : []
      const equal = conditions.map(({ name, slot: value }) =>
        value === null ? sql`${sql.ref(name)} is null` : sql`${sql.ref(name)} = ${slot(value)}`,
      )
      const where = [sql`id = ${slot('imageId')}`, sql`deleted = false`, ...allowed, ...equal]
      return sql`update images set ${sql.join(assignments)} where ${sql.join(where, sql` and `)}`
    })
    const values = Object.fromEntries(expected.map(([name, value]) => [`expected ${name}`, value]))
    if (from?.length !== 0 && (await queryable.run(statement, { ...columns, ...values, imageId: id })) > 0) return
    const { status } = await this.#existing(queryable, id)
    const isStatusRight = from === undefined || from.includes(status)
    if (isStatusRight && expected.length > 0) throw new GlimpseError('image_changed', { id })
    throw new GlimpseError('image_status_conflict', { id, status })
  }

  async #existing(queryable: Queryable, id: string): Promise<Image> {
    const image = await readImage(queryable, this.#statements, id)
    if (!image) throw new GlimpseError('image_not_found', { id })
    return image
  }
}

function touchesChildren(change: ImageChange): boolean {
  const { setProperties, removeProperties, tags, addLocations, removeLocations } = change
  return (
    tags !== undefined ||
    [removeProperties, addLocations, removeLocations].some((list) => list !== undefined && list.length > 0) ||
    (setProperties !== undefined && Object.keys(setProperties).length > 0)
  )
}

/** @throws image_changed */
async function requireLocations(children: ChildWriter, id: string, expected: readonly number[]): Promise<void> {
  const current = await children.locationIds()
  if (current.length !== expected.length || current.some((locationId) => !expected.includes(locationId))) {
    throw new GlimpseError('image_changed', { id })
  }
}

/** @throws image_property_conflict */
async function requireHeld(children: ChildWriter, id: string, { name, value }: HeldProperty): Promise<void> {
  const known = (await children.existing()).properties.get(name)
  const current = known && !known.deleted ? known.value : null
  if (current !== value) throw new GlimpseError('image_property_conflict', { id, name })
}

async function applyToChildren(children: ChildWriter, change: ImageChange): Promise<void> {
  const { setProperties = {}, removeProperties = [], tags, addLocations = [], removeLocations = [] } = change
  const wanted = Object.entries(setProperties)
  if (tags || wanted.length > 0 || removeProperties.length > 0) {
    const existing = await children.existing()
    // Names of deleted properties stay taken in the table: such a row is used again.
    for (const [name, value] of wanted) {
      const known = existing.properties.get(name)
      if (known && (known.deleted || known.value !== value)) await children.updateProperty(known.id, value)
    }
    await children.insertProperties(wanted.filter(([name]) => !existing.properties.has(name)))
    const gone = removeProperties.flatMap((name) => {
      const known = existing.properties.get(name)
      return known && !known.deleted && !Object.hasOwn(setProperties, name) ? [known.id] : []
    })
    await children.remove('image_properties', gone)
    if (tags) {
      await children.insertTags([...new Set(tags)].filter((tag) => !existing.tags.has(tag)))
      const dropped = [...existing.tags].flatMap(([tag, id]) => (tags.includes(tag) ? [] : [id]))
      await children.remove('image_tags', dropped)
    }
  }
  await children.insertLocations(addLocations)
  for (const { id, status } of removeLocations) await children.remove('image_locations', [id], { status })
}

function* textsOf(change: ImageChange): Generator<unknown> {
  yield* Object.values(change.fields ?? {})
  for (const [name, value] of Object.entries(change.setProperties ?? {})) {
    yield name
    yield value
  }
  yield* change.tags ?? []
  for (const { url, metadata } of change.addLocations ?? []) {
    yield url
    yield JSON.stringify(metadata)
  }
}
