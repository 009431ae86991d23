import { Command, CommanderError } from 'commander'
import { addConnectionOptions } from '../cli/context.ts'
import { addImageCommands } from '../cli/image/commands.ts'
import { addServiceCommands } from '../cli/service/commands.ts'

/** Programs that take their arguments as they are. */
const passThrough: Readonly<
  Record<string, { help: string; load: () => Promise<{ main: (argv: string[]) => Promise<number> }> }>
> = {
  api: { help: 'run the image service (glance-api)', load: () => import('./api.ts') },
  manage: { help: 'manage the database (glance-manage)', load: () => import('./manage.ts') },
  scrubber: { help: 'remove the data of deleted images (glance-scrubber)', load: () => import('./scrubber.ts') },
  policy: {
    help: 'print rules, and tell what a caller may do (glance-policy)',
    load: () => import('./policy-command.ts'),
  },
}

/** The front of all programs, and a small client. Usage errors give 2, others are thrown. */
export async function main(argv: string[]): Promise<number> {
  const [first = '', ...rest] = argv
  const other = Object.hasOwn(passThrough, first) ? passThrough[first] : undefined
  if (other) return (await other.load()).main(rest)
  let exitCode = 0
  const program = buildProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('glimpse')
    .description('The OpenStack Image service, and a small client of it.')
    .exitOverride()
    .showHelpAfterError("('--help' shows what there is)")
    .configureHelp({ showGlobalOptions: false })
    .option('--debug', 'show where in the program an error comes from')
  addConnectionOptions(program)
  addServiceCommands(program, setExitCode)
  for (const [name, { help }] of Object.entries(passThrough)) program.command(name).description(help)
  addImageCommands(program)
  return program
}
