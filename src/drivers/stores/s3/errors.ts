import { GlimpseError } from '../../../errors/error.ts'

/** What the SDK tells of a failure. */
interface S3Failure {
  readonly name?: string
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const fullCodes: ReadonlySet<string> = new Set(['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull'])

/** HTTP status of the answer; undefined if there was none. */
export function s3Status(error: unknown): number | undefined {
  return (error as S3Failure | undefined)?.$metadata?.httpStatusCode
}

/** True if the service knows the request but not what it asks for. */
export function isUnsupported(error: unknown): boolean {
  return s3Status(error) === 501
}

/** Turns a failure of the SDK into an error of the catalogue. No text of the service is repeated: it may name keys. */
export function translateS3Error(
  error: unknown,
  { storeId, key, isWrite }: { storeId: string; key: string; isWrite: boolean },
): GlimpseError {
  if (error instanceof GlimpseError) return error
  const store = storeId
  const { name = '', code } = error as S3Failure
  const status = s3Status(error)
  if (fullCodes.has(name) || status === 507) return new GlimpseError('storage_full', { store }, { cause: error })
  if (status === 404 && !isWrite) return new GlimpseError('blob_not_found', { store }, { cause: error })
  if (status === 412) return new GlimpseError('blob_exists', { key }, { cause: error })
  if (status === 403 && isWrite) return new GlimpseError('storage_write_denied', { store }, { cause: error })
  const reason = status === undefined ? (code ?? name) : `the service answers ${status} ${name}`
  return new GlimpseError('store_unavailable', { store, reason }, { cause: error })
}

/** True if the service refused the credentials. */
export function isDenied(error: unknown): boolean {
  return error instanceof GlimpseError && s3Status(error.cause) === 403
}

/** True if the service answered and the fault lies with what was asked, not with the service. */
export function isCallersFault(error: unknown): boolean {
  const status = error instanceof GlimpseError ? s3Status(error.cause) : undefined
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
}
