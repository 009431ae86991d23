import { Command, CommanderError } from 'commander'
import { Config } from '../config/config.ts'
import { databaseOptions } from '../config/groups/database.ts'
import { knownOptions } from '../config/known-options.ts'
import type { Database } from '../drivers/db/database.ts'
import { Migrator } from '../drivers/db/migrations/migrator.ts'
import { newestHeads } from '../drivers/db/migrations/revisions.ts'
import { MigrationError } from '../drivers/db/migrations/version-table.ts'
import { openDatabase, poolOptionsOf } from '../drivers/db/open.ts'
import { purgeDeletedImages, purgeDeletedRows } from '../drivers/db/purge.ts'

const description = 'Manages the database of the image service.'

/** What stops a command; the text goes to standard error. */
class CommandFailure extends Error {}

interface Context {
  readonly database: Database
  readonly migrator: Migrator
}

type Action = (context: Context, options: Record<string, string | undefined>) => Promise<number>

interface CommandSpec {
  readonly summary: string
  readonly run: Action
  readonly options?: readonly (readonly [flags: string, help: string])[]
  /** Options that may also be given as plain arguments, in this order. */
  readonly positional?: readonly string[]
}

const versionOption = [['--version <version>', 'schema revision']] as const
const purgeOptions = [
  ['--age_in_days <days>', 'remove only what was deleted longer ago'],
  ['--max_rows <rows>', 'remove at most so many rows of a table; -1: all'],
] as const

const commands: Readonly<Record<string, CommandSpec>> = {
  version: { summary: 'Print the schema revision of the database', run: printVersion },
  check: {
    summary: 'Tell what is pending: exit code 3 for expand, 4 for migrate, 5 for contract',
    run: check,
  },
  sync: {
    summary: 'Bring the schema up to date while no service runs; makes it from nothing',
    run: sync,
    options: versionOption,
    positional: ['version'],
  },
  upgrade: { summary: 'Go to a schema revision', run: upgrade, options: versionOption, positional: ['version'] },
  version_control: {
    summary: 'Record a schema revision and change nothing',
    run: stamp,
    options: versionOption,
    positional: ['version'],
  },
  expand: { summary: 'Additive schema changes, while services run', run: expand },
  migrate: { summary: 'Changes of rows, while services run', run: migrate },
  contract: { summary: 'Remove what only older services needed', run: contract },
  purge: {
    summary: 'Remove deleted rows of all tables but images',
    run: purge(purgeDeletedRows, '30'),
    options: purgeOptions,
    positional: ['age_in_days', 'max_rows'],
  },
  purge_images_table: {
    summary: 'Remove deleted rows of the table images; their ids can be used again',
    run: purge(purgeDeletedImages, '180'),
    options: purgeOptions,
    positional: ['age_in_days', 'max_rows'],
  },
}

/** Commands that also exist in the spelling `db_<command>`, the version as an argument. */
const legacy = ['version', 'upgrade', 'version_control', 'sync', 'expand', 'contract', 'migrate', 'check']

/**
 * `glance-manage`. @returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 3 to 5 from `db check`
 * @see glance `cmd/manage.py`
 */
export async function main(argv: string[]): Promise<number> {
  let exitCode = 2
  const collect = (value: string, all: string[]): string[] => [...all, value]
  const program = new Command('glance-manage')
    .description(description)
    .option('--config-file <path>', 'configuration file; may be repeated, later ones win', collect, [])
    .option('--config-dir <path>', 'directory whose *.conf files are read after the files', collect, [])
    .option('-d, --debug', 'tell more of a failure', false)
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
      const { configFile, configDir } = program.opts<{ configFile: string[]; configDir: string[] }>()
      exitCode = await execute(spec, {
        options: { ...Object.fromEntries(given), ...command.opts() },
        configFile,
        configDir,
      })
    })
  }
  for (const [name, spec] of Object.entries(commands)) {
    const command = add(db, name, spec)
    for (const [flags, help] of spec.options ?? []) command.option(flags, help)
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

async function execute(
  spec: CommandSpec,
  given: { options: Record<string, string | undefined>; configFile: string[]; configDir: string[] },
): Promise<number> {
  const config = await Config.load({
    files: given.configFile,
    dirs: given.configDir,
    program: 'glance-api',
    env: process.env,
  })
  const settings = config.group('database', databaseOptions)
  config.finish(knownOptions)
  if (settings.connection === null) {
    throw new CommandFailure('No database is configured: set connection in section [database].')
  }
  const database = await openDatabase(settings.connection, poolOptionsOf(settings))
  try {
    return await spec.run({ database, migrator: new Migrator(database, { onProgress: progress }) }, given.options)
  } finally {
    await database.close()
  }
}

async function printVersion({ migrator }: Context): Promise<number> {
  const heads = await migrator.heads()
  for (const head of heads) print(head)
  if (heads.length === 0)
    print('The database has no schema revision; "glance-manage db sync" makes or takes over its schema.')
  return 0
}

async function check(context: Context): Promise<number> {
  refuseOnPostgres(context)
  const pending = await context.migrator.pending()
  if (pending === 'nothing') {
    print('The database is up to date.')
    return 0
  }
  print(`The database is not up to date. The next step is "glance-manage db ${pending}".`)
  return { expand: 3, migrate: 4, contract: 5 }[pending]
}

async function sync({ migrator }: Context): Promise<number> {
  const current = (await migrator.pending()) === 'nothing'
  const heads = await migrator.sync()
  print(current ? 'The database is up to date.' : `The database is synced; revision ${heads.join(', ')}.`)
  return 0
}

async function upgrade({ migrator }: Context, { version }: { version?: string }): Promise<number> {
  if (version === undefined) return sync({ migrator } as Context)
  const heads = await migrator.upgrade(version === 'heads' ? newestHeads.contract : version)
  print(`Upgraded the database to ${version}; revision ${heads.join(', ')}.`)
  return 0
}

async function stamp({ migrator }: Context, { version = 'liberty' }: { version?: string }): Promise<number> {
  await migrator.stamp(version)
  print(`The database is recorded at revision ${version}.`)
  return 0
}

async function expand(context: Context): Promise<number> {
  refuseOnPostgres(context)
  const { migrator } = context
  const pending = await migrator.pending()
  if (pending !== 'expand') {
    print('The schema is expanded already.')
    return 0
  }
  print(`Expanded the schema; revision ${(await migrator.expand({ online: true })).join(', ')}.`)
  return 0
}

async function migrate(context: Context): Promise<number> {
  refuseOnPostgres(context)
  const { migrator } = context
  if ((await migrator.pending()) === 'nothing') print('The database is up to date.')
  else print(`Migrated ${await migrator.migrate()} rows.`)
  return 0
}

async function contract(context: Context): Promise<number> {
  refuseOnPostgres(context)
  const { migrator } = context
  if ((await migrator.pending()) === 'nothing') print('The database is up to date.')
  else print(`Contracted the schema; revision ${(await migrator.contract()).join(', ')}.`)
  return 0
}

/** Upgrades in steps under running services need triggers, which exist for MySQL; SQLite is let through as in the reference. */
function refuseOnPostgres({ database }: Context): void {
  if (database.dialect === 'postgres') {
    throw new CommandFailure('Upgrades in steps work on MySQL and SQLite only; use "glance-manage db sync".')
  }
}

function purge(work: typeof purgeDeletedRows, defaultAge: string): Action {
  return async ({ database }, { age_in_days: age = defaultAge, max_rows: rows = '100' }) => {
    const ageDays = integer('age_in_days', age)
    const maxRows = integer('max_rows', rows)
    const before = new Date(Date.now() - ageDays * 86_400_000)
    if (ageDays < 0) throw new CommandFailure('age_in_days must not be negative.')
    if (before.getTime() <= 0) throw new CommandFailure('age_in_days must be less than the days since 1970.')
    if (maxRows < -1) throw new CommandFailure('max_rows must be -1 or more.')
    if (maxRows > 2 ** 31 - 1) throw new CommandFailure(`max_rows must not exceed ${2 ** 31 - 1}.`)
    await work(database, { before, maxRows, onProgress: progress })
    return 0
  }
}

function integer(name: string, text: string): number {
  if (!/^-?\d+$/.test(text)) throw new CommandFailure(`${name} must be an integer, not ${text}.`)
  return Number(text)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
