import { GlimpseError } from '../../errors/error.ts'
import { isDigest } from '../data/expected-digests.ts'
import { nodeHashName } from '../data/hash-names.ts'

/** A hash that the caller vouches for. */
export interface ValidationData {
  readonly os_hash_algo: string
  readonly os_hash_value: string
}

/** @throws bad_request if the value is no digest of that algorithm. @see glance `api/v2/images.py` `_validate_hashing_data` */
export function requireDigest({ os_hash_algo: algorithm, os_hash_value: value }: ValidationData): void {
  if (isDigest(nodeHashName(algorithm) ?? algorithm, value)) return
  throw new GlimpseError('bad_request', { reason: `os_hash_value must be a digest by ${algorithm} in hexadecimal.` })
}
