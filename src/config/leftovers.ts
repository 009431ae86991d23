import { nearest } from './nearest.ts'

/** Names of the options of Glance, those of all releases. */
export interface KnownOptions {
  /** By group. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Options that may stand in any section that was made up by the operator: stores and users of services. */
  readonly anyGroup: readonly string[]
}

/** An option in a file that no part of the program has asked for. */
export interface Leftover {
  /** `FILE:LINE` */
  readonly place: string
  readonly group: string
  readonly option: string
}

export interface UnknownOption extends Leftover {
  /** `[group] option` that was probably meant. */
  readonly suggestion?: string
}

/** Sorts options that nobody asked for into those of Glance and those that are probably typing errors. */
export function sortLeftovers(
  leftovers: readonly Leftover[],
  names: ReadonlyMap<string, ReadonlySet<string>>,
): { unused: Leftover[]; unknown: UnknownOption[] } {
  const unused: Leftover[] = []
  const unknown: UnknownOption[] = []
  for (const leftover of leftovers) {
    if (names.get(leftover.group)?.has(leftover.option)) unused.push(leftover)
    else {
      const suggestion = suggest(leftover, names)
      unknown.push(suggestion === undefined ? leftover : { ...leftover, suggestion })
    }
  }
  return { unused, unknown }
}

function suggest({ group, option }: Leftover, names: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const own = names.get(group)
  const similarGroup = own ? undefined : nearest(group, names.keys())
  const within = own ? group : similarGroup
  const similar = within === undefined ? undefined : nearest(option, names.get(within) ?? [])
  if (similar !== undefined) return `[${within}] ${similar}`
  const elsewhere = [...names].filter(([, options]) => options.has(option)).map(([name]) => name)
  return elsewhere.length === 1 ? `[${elsewhere[0]}] ${option}` : undefined
}
