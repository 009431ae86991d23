import { appendFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addConnectionOptions, interruptible, settingsSource } from '../cli/context.ts'
import { replicatorOptions } from '../cli/replicator/options.ts'
import { Report } from '../cli/replicator/report.ts'
import { openSide } from '../cli/replicator/sides.ts'
import { Config } from '../config/config.ts'
import { knownOptions } from '../config/known-options.ts'
import { addConfigOptions, readConfigOptions, type ServiceArguments } from './arguments.ts'
import { loggingOptions, logPath } from './logging.ts'
import { chapters } from './options.ts'
import { commands, type Invocation, type ReplicatorCommand } from './replicator-commands.ts'
import { version } from './version.ts'

interface Flags {
  readonly [name: string]: unknown
  readonly verbose?: true
  /** `-l` */
  readonly l?: string
}

const notes = `
A service is named by host:port, by a URL (http://host:port/prefix, https://...), or by a cloud of clouds.yaml. Tokens come
from -t, -M and -S, or from token, sourcetoken and targettoken in glance-replicator.conf, else from the credentials of the
connection options; a cloud has its own. Only an administrator sees the images of all projects and keeps their owners.

glance-replicator stores works within one service: it brings images to the stores that rules name (see its --help).

Exit codes: 0 done; 1 something failed, after all else was done, or the command line is wrong.`

/**
 * `glance-replicator`. @returns the exit code: 0, or 1 if an image failed or the command line is wrong
 * @see glance `cmd/replicator.py`
 */
export async function main(argv: string[]): Promise<number> {
  if (argv[0] === 'stores') return keepStores(argv.slice(1))
  let exitCode = 0
  const program = buildProgram()
  for (const [name, spec] of Object.entries(commands)) {
    const command = program.command(name).description(spec.summary)
    for (const argument of spec.args) command.argument(...argument)
    for (const flag of spec.flags ?? []) command.option(...flag)
    command.action(async () => {
      exitCode = await perform(command, program, spec)
    })
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 || error.code === 'commander.help' ? 0 : 1
  }
}

/** Has options of its own: it works with the database and the stores, not with the API. */
async function keepStores(argv: string[]): Promise<number> {
  const [{ runProgram }, { replication }] = await Promise.all([
    import('./passes/command.ts'),
    import('./passes/replication.ts'),
  ])
  return runProgram(replication, argv)
}

function buildProgram(): Command {
  const program = addConfigOptions(new Command('glance-replicator'))
    .description('Copies images between image services, and to and from folders.')
    .version(version, '--version')
    .exitOverride()
    .option('-c, --chunksize <bytes>', 'most data to pass on in one piece (default: 65536)')
    .option('-D, --dontreplicate <names>', 'attributes and properties to leave out, separated by spaces')
    .option('-m, --metaonly', 'copy no data, and so make no new images')
    .option('--nometaonly', 'copy data, whatever the configuration says')
    .option('-t, --token <token>', 'token for both services')
    .option('-M, --sourcetoken <token>', 'token for the service to read')
    .option('-S, --targettoken <token>', 'token for the service to write')
    .option('--mastertoken <token>', 'the same as --sourcetoken')
    .option('--slavetoken <token>', 'the same as --targettoken')
    .option('-l <path>', 'the same as --log-file')
    .option('-v, --verbose', 'tell of images that need nothing, too')
    .addHelpText('after', notes)
    .commandsGroup('Commands:')
  addConnectionOptions(program)
  return program
}

async function perform(command: Command, program: Command, spec: ReplicatorCommand): Promise<number> {
  const flags = command.optsWithGlobals<Flags>()
  const { config, logging } = await readConfig(flags, readConfigOptions(program))
  const { token, sourcetoken, targettoken } = config
  const tokens = { source: token || sourcetoken, target: token || targettoken }
  const path = logPath(logging)
  const write = (text: string) => (path === undefined ? process.stderr.write(text) : appendFileSync(path, text))
  const report = new Report({ write, verbose: flags.verbose === true || logging.debug })
  return interruptible(async (signal) => {
    await using opened = new AsyncDisposableStack()
    const source = settingsSource(command)
    const open: Invocation['open'] = async (side, place) =>
      opened.use(await openSide(place, { source, token: tokens[side], signal })).client
    try {
      const run = { config, report, signal, output: process.stderr }
      const asWanted = await spec.perform({ args: command.args, flags, run, open })
      return asWanted && report.of('failed') === 0 ? 0 : 1
    } finally {
      const summary = report.summary()
      if (summary) report.say(summary)
    }
  })
}

/** The options of the configuration with those of the command line above them. */
async function readConfig(flags: Flags, { files, dirs, overrides }: ServiceArguments) {
  const values = {
    ...flags,
    sourcetoken: flags.sourcetoken ?? flags.mastertoken,
    targettoken: flags.targettoken ?? flags.slavetoken,
    metaonly: flags.nometaonly ? false : flags.metaonly,
    log_file: flags.l,
  }
  const given = Object.entries(values).filter(
    ([name, value]) => (name in replicatorOptions || name === 'log_file') && value !== undefined,
  )
  const config = await Config.load({
    files,
    dirs,
    program: 'glance-replicator',
    env: process.env,
    declared: chapters,
    overrides: {
      DEFAULT: { ...overrides, ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])) },
    },
  })
  const settings = {
    config: config.group('DEFAULT', replicatorOptions),
    logging: config.group('DEFAULT', loggingOptions),
  }
  config.finish(knownOptions)
  return settings
}
