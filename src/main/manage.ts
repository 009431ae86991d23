import { Command, CommanderError, Option } from 'commander'
import { Config } from '../config/config.ts'
import { databaseOptions } from '../config/groups/database.ts'
import { knownOptions } from '../config/known-options.ts'
import { metadefFileOptions } from '../domain/metadefs/options.ts'
import { awaitDatabase } from '../drivers/db/await-database.ts'
import { Migrator } from '../drivers/db/migrations/migrator.ts'
import { MigrationError } from '../drivers/db/migrations/version-table.ts'
import { openDatabase, poolOptionsOf, repositoriesOver } from '../drivers/db/open.ts'
import { addConfigOptions, readConfigOptions, type ServiceArguments } from './arguments.ts'
import { digestCommands } from './digest-command.ts'
import { CommandFailure, type CommandSpec, progress, commands as schemaCommands } from './manage-commands.ts'
import { metadefCommands } from './metadef-commands.ts'
import { version } from './version.ts'

const description = 'Manages the database of the image service.'

const commands: Readonly<Record<string, CommandSpec>> = { ...schemaCommands, ...metadefCommands, ...digestCommands }

/** Commands that also exist in the spelling `db_<command>`, with arguments in place of options. */
const legacy = [
  ...['version', 'upgrade', 'version_control', 'sync', 'expand', 'contract', 'migrate', 'check'],
  ...Object.keys(metadefCommands),
]

/**
 * `glance-manage`. @returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 3 to 5 from `db check`
 * @see glance `cmd/manage.py`
 */
export async function main(argv: string[]): Promise<number> {
  let exitCode = 2
  const program = addConfigOptions(new Command('glance-manage'))
    .description(description)
    .version(version, '--version')
    // `--version` of a command is not the program's.
    .enablePositionalOptions()
    .exitOverride()
  const db = program.command('db').description('commands for the database')
  const add = (parent: Command, name: string, spec: CommandSpec): Command => {
    const { positional = [] } = spec
    const command = parent.command(name).description(spec.summary)
    for (const argument of positional) command.argument(`[${argument}]`)
    return command.action(async () => {
      const given = command.args.flatMap((value, i) => (positional[i] ? [[positional[i], value]] : []))
      const options = { ...Object.fromEntries(given), ...textsOf(command.opts()) }
      exitCode = await execute(spec, { ...readConfigOptions(program), options })
    })
  }
  for (const [name, spec] of Object.entries(commands)) {
    const command = add(db, name, spec)
    for (const [flags, help, parse] of spec.options ?? []) {
      command.addOption(parse ? new Option(flags, help).argParser(parse) : new Option(flags, help))
    }
  }
  for (const name of legacy) add(program, `db_${name}`, commands[name] as CommandSpec)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof CommandFailure || error instanceof MigrationError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

/** A flag without a value is the text `true`. */
function textsOf(options: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]))
}

async function execute(
  spec: CommandSpec,
  given: ServiceArguments & { options: Record<string, string | undefined> },
): Promise<number> {
  const config = await Config.load({
    files: given.files,
    dirs: given.dirs,
    program: ['glance-api', 'glance-manage'],
    env: process.env,
  })
  const settings = config.group('database', databaseOptions)
  const { metadata_source_path: metadataSourcePath } = config.group('DEFAULT', metadefFileOptions)
  config.finish(knownOptions)
  if (settings.connection === null) {
    throw new CommandFailure('No database is configured: set connection in section [database].')
  }
  const database = await openDatabase(settings.connection, poolOptionsOf(settings))
  try {
    await awaitDatabase(() => repositoriesOver(database).ping(), {
      config: settings,
      onRetry: ({ message }) => progress(`${message} Trying again in ${settings.retry_interval} s.`),
    })
    const migrator = new Migrator(database, { onProgress: progress })
    return await spec.run({ database, migrator, metadataSourcePath }, given.options)
  } finally {
    await database.close()
  }
}
