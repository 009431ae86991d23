import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]`: limits and digests of image data. @see glance `common/config.py` */
export const imageDataOptions = {
  image_size_cap: {
    type: 'integer',
    default: 1_099_511_627_776,
    min: 1,
    max: 2 ** 63,
    unit: 'bytes',
    help: 'Largest image that can be uploaded.',
  },
  user_storage_quota: {
    type: 'string',
    default: '0',
    help: 'Most data that one project may keep, over all stores: a number of bytes, or with a unit as in `500MB` (B, KB, MB, GB, TB). 0: no limit.',
  },
  hashing_algorithm: {
    type: 'string',
    default: 'sha512',
    help: 'Digest of image data beside the md5 checksum, by the name that Python gives it (`sha256`, `sha512`, `sha3_256`, `blake2b`, ...).',
  },
} as const satisfies OptionGroup
export type ImageDataConfig = Values<typeof imageDataOptions>

const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 }

/** Bytes that `user_storage_quota` allows, null without a limit; undefined if it cannot be read. */
export function parseStorageQuota(text: string): number | null | undefined {
  const match = /^(\d+)((?:[KMGT]?B)?)$/i.exec(text.trim())
  const factor = units[match?.[2]?.toLowerCase() ?? '?']
  if (match === null || factor === undefined) return undefined
  const bytes = Number(match[1]) * factor
  return bytes > 0 ? bytes : null
}
