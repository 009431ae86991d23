import type { Repositories } from '../../ports/repositories.ts'
import { centralCacheRecords } from '../../registry/cache-accounts.ts'
import { portCommands, type RegistryPorts } from '../../registry/commands.ts'
import type { RegistryConnection } from './connection.ts'

/** The repositories of a glance-registry: every function of every port is one question to it. `close` closes the connection. */
export function remoteRepositories(connection: RegistryConnection): Repositories {
  const { caches, database, ...ports } = remotePorts(connection)
  return {
    ...ports,
    ...database,
    caches: centralCacheRecords(caches),
    close: () => connection.close(),
  }
}

function remotePorts(connection: RegistryConnection): RegistryPorts {
  const ports = Object.entries(portCommands).map(([port, methods]) => {
    const functions = Object.keys(methods).map((method) => {
      const name = `${port}.${method}`
      return [method, (...args: unknown[]) => connection.call(name, args)]
    })
    return [port, Object.fromEntries(functions)]
  })
  return Object.fromEntries(ports) as RegistryPorts
}
