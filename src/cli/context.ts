import { homedir } from 'node:os'
import type { Command } from 'commander'
import { Http } from './http.ts'
import { ImageClient } from './image/client.ts'
import { openSession } from './session.ts'
import { resolveSettings, type SettingName, settingNames } from './settings.ts'

/** Adds the options that say how to reach the service, as `openstack` has them. */
export function addConnectionOptions(program: Command): void {
  program.optionsGroup('Connection (each may be in an environment variable or clouds.yaml too):')
  program.option('--os-cloud <name>', 'cloud of clouds.yaml to use')
  for (const [name, help] of Object.entries(settingNames)) program.option(`${flag(name)} <${placeholder(name)}>`, help)
  program.option('--insecure', 'accept any certificate')
}

/** Runs `work` with a client made by the options of the program; SIGINT breaks off what it does. */
export async function withClient<T>(
  command: Command,
  work: (client: ImageClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new Error('Interrupted.'))
  process.once('SIGINT', interrupt)
  const settings = await resolveSettings(sourceOf(command))
  const http = await Http.open(settings)
  try {
    const session = await openSession(settings, http)
    const renew = () => openSession(settings, http)
    return await work(new ImageClient(http, { session, renew, signal: interrupted.signal }), interrupted.signal)
  } finally {
    process.removeListener('SIGINT', interrupt)
    await http.close()
  }
}

function sourceOf(command: Command) {
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
