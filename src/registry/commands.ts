import type { Repositories } from '../ports/repositories.ts'
import { type CacheAccounts, cacheAccounts, cacheCommands } from './cache-accounts.ts'
import { type CommandsOf, repeatable } from './command.ts'
import { imageCommands, memberCommands, scrubCommands } from './image-commands.ts'
import { metadefCommands } from './metadef-commands.ts'
import { auditCommands, findingCommands, passCommands, reapCommands, walkCommands } from './pass-commands.ts'
import { replicationCommands } from './replication-commands.ts'
import type { Shape } from './shape.ts'
import { jobCommands, quotaCommands, taskCommands } from './work-commands.ts'

/** What concerns the database as a whole. */
type Whole = Pick<Repositories, 'prepare' | 'ping'>

/** All functions that a registry offers, by port. */
export type RegistryPorts = Omit<Repositories, 'caches' | 'close' | keyof Whole> & {
  readonly caches: CacheAccounts
  readonly database: Whole
}

/**
 * All that the registry can be asked: every function of every repository. A function or an argument that a port gains must be
 * named here; the compiler says so.
 */
export const portCommands: { readonly [P in keyof RegistryPorts]: CommandsOf<RegistryPorts[P]> } = {
  images: imageCommands,
  members: memberCommands,
  tasks: taskCommands,
  scrub: scrubCommands,
  jobs: jobCommands,
  metadefs: metadefCommands,
  quota: quotaCommands,
  passes: passCommands,
  findings: findingCommands,
  walk: walkCommands,
  audit: auditCommands,
  reap: reapCommands,
  replication: replicationCommands,
  caches: cacheCommands,
  database: { prepare: repeatable(), ping: repeatable() },
}

/** A command of which nothing is known but that it has one. */
export interface AnyCommand {
  readonly args: readonly Pick<Shape<unknown>, 'differs' | 'pick'>[]
  readonly repeatable: boolean
}

/** Commands by name: `images.get`, ... */
export const commands: ReadonlyMap<string, AnyCommand> = new Map(
  Object.entries(portCommands).flatMap(([port, methods]) =>
    Object.entries<AnyCommand>(methods).map(([method, command]): [string, AnyCommand] => [
      `${port}.${method}`,
      command,
    ]),
  ),
)

/** What a registry offers of its repositories. */
export function portsOf(repositories: Repositories): RegistryPorts {
  const database = { prepare: () => repositories.prepare(), ping: () => repositories.ping() }
  return { ...repositories, caches: cacheAccounts(repositories.caches), database }
}
