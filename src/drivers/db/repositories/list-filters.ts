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
  /** Conditions on `images i`. */
  conditions(): RawBuilder<unknown>[]
}

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
  const builders: (() => RawBuilder<unknown>)[] = []
  let key = ''

  function add(part: string, given: Record<string, unknown>, build: () => RawBuilder<unknown>): void {
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
  for (const [index, [property, value]] of Object.entries(query.properties ?? {}).entries()) {
    const [name, wanted] = [`property${index}`, `propertyValue${index}`]
    add(
      'property',
      { [name]: property, [wanted]: value },
      () => sql`exists (select 1 from image_properties p where p.image_id = i.id and p.deleted = false
        and p.name = ${slot(name)} and p.value = ${slot(wanted)})`,
    )
  }
  for (const [index, tag] of (query.tags ?? []).entries()) {
    const name = `tag${index}`
    add(
      'tag',
      { [name]: tag },
      () => sql`exists (select 1 from image_tags t where t.image_id = i.id and t.deleted = false
        and t.value = ${slot(name)})`,
    )
  }
  return { key, values, conditions: () => builders.map((build) => build()) }
}
