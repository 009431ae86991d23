import { GlimpseError } from '../../../errors/error.ts'

/** A failure that goes away when the whole transaction is run again: deadlock, connection lost before commit. */
export class RetriableError extends Error {
  override readonly name = 'RetriableError'

  /** The server has undone the transaction because of another one; the connection is sound. */
  get isCollision(): boolean {
    return this.message === 'collision'
  }
}

/** A row with the same unique key exists. */
export class DuplicateKeyError extends Error {
  override readonly name = 'DuplicateKeyError'
}

/** The error for a database that does not answer, or answers that it cannot work now. */
export function unavailable(cause: unknown): GlimpseError {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new GlimpseError('database_unavailable', { reason }, { cause })
}

/** The error for a value that its column cannot hold. */
export function unfit(cause: unknown): GlimpseError {
  return new GlimpseError('bad_request', { reason: 'A value does not fit into its database column.' }, { cause })
}
