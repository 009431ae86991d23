import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { Config } from '../config/config.ts'
import { ConfigError } from '../config/fault.ts'
import { apiOptions } from '../config/groups/api.ts'
import { databaseOptions } from '../config/groups/database.ts'
import { glanceStoreOptions } from '../config/groups/stores.ts'
import type { OptionGroup } from '../config/option.ts'
import { oslo_policyOptions } from '../domain/policy/options.ts'
import { Migrator } from '../drivers/db/migrations/migrator.ts'
import { openDatabase, poolOptionsOf } from '../drivers/db/open.ts'
import type { ServiceArguments } from './arguments.ts'
import { readApiSettings } from './settings.ts'

/** How a check ended; the numbers are exit codes. */
export const results = { Success: 0, Warning: 1, Failure: 2 } as const
export type Result = keyof typeof results

export interface CheckResult {
  readonly check: string
  readonly result: Result
  /** What was found and what to do; null if all is well. */
  readonly details: string | null
}

interface Subject {
  readonly config: Config
  readonly args: ServiceArguments
  readonly env: NodeJS.ProcessEnv
}

type Check = (subject: Subject) => Promise<Omit<CheckResult, 'check'>>

/** Options that no release knows any more, and that must not have been in use. */
const removedOnes = {
  owner_is_tenant: { type: 'boolean', default: true, help: 'Images belong to projects; false: to users.' },
} as const satisfies OptionGroup

const success = { result: 'Success', details: null } as const

/** The reference's checks by their names, then our own. @see glance `cmd/status.py` */
const checks: Readonly<Record<string, Check>> = {
  'Sheepdog Driver Removal': async ({ config }) => {
    const { enabled_backends } = config.group('DEFAULT', apiOptions)
    const { stores } = config.group('glance_store', glanceStoreOptions)
    const used = [...Object.entries(enabled_backends ?? {}).flat(), ...stores].includes('sheepdog')
    return used
      ? { result: 'Failure', details: 'The configuration names a store of type sheepdog, which exists no more.' }
      : success
  },
  'Policy File JSON to YAML Migration': async ({ config }) => {
    const { policy_file: name } = config.group('oslo_policy', oslo_policyOptions)
    const folders = [...config.files.map((file) => dirname(file)), '/etc/glance']
    const path = isAbsolute(name) ? name : folders.map((folder) => join(folder, name)).find(existsSync)
    if (path === undefined || !existsSync(path) || !isJson(await readFile(path, 'utf8'))) return success
    return {
      result: 'Failure',
      details: `${path} is written in JSON, which is deprecated: make it YAML, and name it so in policy_file of [oslo_policy].`,
    }
  },
  'Config option owner_is_tenant removal': async ({ config }) => {
    if (config.group('DEFAULT', removedOnes).owner_is_tenant) return success
    const details =
      'owner_is_tenant is false; images that belong to users cannot be upgraded, the option exists no more.'
    return { result: 'Failure', details }
  },
  Configuration: async ({ args, env }) => {
    try {
      const { unknown } = (await readApiSettings(args, env)).report
      if (unknown.length === 0) return success
      const names = unknown.map(({ group, option }) => `${group}/${option}`).join(', ')
      return { result: 'Warning', details: `Nobody knows these options: ${names}.` }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return { result: 'Failure', details: `glance-api would not start. ${error.message}` }
    }
  },
  'Database Schema': async ({ config }) => {
    const settings = config.group('database', databaseOptions)
    if (settings.connection === null) {
      return { result: 'Warning', details: 'No database is configured, so its schema is not known.' }
    }
    try {
      const database = await openDatabase(settings.connection, poolOptionsOf(settings))
      try {
        const pending = await new Migrator(database, { onProgress: () => {} }).pending()
        if (pending === 'nothing') return success
        const details = `The next step is "glance-manage db ${pending}", or "glance-manage db sync" while no service runs.`
        return { result: 'Warning', details }
      } finally {
        await database.close()
      }
    } catch (error) {
      return { result: 'Failure', details: `The database cannot be asked: ${(error as Error).message}` }
    }
  },
}

/** Runs all checks, one after the other. Nothing is changed. @throws if a check itself breaks down */
export async function runChecks(args: ServiceArguments, env: NodeJS.ProcessEnv): Promise<CheckResult[]> {
  const { files, dirs } = args
  const config = await Config.load({ files, dirs, program: ['glance-api', 'glance-status'], env })
  const found: CheckResult[] = []
  for (const [name, check] of Object.entries(checks)) {
    found.push({ check: name, ...(await check({ config, args, env })) })
  }
  return found
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
