/**
 * Declaration of configuration options. An option is declared once, beside its user; the type of its value, the parser,
 * the sample files and docs/configuration.md all come from the declaration.
 */
interface OptionBase {
  readonly help: string
  /** Unit of a number: `bytes`, `seconds`, `MiB`, ... */
  readonly unit?: string
  /** Other places where the value may stand, as `group/name`, or `name` within the same group; newest first. */
  readonly deprecatedNames?: readonly string[]
  /** Never logged, never printed. */
  readonly secret?: true
  /** Glance has no such option. */
  readonly ours?: true
}

export type OptionSpec = OptionBase &
  (
    | {
        readonly type: 'string'
        readonly default: string | null
        readonly choices?: readonly string[]
        /** `choices` are compared without regard to case; the value is then given as it stands in `choices`. */
        readonly ignoreCase?: true
        /** The value must be an IP address or a host name. */
        readonly format?: 'host'
      }
    | { readonly type: 'integer'; readonly default: number | null; readonly min?: number; readonly max?: number }
    | { readonly type: 'float'; readonly default: number | null; readonly min?: number; readonly max?: number }
    | { readonly type: 'boolean'; readonly default: boolean }
    /** Comma-separated; an element holds a comma only within quotes, where `quotes` allows them. */
    | {
        readonly type: 'list'
        readonly default: readonly string[]
        /** The whole list stands in brackets: `[a,b]`. */
        readonly bounds?: true
        /** Elements may stand in single or double quotes. */
        readonly quotes?: true
        /** What elements may be. */
        readonly choices?: readonly string[]
      }
    /** `key:value,key:value`. */
    | { readonly type: 'dict'; readonly default: Readonly<Record<string, string>> }
    /** The option may be repeated; each occurrence is one element. */
    | { readonly type: 'multi'; readonly default: readonly string[] }
  )

export type OptionGroup = Readonly<Record<string, OptionSpec>>

type ValueOf<S extends OptionSpec> = S extends { type: 'boolean' }
  ? boolean
  : S extends { type: 'list' | 'multi' }
    ? readonly string[]
    : S extends { type: 'dict' }
      ? Readonly<Record<string, string>>
      : S extends { type: 'integer' | 'float' }
        ? S['default'] extends number
          ? number
          : number | null
        : S['default'] extends string
          ? string
          : string | null

/** The values of a group, option name by option name. */
export type Values<G extends OptionGroup> = { readonly [K in keyof G]: ValueOf<G[K]> }
