import type { Config } from '../config/config.ts'
import { locationOptions } from '../domain/locations/options.ts'
import { isLocationKey } from '../drivers/db/encryption/location-cipher.ts'

/** Reads `metadata_encryption_key`; null without one. */
export function readLocationKey(config: Config): string | null {
  const { metadata_encryption_key: key } = config.group('DEFAULT', locationOptions)
  if (key === null || key === '') return null
  if (!isLocationKey(key)) {
    config.refuse({ group: 'DEFAULT', name: 'metadata_encryption_key' }, 'expected a key of 16, 24 or 32 bytes')
  }
  return key
}
