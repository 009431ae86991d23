import { homedir } from 'node:os'
import type { Command } from 'commander'
import { Http } from './http.ts'
import { ImageClient } from './image/client.ts'
import { openSession } from './session.ts'
import { resolveSettings, type SettingName, type Settings, type SettingsSource, settingNames } from './settings.ts'

/** Adds the options that say how to reach the service, as `openstack` has them. */
export function addConnectionOptions(program: Command): void {
  program.optionsGroup('Connection (each may be in an environment variable or clouds.yaml too):')
  program.option('--os-cloud <name>', 'cloud of clouds.yaml to use')
  for (const [name, help] of Object.entries(settingNames)) program.option(`${flag(name)} <${placeholder(name)}>`, help)
  program.option('--insecure', 'accept any certificate')
}

/** Runs `work` with a client made by the options of the program; SIGINT and SIGTERM break off what it does. */
export async function withClient<T>(
  command: Command,
  work: (client: ImageClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return interruptible(async (signal) => {
    await using opened = await openClient(await resolveSettings(settingsSource(command)), signal)
    return await work(opened.client, signal)
  })
}

/** Runs `work` with a signal that SIGINT and SIGTERM abort. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new Error('Interrupted.'))
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.once(name, interrupt)
  try {
    return await work(interrupted.signal)
  } finally {
    for (const name of signals) process.removeListener(name, interrupt)
  }
}

export interface OpenedClient extends AsyncDisposable {
  readonly client: ImageClient
}

/** Opens a client of the service that the settings lead to; its requests end when the signal is aborted. */
export async function openClient(settings: Settings, signal: AbortSignal): Promise<OpenedClient> {
  const http = await Http.open(settings)
  try {
    const renew = () => openSession(settings, http)
    const client = new ImageClient(http, { session: await renew(), renew, signal })
    return { client, [Symbol.asyncDispose]: () => http.close() }
  } catch (error) {
    await http.close()
    throw error
  }
}

/** Where settings come from: the options of the program that `addConnectionOptions` has added, environment and files. */
export function settingsSource(command: Command): SettingsSource {
  const options: Record<string, string | boolean | undefined> = command.optsWithGlobals()
  const flags: Partial<Record<SettingName, string>> = {}
  for (const name of Object.keys(settingNames) as SettingName[]) {
    const value = options[camelCase(`os_${name}`)]
    if (typeof value === 'string') flags[name] = value
  }
  return {
    flags,
    cloud: typeof options.osCloud === 'string' ? options.osCloud : undefined,
    insecure: options.insecure === true,
    cwd: process.cwd(),
    home: homedir(),
    env: process.env,
  }
}

function flag(name: string): string {
  return `--os-${name.replaceAll('_', '-')}`
}

function placeholder(name: string): string {
  return name.replace(/^.*_/, '')
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
