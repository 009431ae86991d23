import { GlimpseError } from '../../errors/error.ts'

/**
 * A page size that a query string asks for.
 * @throws bad_request unless it is an integer, as Python reads one, of `least` or more
 */
export function readPageSize(text: string, { least = 0 }: { least?: number } = {}): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    throw new GlimpseError('bad_request', { reason: 'limit param must be an integer' })
  }
  if (Number(text) < least) throw new GlimpseError('bad_request', { reason: 'limit param must be positive' })
  return Number(text)
}
