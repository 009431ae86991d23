import { convert, type OptionValue } from './convert.ts'
import { ConfigError, type Fault } from './fault.ts'
import { type Found, keysOf, Layers, normalizeGroup, optionKey, ownDefault, type Texts } from './layers.ts'
import { type KnownOptions, type Leftover, sortLeftovers, type UnknownOption } from './leftovers.ts'
import type { OptionGroup, OptionSpec, Values } from './option.ts'
import { substitute } from './references.ts'
import { readSources, type SourceOptions, type Sources } from './sources.ts'

/** The options of one section, as the registry of a program lists them. */
export interface Declaration {
  readonly group: string
  readonly options: OptionGroup
}

export interface LoadOptions extends SourceOptions {
  /** What was said on the command line; stands above everything else. */
  readonly overrides?: Texts
  /** Defaults of this program or installation; stand below everything else, above the defaults of the declarations. */
  readonly defaults?: Texts
  /** Declarations that a `$reference` may name before `group()` was called for them. */
  readonly declared?: readonly Declaration[]
}

/** What is worth a word at start-up. */
export interface ConfigReport {
  /** Options of Glance that are accepted and have no effect. */
  readonly unused: readonly Leftover[]
  /** Options that nobody knows. */
  readonly unknown: readonly UnknownOption[]
  /** Options that were found under an old name (`group/name`). */
  readonly deprecated: readonly { readonly place: string; readonly old: string; readonly current: string }[]
}

/**
 * The configuration of one program, read once. Modules ask for their groups and get typed values; faults are collected and
 * thrown together by `finish`. Reading again (SIGHUP) is another `load`.
 */
export class Config {
  /** Paths of the files that were read, those that win last. */
  readonly files: readonly string[]
  readonly #layers: Layers
  /** Declared options by key. */
  readonly #specs = new Map<string, OptionSpec>()
  /** Current keys by deprecated ones. */
  readonly #current = new Map<string, string>()
  /** Keys that were asked for, deprecated ones too. */
  readonly #asked = new Set<string>()
  readonly #faults = new Map<string, Fault>()
  readonly #deprecated = new Map<string, ConfigReport['deprecated'][number]>()

  private constructor(options: LoadOptions, sources: Sources) {
    const { env, overrides = {}, defaults = {}, declared = [] } = options
    this.files = sources.files.map(({ path }) => path)
    this.#layers = new Layers({ sources, env, overrides, defaults })
    for (const { group, options } of declared) this.#declare(group, options)
    for (const fault of sources.faults) this.#faults.set(fault.place, fault)
  }

  /** Reads all files. Never throws for what they hold: faults wait for `finish`. */
  static async load(options: LoadOptions): Promise<Config> {
    return new Config(options, await readSources(options))
  }

  /**
   * The values of a section. An option with a wrong value has its default and is recorded as a fault.
   * Any number of modules may ask for options of the same section.
   */
  group<G extends OptionGroup>(group: string, options: G): Values<G> {
    this.#declare(group, options)
    const values = Object.entries(options).map(([name, spec]) => {
      for (const key of keysOf({ group, name, spec })) this.#asked.add(key)
      return [name, this.#value({ group, name, spec })]
    })
    return Object.fromEntries(values) as Values<G>
  }

  /** True if a file has this section or the environment sets one of its options. */
  has(group: string): boolean {
    return this.#layers.hasSection(group)
  }

  /** True if the option has a value of the operator, be it the same as the default. */
  isSet(group: string, name: string): boolean {
    return (this.#find({ group, name })?.place ?? ownDefault) !== ownDefault
  }

  /** Records that the value of an option cannot be used, for checks beyond its type. `problem` must hold no secret. */
  refuse(option: { group: string; name: string }, problem: string): void {
    const { secret = false } = this.#specs.get(optionKey(option.group, option.name)) ?? {}
    this.#fault({ ...option, secret, found: this.#find(option), problem })
  }

  /**
   * Ends the reading of options.
   * @throws ConfigError with every fault of every file and option
   */
  finish(known: KnownOptions): ConfigReport {
    if (this.#faults.size > 0) throw new ConfigError([...this.#faults.values()])
    const leftovers: Leftover[] = []
    for (const [key, { section, name, place }] of this.#layers.settings()) {
      if (!this.#asked.has(key)) leftovers.push({ place, group: normalizeGroup(section), option: name })
    }
    return { ...sortLeftovers(leftovers, this.#names(known)), deprecated: [...this.#deprecated.values()] }
  }

  #declare(group: string, options: OptionGroup): void {
    for (const [name, spec] of Object.entries(options)) {
      const [key = '', ...old] = keysOf({ group, name, spec })
      this.#specs.set(key, spec)
      for (const oldKey of old) this.#current.set(oldKey, key)
    }
  }

  #find({ group, name }: { group: string; name: string }): Found | undefined {
    const spec = this.#specs.get(optionKey(group, name))
    return this.#layers.find(spec ? keysOf({ group, name, spec }) : [optionKey(group, name)], {
      multi: spec?.type === 'multi',
    })
  }

  #value({ group, name, spec }: { group: string; name: string; spec: OptionSpec }): OptionValue {
    const found = this.#find({ group, name })
    const key = optionKey(group, name)
    if (found && found.key !== key) {
      this.#deprecated.set(found.key, { place: found.place, old: found.key, current: key })
    }
    const texts = found?.texts ?? (typeof spec.default === 'string' ? [spec.default] : undefined)
    if (texts === undefined) return spec.default
    try {
      const conversion = convert(
        texts.map((text) => this.#substitute(text, { group, within: [key] })),
        spec,
      )
      if ('value' in conversion) return conversion.value
      this.#fault({ group, name, secret: spec.secret ?? false, found, problem: `expected ${conversion.expected}` })
    } catch (error) {
      if (!(error instanceof ReferenceFault)) throw error
      const problem = spec.secret ? 'a $reference in it cannot be resolved' : error.message
      const hint = '; a plain dollar sign is written $$'
      this.#fault({ group, name, secret: spec.secret ?? false, found, problem: problem + hint })
    }
    return spec.default
  }

  #substitute(text: string, context: { group: string; within: readonly string[] }): string {
    return substitute(text, (reference) => {
      const dot = reference.indexOf('.')
      const places =
        dot < 0
          ? [optionKey(context.group, reference), optionKey('DEFAULT', reference)]
          : [optionKey(reference.slice(0, dot), reference.slice(dot + 1))]
      for (const place of places) {
        const key = this.#specs.has(place) ? place : (this.#current.get(place) ?? place)
        const [group = '', name = ''] = key.split('/')
        const spec = this.#specs.get(key)
        const target = this.#find({ group, name })?.texts.at(-1) ?? (spec && defaultText(spec))
        if (target === undefined) continue
        if (context.within.includes(key)) throw new ReferenceFault(`$${reference} refers to itself`)
        return this.#substitute(target, { group, within: [...context.within, key] })
      }
      throw new ReferenceFault(`$${reference} is no option`)
    })
  }

  #fault(fault: { group: string; name: string; secret: boolean; found: Found | undefined; problem: string }): void {
    const { group, name, found, problem } = fault
    const text = found?.texts.at(-1)
    this.#faults.set(optionKey(group, name), {
      place: found?.place ?? ownDefault,
      group,
      option: name,
      ...(fault.secret || text === undefined ? {} : { found: JSON.stringify(text) }),
      problem,
    })
  }

  /** All names of options by group: those of Glance and those declared here. */
  #names(known: KnownOptions): ReadonlyMap<string, ReadonlySet<string>> {
    const names = new Map(Object.entries(known.groups).map(([group, options]) => [group, new Set(options)]))
    for (const key of [...this.#specs.keys(), ...this.#asked]) {
      const [group = '', name = ''] = key.split('/')
      if (!names.has(group)) names.set(group, new Set(known.anyGroup))
      names.get(group)?.add(name)
    }
    return names
  }
}

class ReferenceFault extends Error {}

function defaultText(spec: OptionSpec): string {
  return spec.default === null ? '' : String(spec.default)
}
