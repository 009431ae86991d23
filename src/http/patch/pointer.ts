import { GlimpseError } from '../../errors/error.ts'

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

/**
 * Splits a JSON pointer of the limited form that image patches use.
 * @throws bad_request
 * @see glance `api/v2/images.py` `_validate_json_pointer`, `_decode_json_pointer`
 */
export function parsePointer(pointer: unknown): string[] {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) bad(`Pointer \`${pointer}\` does not start with "/".`)
  if (/\/\s*?\//.test(pointer.slice(1))) bad(`Pointer \`${pointer}\` contains adjacent "/".`)
  if (pointer.length > 1 && pointer.endsWith('/')) bad(`Pointer \`${pointer}\` ends with "/".`)
  if (/~[^01]/.test(pointer) || pointer.endsWith('~')) {
    bad(`Pointer \`${pointer}\` contains "~" not part of a recognized escape sequence.`)
  }
  return pointer
    .replace(/^\/+/, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~').trim())
}
