import type { Repositories } from '../../ports/repositories.ts'
import { type PortName, portCommands } from '../../registry/commands.ts'
import type { RegistryConnection } from './connection.ts'

/** The repositories of a glance-registry: every function of every port is one question to it. `close` closes the connection. */
export function remoteRepositories(connection: RegistryConnection): Repositories {
  const ports = Object.entries(portCommands).map(([port, methods]) => {
    const functions = Object.keys(methods).map((method) => {
      const name = `${port}.${method}`
      return [method, (...args: unknown[]) => connection.call(name, args)]
    })
    return [port, Object.fromEntries(functions)]
  })
  return {
    ...(Object.fromEntries(ports) as Pick<Repositories, PortName>),
    prepare: async () => void (await connection.call('prepare')),
    ping: async () => void (await connection.call('ping')),
    close: () => connection.close(),
  }
}
