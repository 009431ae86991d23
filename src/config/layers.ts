import type { Assignment } from './ini.ts'
import type { OptionSpec } from './option.ts'
import type { Environment, Sources } from './sources.ts'

/** Texts by group and option name, as a program gives them. */
export type Texts = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What an option was set to. */
export interface Found {
  /** One text; several for an option that may be repeated. */
  readonly texts: readonly string[]
  /** Where the (last) text stands: `FILE:LINE`, an environment variable, ... */
  readonly place: string
  /** The name under which it was found, `group/name`. */
  readonly key: string
}

interface Setting extends Assignment {
  readonly place: string
}

/** Place of what no operator has set. */
export const ownDefault = 'default'

/** Section names compare without regard to case, but for `DEFAULT`. @see oslo_config `cfg.py`: `_normalize_group_name` */
export function normalizeGroup(name: string): string {
  return name === 'DEFAULT' ? name : name.toLowerCase()
}

/** Key of an option in all tables: `group/name`; a dash in an option's name is an underscore. */
export function optionKey(group: string, name: string): string {
  return `${normalizeGroup(group)}/${name.replaceAll('-', '_')}`
}

/** The option's key, then those of its deprecated names. */
export function keysOf({ group, name, spec }: { group: string; name: string; spec: OptionSpec }): string[] {
  const old = (spec.deprecatedNames ?? []).map((path) => {
    const slash = path.indexOf('/')
    return slash < 0 ? optionKey(group, path) : optionKey(path.slice(0, slash), path.slice(slash + 1))
  })
  return [optionKey(group, name), ...old]
}

/**
 * All places where options are set, in their order of precedence: command line, environment (`OS_GROUP__OPTION`), files from
 * the last to the first, and the program's own defaults.
 * @see oslo_config `cfg.py`: `_do_get`, `_get_file_value`; `sources/_environment.py`
 */
export class Layers {
  readonly #files: readonly ReadonlyMap<string, readonly Setting[]>[]
  readonly #sections: ReadonlySet<string>
  readonly #env: Environment
  readonly #overrides: ReadonlyMap<string, string>
  readonly #defaults: ReadonlyMap<string, string>

  constructor(options: { sources: Sources; env: Environment; overrides: Texts; defaults: Texts }) {
    const { files } = options.sources
    this.#files = files
      .map(({ path, content }) =>
        Map.groupBy(
          content.assignments.map((assignment) => ({ ...assignment, place: `${path}:${assignment.line}` })),
          ({ section, name }) => optionKey(section, name),
        ),
      )
      .reverse()
    this.#sections = new Set(files.flatMap(({ content }) => content.sections.map(normalizeGroup)))
    this.#env = options.env
    this.#overrides = byKey(options.overrides)
    this.#defaults = byKey(options.defaults)
  }

  /** Finds the option whose current name is `keys[0]` and whose deprecated names are the others. */
  find(keys: readonly string[], options: { multi: boolean }): Found | undefined {
    const [key = ''] = keys
    const override = this.#overrides.get(key)
    if (override !== undefined) return { texts: [override], place: 'command line', key }
    const variable = `OS_${key.replace('/', '__').toUpperCase()}`
    const inEnvironment = this.#env[variable]
    if (inEnvironment !== undefined) return { texts: [inEnvironment], place: `environment variable ${variable}`, key }
    const inFiles = options.multi ? this.#findAll(keys) : this.#findLast(keys)
    if (inFiles) return inFiles
    const text = this.#defaults.get(key)
    return text === undefined ? undefined : { texts: [text], place: ownDefault, key }
  }

  hasSection(group: string): boolean {
    const prefix = `OS_${group.toUpperCase()}__`
    return this.#sections.has(normalizeGroup(group)) || Object.keys(this.#env).some((name) => name.startsWith(prefix))
  }

  /** Everything that the files set, by key, in the order of the files. */
  *settings(): Generator<[key: string, setting: Setting]> {
    for (const file of this.#files.toReversed()) {
      for (const [key, settings] of file) for (const setting of settings) yield [key, setting]
    }
  }

  #findLast(keys: readonly string[]): Found | undefined {
    for (const file of this.#files) {
      for (const key of keys) {
        const setting = file.get(key)?.at(-1)
        if (setting) return { texts: [setting.value], place: setting.place, key }
      }
    }
    return undefined
  }

  #findAll(keys: readonly string[]): Found | undefined {
    const texts: string[] = []
    let first: Found | undefined
    for (const file of this.#files) {
      for (const key of keys) {
        const settings = file.get(key) ?? []
        texts.unshift(...settings.map(({ value }) => value))
        const last = settings.at(-1)
        if (last) first ??= { texts, place: last.place, key }
      }
    }
    return first
  }
}

function byKey(texts: Texts): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([group, options]) =>
      Object.entries(options).map(([name, text]) => [optionKey(group, name), text] as const),
    ),
  )
}
