/** What one location of S3 data says. */
export interface S3Location {
  readonly scheme: string
  readonly credentials: S3Credentials | undefined
  /** Host, with port and path if there are any. */
  readonly host: string
  readonly bucket: string
  readonly key: string
}

export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

export const s3Schemes = ['s3', 's3+http', 's3+https'] as const

/**
 * Reads `s3://ACCESS:SECRET@host/bucket/key`. A secret may hold slashes, so no URL parser can read it.
 * @returns undefined if it is no such location
 * @see glance_store `_drivers/s3.py` `StoreLocation.parse_uri`
 */
export function parseS3Location(url: string): S3Location | undefined {
  const [, scheme = '', rest = ''] = /^(s3|s3\+http|s3\+https):\/\/(.+)$/s.exec(url) ?? []
  const at = rest.lastIndexOf('@')
  const [, host, bucket, key] = /^(.+)\/([^/]+)\/([^/]+)$/s.exec(rest.slice(at + 1)) ?? []
  if (host === undefined || bucket === undefined || key === undefined) return undefined
  const [, accessKey, secretKey] = /^([^:]+):(.+)$/s.exec(rest.slice(0, Math.max(0, at))) ?? []
  const credentials = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey }
  return { scheme, credentials, host, bucket, key }
}

export function formatS3Location({ scheme, credentials, host, bucket, key }: S3Location): string {
  const names = credentials === undefined ? '' : `${credentials.accessKey}:${credentials.secretKey}@`
  return `${scheme}://${names}${host}/${bucket}/${key}`
}
