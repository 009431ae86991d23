import { GlimpseError } from '../../errors/error.ts'

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

/**
 * Checks where a task of type `import` is to take its data from: a web address.
 * @returns that address. @throws bad_request
 * @see glance `common/scripts/utils.py` `validate_location_uri`
 */
export function requireImportSource(source: unknown): string {
  if (!source || typeof source !== 'string') bad('The task does not say where to import from (import_from).')
  if (/^https?:\/\//.test(source)) return source
  if (/^file(system)?:\/\/\//.test(source))
    bad('Files of the service cannot be imported; import_from must be a web address.')
  return bad('import_from must begin with http:// or https://.')
}
