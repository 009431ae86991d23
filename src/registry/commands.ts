import type { Repositories } from '../ports/repositories.ts'
import { type CommandsOf, repeatable } from './command.ts'
import { imageCommands, memberCommands, scrubCommands } from './image-commands.ts'
import { metadefCommands } from './metadef-commands.ts'
import { auditCommands, findingCommands, passCommands, walkCommands } from './pass-commands.ts'
import { replicationCommands } from './replication-commands.ts'
import type { Shape } from './shape.ts'
import { jobCommands, quotaCommands, taskCommands } from './work-commands.ts'

/** The repositories whose functions are all questions. */
export type PortName = Exclude<keyof Repositories, 'caches' | 'prepare' | 'ping' | 'close'>

/**
 * All that the registry can be asked: every function of every repository. A function or an argument that a port gains must be
 * named here; the compiler says so.
 */
export const portCommands: { readonly [P in PortName]: CommandsOf<Repositories[P]> } = {
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
  replication: replicationCommands,
}

/** A command of which nothing is known but that it has one. */
export interface AnyCommand {
  readonly args: readonly Pick<Shape<unknown>, 'differs' | 'pick'>[]
  readonly repeatable: boolean
}

/** Commands by name: `images.get`, ..., and `prepare` and `ping`, which concern the database as a whole. */
export const commands: ReadonlyMap<string, AnyCommand> = new Map<string, AnyCommand>([
  ['prepare', repeatable()],
  ['ping', repeatable()],
  ...Object.entries(portCommands).flatMap(([port, methods]) =>
    Object.entries<AnyCommand>(methods).map(([method, command]): [string, AnyCommand] => [
      `${port}.${method}`,
      command,
    ]),
  ),
])
