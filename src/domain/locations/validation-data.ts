import { createHash } from 'node:crypto'
import { GlimpseError } from '../../errors/error.ts'
import { nodeHashName } from '../data/hash-names.ts'

/** A hash that the caller vouches for. */
export interface ValidationData {
  readonly os_hash_algo: string
  readonly os_hash_value: string
}

/** @throws bad_request if the value is no digest of that algorithm. @see glance `api/v2/images.py` `_validate_hashing_data` */
export function requireDigest({ os_hash_algo: algorithm, os_hash_value: value }: ValidationData): void {
  const bytes = createHash(nodeHashName(algorithm) ?? algorithm).digest().length
  if (/^([0-9a-f]{2})*$/i.test(value) && value.length === bytes * 2) return
  throw new GlimpseError('bad_request', { reason: `os_hash_value must have ${bytes} bytes in hexadecimal.` })
}
