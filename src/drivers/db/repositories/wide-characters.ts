import { GlimpseError } from '../../../errors/error.ts'

/**
 * Refuses characters outside Unicode's basic plane: Glance's tables on MySQL cannot hold them, and the API promises the
 * same on every database.
 * @throws bad_request
 * @see glance `common/utils.py`: `no_4byte_params`
 */
export function refuseWideCharacters(texts: Iterable<unknown>): void {
  for (const text of texts) {
    if (isWide(text)) {
      throw new GlimpseError('bad_request', { reason: 'Characters of 4 bytes in UTF-8 are not supported.' })
    }
  }
}

/** True for text that no column holds, so that nothing is equal to it; MySQL fails to compare it. */
export function isWide(text: unknown): boolean {
  return typeof text === 'string' && /[\ud800-\udfff]/.test(text)
}
