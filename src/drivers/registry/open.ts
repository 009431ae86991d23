import type { Logger } from '../../ports/logger.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { withEncryptedLocations } from '../db/encryption/encrypted-locations.ts'
import { LocationCipher } from '../db/encryption/location-cipher.ts'
import { type ServiceAccount, serviceClient } from '../identity/service-client.ts'
import { RegistryConnection } from './connection.ts'
import type { RegistryClientConfig } from './options.ts'
import { remoteRepositories } from './remote-repositories.ts'

/**
 * The repositories of the glance-registry that `config` names. It is connected to when it is needed, and again after it was
 * away. With a key the registry, too, sees the URLs of locations in encrypted form only.
 */
export function openRegistry(options: {
  config: RegistryClientConfig
  /** With which this service proves itself; null: the registry asks nobody. */
  account: ServiceAccount | null
  log: Logger
  locationKey?: string | null
}): Repositories {
  const { config, account, log, locationKey } = options
  const tokens = account ? serviceClient(account) : undefined
  const repositories = remoteRepositories(new RegistryConnection({ config, tokens, log }))
  return locationKey ? withEncryptedLocations(repositories, new LocationCipher(locationKey)) : repositories
}
