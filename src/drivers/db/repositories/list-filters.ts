import { type RawBuilder, sql } from 'kysely'
import type { Comparison, ImageQuery } from '../../../ports/repositories.ts'
import type { Dialect } from '../database.ts'
import { slot } from '../statement.ts'
import { formatTimestamp } from '../timestamps.ts'
import { isWide } from './wide-characters.ts'

/** Filters of a list. `key` tells queries with different SQL apart, `values` fill the slots of `conditions`. */
export interface Filters {
  readonly key: string
  readonly values: Record<string, unknown>
  /** Conditions on `images i`. With `rowByRow`, MySQL asks for properties and tags image by image. */
  conditions(options: { rowByRow: boolean }): RawBuilder<unknown>[]
  /** One count for each property and tag that is asked for: of the rows with it, 1000 at most. */
  counts(): RawBuilder<unknown>[]
}

/** What so many rows have is found soon on a walk through the images. */
export const frequentRows = 1000

const equal = {
  owner: 'owner',
  checksum: 'checksum',
  osHashAlgo: 'os_hash_algo',
  osHashValue: 'os_hash_value',
  minDiskGib: 'min_disk',
  minRamMib: 'min_ram',
  protected: 'protected',
  osHidden: 'os_hidden',
  sizeBytes: 'size',
  virtualSizeBytes: 'virtual_size',
} as const satisfies Partial<Record<keyof ImageQuery, string>>

const oneOf = {
  id: 'id',
  name: 'name',
  status: 'status',
  diskFormat: 'disk_format',
  containerFormat: 'container_format',
} as const satisfies Partial<Record<keyof ImageQuery, string>>

const comparisons: Readonly<Record<Comparison, string>> = {
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  eq: '=',
  neq: '<>',
}

/** @see glance `db/sqlalchemy/api.py`: `_make_conditions_from_filters` */
export function filtersOf(query: ImageQuery, dialect: Dialect): Filters {
  const values: Record<string, unknown> = {}
  const builders: ((options: { rowByRow: boolean }) => RawBuilder<unknown>)[] = []
  const children: RawBuilder<unknown>[] = []
  let key = ''

  function add(part: string, given: Record<string, unknown>, build: (typeof builders)[number]): void {
    if (Object.values(given).some(isWide)) {
      key += 'nothing;'
      builders.push(() => sql`1 = 0`)
      return
    }
    key += `${part};`
    Object.assign(values, given)
    builders.push(build)
  }

  for (const [field, column] of Object.entries(equal) as [keyof typeof equal, string][]) {
    const value = query[field]
    if (value !== undefined) add(field, { [field]: value }, () => sql`i.${sql.ref(column)} = ${slot(field)}`)
  }
  for (const [field, column] of Object.entries(oneOf) as [keyof typeof oneOf, string][]) {
    const wanted = query[field]?.filter((value) => !isWide(value))
    if (wanted === undefined) continue
    const names = wanted.map((_, i) => `${field}${i}`)
    add(`${field}*${names.length}`, Object.fromEntries(names.map((name, i) => [name, wanted[i]])), () =>
      names.length === 0
        ? sql`1 = 0`
        : sql`i.${sql.ref(column)} in (${sql.join(names.map((name) => sql`${slot(name)}`))})`,
    )
  }
  for (const [index, { column, op, bound }] of (query.ranges ?? []).entries()) {
    const name = `bound${index}`
    add(`${column}${op}`, { [name]: bound }, () => sql`i.${sql.ref(column)} ${sql.raw(comparisons[op])} ${slot(name)}`)
  }
  for (const [index, { column, op, at }] of (query.times ?? []).entries()) {
    const name = `time${index}`
    add(
      `${column}${op}`,
      { [name]: formatTimestamp(at, dialect) },
      () => sql`i.${sql.ref(column)} ${sql.raw(comparisons[op])} ${slot(name)}`,
    )
  }
  /** `rows`: of a child table with the alias `c`. */
  function addChild(part: string, given: Record<string, unknown>, rows: RawBuilder<unknown>): void {
    if (!Object.values(given).some(isWide)) children.push(rows)
    add(part, given, ({ rowByRow }) =>
      // A limit keeps MySQL from finding the children first, and their images then.
      rowByRow
        ? sql`(select 1 from ${rows} and c.image_id = i.id limit 1) = 1`
        : sql`exists (select 1 from ${rows} and c.image_id = i.id)`,
    )
  }

  for (const [index, [property, value]] of Object.entries(query.properties ?? {}).entries()) {
    const [name, wanted] = [`property${index}`, `propertyValue${index}`]
    addChild(
      name,
      { [name]: property, [wanted]: value },
      sql`image_properties c where c.deleted = false and c.name = ${slot(name)} and c.value = ${slot(wanted)}`,
    )
  }
  for (const [index, tag] of (query.tags ?? []).entries()) {
    const name = `tag${index}`
    addChild(name, { [name]: tag }, sql`image_tags c where c.deleted = false and c.value = ${slot(name)}`)
  }
  return {
    key,
    values,
    conditions: (options) => builders.map((build) => build(options)),
    counts: () =>
      children.map((rows) => sql`(select count(*) from (select 1 from ${rows} limit ${sql.lit(frequentRows)}) f)`),
  }
}
