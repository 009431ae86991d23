import { GlimpseError } from '../../../errors/error.ts'

/**
 * Refuses characters outside Unicode's basic plane: Glance's tables on MySQL cannot hold them, and the API promises the
 * same on every database.
 * @throws bad_request
 * @see glance `common/utils.py`: `no_4byte_params`
 */
export function refuseWideCharacters(texts: Iterable<unknown>): void {
  for (const text of texts) {
    if (typeof text === 'string' && /[\ud800-\udfff]/.test(text)) {
      throw new GlimpseError('bad_request', { reason: 'Characters of 4 bytes in UTF-8 are not supported.' })
    }
  }
}
