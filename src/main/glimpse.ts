import { Command, CommanderError } from 'commander'
import { addConnectionOptions } from '../cli/context.ts'
import { addImageCommands } from '../cli/image/commands.ts'
import { addServiceCommands } from '../cli/service/commands.ts'
import { programs } from './programs.ts'

/** The front of all programs, and a small client. Usage errors give 2, others are thrown. */
export async function main(argv: string[]): Promise<number> {
  const [first = '', ...rest] = argv
  let exitCode = 0
  const client = buildClient((code) => {
    exitCode = code
  })
  const others = frontNames(client)
  const name = others.get(first) ?? first
  const other = programs[name]
  if (other) {
    process.title = name
    return (await other.load()).main(rest)
  }
  client.commandsGroup('Programs (by their full names too):')
  for (const [front, name] of others) client.command(front).description(`${programs[name]?.summary} (${name})`)
  try {
    await client.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

/** The programs by the names that they have here: short ones, unless the client has a command of that name. */
function frontNames(client: Command): ReadonlyMap<string, string> {
  const taken = new Set(client.commands.map((command) => command.name()))
  return new Map(
    Object.keys(programs).map((name) => {
      const short = name.replace(/^glance-/, '')
      return [taken.has(short) ? name : short, name]
    }),
  )
}

function buildClient(setExitCode: (code: number) => void): Command {
  const program = new Command('glimpse')
    .description('The OpenStack Image service, and a small client of it.')
    .exitOverride()
    .showHelpAfterError("('--help' shows what there is)")
    .configureHelp({ showGlobalOptions: false })
    .option('--debug', 'show where in the program an error comes from')
  addConnectionOptions(program)
  addServiceCommands(program, setExitCode)
  addImageCommands(program)
  return program
}
