import { InvalidArgumentError } from 'commander'
import type { Database } from '../drivers/db/database.ts'
import type { Migrator } from '../drivers/db/migrations/migrator.ts'
import { newestHeads } from '../drivers/db/migrations/revisions.ts'
import { purgeDeletedImages, purgeDeletedRows } from '../drivers/db/purge.ts'
import { stripS3Keys } from '../drivers/db/strip-s3-keys.ts'

/** What stops a command; the text goes to standard error. */
export class CommandFailure extends Error {}

interface Context {
  readonly database: Database
  readonly migrator: Migrator
  /** `metadata_source_path` */
  readonly metadataSourcePath: string
}

type Action = (context: Context, options: Record<string, string | undefined>) => Promise<number>

export interface CommandSpec {
  readonly summary: string
  readonly run: Action
  readonly options?: readonly (readonly [flags: string, help: string, parse?: (text: string) => string])[]
  /** Options that may also be given as plain arguments, in this order. */
  readonly positional?: readonly string[]
}

const versionOption = [['--version <version>', 'schema revision']] as const
const purgeOptions = [
  ['--age_in_days <days>', 'remove only what was deleted longer ago', integerText],
  ['--max_rows <rows>', 'remove at most so many rows of a table; -1: all', integerText],
] as const

/** The commands below `glance-manage db`. @see glance `cmd/manage.py` */
export const commands: Readonly<Record<string, CommandSpec>> = {
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
  strip_s3_keys: {
    summary: 'Remove the keys from locations of S3; Glance 25.1 needs them there',
    run: stripKeys,
  },
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

async function stripKeys({ database }: Context): Promise<number> {
  print(`${await stripS3Keys(database)} locations changed`)
  return 0
}

/** For options, where anything else is a wrong command line. */
function integerText(text: string): string {
  if (!isInteger(text)) throw new InvalidArgumentError('It is an integer.')
  return text
}

function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text)
}

function integer(name: string, text: string): number {
  if (!isInteger(text)) throw new CommandFailure(`${name} must be an integer, not ${text}.`)
  return Number(text)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Tells of work under way, apart from what a command prints. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
