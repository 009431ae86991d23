import { catalog, type ErrorCode, type ErrorParams } from './catalog.ts'

/**
 * The one error class. `code` names an entry of the catalogue, which holds the HTTP status and the text;
 * `params` are checked by the compiler against that entry.
 */
export class GlimpseError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C
  readonly status: number
  readonly params: ErrorParams<C>
  override readonly name = 'GlimpseError'

  constructor(code: C, params: ErrorParams<C>, options?: { cause?: unknown }) {
    const entry = catalog[code]
    super((entry.message as (p: ErrorParams<C>) => string)(params), options)
    this.code = code
    this.status = entry.status
    this.params = params
  }
}

/** True if `error` is a `GlimpseError` with that code. */
export function hasCode<C extends ErrorCode>(error: unknown, code: C): error is GlimpseError<C> {
  return error instanceof GlimpseError && error.code === code
}
