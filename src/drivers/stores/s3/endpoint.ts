import { isIP } from 'node:net'
import type { S3StoreConfig } from './options.ts'

/** Where the S3 service is and how it is spoken to. */
export interface S3Endpoint {
  /** With `http://` or `https://`. */
  readonly url: string
  /** Scheme of locations: `s3` or `s3+https`. */
  readonly scheme: 's3' | 's3+https'
  /** As locations name it. */
  readonly host: string
  readonly region: string
  readonly forcePathStyle: boolean
}

/**
 * Reads `s3_store_host` with the options beside it.
 * @see glance_store `_drivers/s3.py` `configure_add`, `get_s3_location`
 */
export function s3Endpoint(config: S3StoreConfig): S3Endpoint {
  const text = config.s3_store_host ?? ''
  const isTls = text.startsWith('https://')
  const host = text.replace(/^https?:\/\//, '').replace(/^\/+|\/+$/g, '')
  const name = host.replace(/[:/].*$/, '')
  const format = config.s3_store_bucket_url_format
  const bucket = config.s3_store_bucket ?? ''
  const isVirtual = format === 'virtual' || (format === 'auto' && isAmazon(name) && isDnsName(bucket))
  return {
    url: `${isTls ? 'https' : 'http'}://${host}`,
    scheme: isTls ? 's3+https' : 's3',
    host,
    region: config.s3_store_region_name || amazonRegion(name) || 'us-east-1',
    forcePathStyle: !isVirtual,
  }
}

/** True if the bucket can stand in a host name. */
export function isDnsName(bucket: string): boolean {
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(bucket) && isIP(bucket) === 0
}

function isAmazon(host: string): boolean {
  return /\.amazonaws\.com(\.cn)?$/.test(host)
}

/** `s3.eu-west-1.amazonaws.com` and the older `s3-eu-west-1.amazonaws.com`. */
function amazonRegion(host: string): string | undefined {
  return /^s3[.-](?:dualstack\.)?([a-z]+(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1]
}
