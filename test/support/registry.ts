import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { Policy } from '../../src/domain/policy/policy.ts'
import { openNoIdentity } from '../../src/drivers/identity/none.ts'
import { openRegistry } from '../../src/drivers/registry/open.ts'
import type { RegistryClientConfig } from '../../src/drivers/registry/options.ts'
import { createRegistryApp } from '../../src/http/registry/registry-app.ts'
import type { IdentityService } from '../../src/ports/identity.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { Repositories } from '../../src/ports/repositories.ts'

export const silentLog: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

/** A registry with the built-in policy, which listens nowhere yet. */
export function registryApp({
  repositories,
  identity = openNoIdentity(),
  log = silentLog,
}: {
  repositories: Repositories
  identity?: IdentityService | undefined
  log?: Logger
}) {
  return createRegistryApp({
    repositories,
    identity,
    policy: new Policy({ enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' }),
    log,
    metrics: new Registry(),
    config: {
      maxRequestIdLength: 64,
      healthcheck: {
        path: '/healthcheck',
        detailed: false,
        backends: [],
        disable_by_file_path: '',
        disable_by_file_paths: [],
      },
    },
  })
}

/** Serves the repositories at a port of its own of this machine. */
export async function startRegistry(
  repositories: Repositories,
  { identity, port = 0 }: { identity?: IdentityService; port?: number } = {},
): Promise<{ port: number; url: string; close(): Promise<void> }> {
  const app = registryApp({ repositories, identity })
  await app.listen({ port, host: '127.0.0.1' })
  const { port: actual } = app.server.address() as AddressInfo
  return { port: actual, url: `http://127.0.0.1:${actual}`, close: () => app.close() }
}

/** How an API node reaches a registry at that port. */
export function clientConfig(port: number): RegistryClientConfig {
  return {
    data_api: 'glance.db.registry.api',
    registry_host: '127.0.0.1',
    registry_port: port,
    registry_client_protocol: 'http',
    registry_client_ca_file: null,
    registry_client_cert_file: null,
    registry_client_key_file: null,
    registry_client_insecure: false,
    registry_client_timeout: 30,
  }
}

/** The repositories as an API node without a database sees them: behind a registry. Closing them closes everything. */
export async function throughRegistry(repositories: Repositories): Promise<Repositories> {
  const registry = await startRegistry(repositories)
  const remote = openRegistry({ config: clientConfig(registry.port), account: null, log: silentLog })
  return {
    ...remote,
    async close() {
      await remote.close()
      await registry.close()
      await repositories.close()
    },
  }
}
