import { readExpectedDigests } from '../../domain/data/expected-digests.ts'
import { type ImportMethod, type ImportRequest, importMethods } from '../../domain/import/import-request.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { Json } from '../../ports/jobs.ts'
import { isObject } from '../body.ts'

/**
 * Reads the body of `POST /v2/images/{id}/import`.
 * @param options `enabled`: `enabled_import_methods`; `headerStore`: `x-image-meta-store`
 * @throws bad_request
 * @see glance `api/v2/images.py` `_validate_import_body`
 */
export function readImport(
  body: unknown,
  { enabled, headerStore }: { enabled: readonly string[]; headerStore: string | undefined },
): ImportRequest {
  if (!isObject(body) || !isObject(body.method)) refuse("Import request requires a 'method' field.")
  const { method, stores, all_stores_must_succeed: mustSucceed = true, all_stores: all = false } = body
  const { name, uri, digest = {} } = method as Readonly<Record<string, unknown>>
  if (name === undefined) refuse("Import request requires a 'name' field.")
  if (!isMethod(name) || !enabled.includes(name)) refuse(`Unknown import method name '${String(name)}'.`)
  if (typeof mustSucceed !== 'boolean') refuse("'all_stores_must_succeed' must be boolean value only")
  if (typeof all !== 'boolean') refuse("'all_stores' must be boolean value only")
  if (stores !== undefined && !isListOfText(stores)) refuse("'stores' must be a list of the ids of stores")
  if (!isObject(digest)) refuse("'digest' must name digests by their algorithms")
  return {
    method: name,
    uri: typeof uri === 'string' ? uri : null,
    ...(stores === undefined ? {} : { stores }),
    ...(headerStore === undefined ? {} : { headerStore }),
    allStores: all,
    allStoresMustSucceed: mustSucceed,
    expected: readExpectedDigests(digest as Readonly<Record<string, unknown>>),
    body: body as { readonly [name: string]: Json },
  }
}

function isMethod(name: unknown): name is ImportMethod {
  return importMethods.some((method) => method === name)
}

function isListOfText(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function refuse(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}
