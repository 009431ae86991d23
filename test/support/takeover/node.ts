import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findProgram } from '../../peers/packages.ts'
import { type ProcessRecord, recordOf, run, stopDaemon } from '../../peers/processes.ts'
import type { Sections } from '../config-file.ts'
import { glimpse, type Implementation, reference } from '../implementations.ts'
import { remember } from '../program.ts'
import { writeServiceConfig } from '../service.ts'
import { until } from '../until.ts'
import { type Commands, settingNames } from './document.ts'

/** The units of a node, as Debian and our package name them. */
export const units = { 'glance-api': reference, 'glimpse-api': glimpse } as const
export type Unit = keyof typeof units

/** One machine of a cluster: an address, one configuration file for both services, and an operator's shell. */
export class Node implements AsyncDisposable {
  /** `host:port`, as the balancer names it. */
  readonly address: string
  readonly configPath: string
  readonly #commands: Commands
  readonly #forget: (() => Promise<void>)[] = []
  #running: ProcessRecord | undefined
  #unit: Unit | undefined

  private constructor(options: { address: string; configPath: string; commands: Commands }) {
    this.address = options.address
    this.configPath = options.configPath
    this.#commands = options.commands
  }

  /** Makes the files of the node at `127.0.0.1:port`; nothing runs on it yet. */
  static async make(options: {
    port: number
    folder: string
    config: Sections
    commands: Commands
    /** The configuration of the nginx that the node's operator commands. */
    nginxConfigPath: string
  }): Promise<Node> {
    const { port, folder, config, commands, nginxConfigPath } = options
    const configPath = (await writeServiceConfig(reference, { directory: folder, config, port })).at(-1) as string
    await mkdir(join(folder, 'bin'))
    await writeProgram(join(folder, 'bin/systemctl'), systemctl({ folder, configPath }))
    const nginx = `exec ${findProgram('nginx')} -c ${nginxConfigPath} -p ${dirname(nginxConfigPath)} -e stderr "$@"`
    await writeProgram(join(folder, 'bin/nginx'), nginx)
    return new Node({ address: `127.0.0.1:${port}`, configPath, commands })
  }

  /** What serves at the address. */
  get implementation(): Implementation {
    if (!this.#unit) throw new Error(`nothing runs at ${this.address}`)
    return units[this.#unit]
  }

  /** Starts a unit as the machine's start would, and waits until it answers. */
  async boot(unit: Unit): Promise<void> {
    await this.#shell(`systemctl enable --now ${unit}`, {})
    await this.#note(unit)
    const isReady = async () => (await fetch(`http://${this.address}/healthcheck`)).ok
    await until(() => isReady().catch(() => false), 60_000)
  }

  /**
   * Types the documented commands of that name, to put `to` in the place of the other unit. `settings` are those that the
   * nodes of the cluster share. @throws with their output when one fails
   */
  async type(name: string, { to, settings }: { to: Unit; settings: Readonly<Record<string, string>> }): Promise<void> {
    const text = this.#commands.get(name)
    if (text === undefined) throw new Error(`docs/operations.md has no block take-over/${name}`)
    const all: Record<string, string> = {
      ...settings,
      CONF: this.configPath,
      GLIMPSE: dirname(glimpse.manage),
      NODE: this.address,
      OLD: to === 'glimpse-api' ? 'glance-api' : 'glimpse-api',
      NEW: to,
    }
    const unknown = settingNames(this.#commands).filter((setting) => !(setting in all))
    if (unknown.length > 0) throw new Error(`the documented settings ${unknown.join(', ')} have no value here`)
    await this.#shell(text, all)
    if (name === 'replace') await this.#note(to)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) await stopDaemon(this.#running)
    for (const forget of this.#forget) await forget()
  }

  #shell(text: string, variables: Readonly<Record<string, string>>): Promise<string> {
    const cwd = dirname(this.configPath)
    const env = { ...process.env, ...variables, PATH: `${cwd}/bin:${process.env.PATH}` }
    return run(['sh', '-euc', text], { env, cwd, timeoutMs: 180_000 })
  }

  async #note(unit: Unit): Promise<void> {
    this.#running = recordOf(Number(await readFile(join(dirname(this.configPath), `${unit}.pid`), 'utf8')))
    this.#unit = unit
    this.#forget.push(await remember(this.#running))
  }
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
}

/** What systemd does with `enable --now` and `disable --now` of a unit of `Type=simple`: containers have no systemd. */
function systemctl({ folder, configPath }: { folder: string; configPath: string }): string {
  const programs = Object.entries(units).map(([unit, { api }]) => `  ${unit}) program=${api};;`)
  return `set -eu
cd ${folder}
case "$3" in
${programs.join('\n')}
esac
case "$1 $2" in
  'enable --now')
    setsid sh -c 'echo $$ > "$0.pid"; exec "$@"' "$3" "$program" --config-file ${configPath} >> "$3.log" 2>&1 < /dev/null &
    until [ -s "$3.pid" ]; do sleep 0.05; done;;
  'disable --now')
    pid=$(cat "$3.pid")
    kill "$pid"
    while grep -qs '^State:.[^Z]' "/proc/$pid/status"; do sleep 0.05; done
    rm "$3.pid";;
esac`
}
