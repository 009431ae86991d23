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
    | { readonly type: 'string'; readonly default: string | null; readonly choices?: readonly string[] }
    | { readonly type: 'integer'; readonly default: number | null; readonly min?: number; readonly max?: number }
    | { readonly type: 'float'; readonly default: number | null; readonly min?: number; readonly max?: number }
    | { readonly type: 'boolean'; readonly default: boolean }
    /** Comma-separated, `[a,b]` allowed. */
    | { readonly type: 'list'; readonly default: readonly string[] }
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
