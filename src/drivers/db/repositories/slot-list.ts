import { type RawBuilder, sql } from 'kysely'
import { slot } from '../statement.ts'

/** Values for `in (...)`. */
export interface SlotList {
  readonly names: readonly string[]
  readonly values: Readonly<Record<string, unknown>>
  /** The slots with commas between them. */
  list(): RawBuilder<unknown>
}

/**
 * Slots for a list whose length is known only at run time. There are as many as the next power of two, the last value
 * filling them up, so that lists of many lengths share few statements.
 */
export function slotsOf(prefix: string, items: readonly unknown[]): SlotList {
  const values: Record<string, unknown> = {}
  if (items.length > 0) {
    const count = 2 ** Math.ceil(Math.log2(items.length))
    for (let i = 0; i < count; i++) values[`${prefix}${i}`] = items[Math.min(i, items.length - 1)]
  }
  const names = Object.keys(values)
  return { names, values, list: () => sql.join(names.map((name) => sql`${slot(name)}`)) }
}
