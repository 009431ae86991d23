import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { addConfigOptions } from './arguments.ts'
import { ControlledServer, hasLauncher, preparePidFile } from './control-process.ts'
import { version } from './version.ts'

interface Flags {
  readonly pidFile?: string
  readonly awaitChild: number
  readonly captureOutput?: true
  readonly nocaptureOutput?: true
  readonly respawn?: true
  readonly norespawn?: true
}

const servers = ['api', 'registry', 'scrubber'] as const
const commands = ['start', 'status', 'stop', 'shutdown', 'restart', 'reload', 'force-reload'] as const
type Verb = (typeof commands)[number]

/** Servers that read their configuration again on SIGHUP. */
const reloadable: ReadonlySet<string> = new Set(['glance-api', 'glance-registry'])
const stopWaitMs = 15_000
/** A server that dies sooner after its start is not started again. */
const bouncingMs = 1_000

const notes = `
SERVER is one of: all, ${servers.join(', ')}; "glance-" may stand before the name. "all" leaves out the registry where it
has no configuration file.
COMMAND is one of: ${commands.join(', ')}. A server that is told to stop or to shut down finishes what it does.
CONFPATH is the configuration file to start with; without one those found by name are read.`

/**
 * `glance-control`. @returns the exit code: 0, 1 for a refusal, 2 for a wrong command line, or that of the server with
 * `--await-child`
 * @see glance `cmd/control.py`
 */
export async function main(argv: string[]): Promise<number> {
  let exitCode = 2
  const program = addConfigOptions(new Command('glance-control'))
    .description('Starts, stops and reloads servers in the background.')
    .version(version, '--version')
    .argument('<SERVER>', 'what to control', parseServer)
    .argument('<COMMAND>', 'what to do', parseVerb)
    .argument('[CONFPATH]', 'configuration file')
    .option('--pid-file <path>', 'pid file; without it /var/run/glance/SERVER.pid')
    .option('--await-child <seconds>', 'wait so long for the server to end, and exit with its code', parseSeconds, 0)
    .option('--capture-output', 'give the output of the server to syslog; otherwise it is thrown away')
    .option('--nocapture-output', 'throw it away')
    .option('--respawn', 'stay, and start the server again when it dies')
    .option('--norespawn', 'end when it is started')
    .addHelpText('after', notes)
    .exitOverride()
    .action(async (server: string, verb: Verb, path: string | undefined, flags: Flags) => {
      exitCode = await control(namesOf(server), { verb, path, flags })
    })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

function parseServer(text: string): string {
  const server = text.replace(/^glance-/, '')
  if (text === 'all' || (servers.some((known) => known === server) && hasLauncher(`glance-${server}`))) return server
  throw new InvalidArgumentError(`It is one of: all, ${servers.join(', ')}.`)
}

function parseVerb(text: string): Verb {
  const verb = commands.find((command) => command === text)
  if (verb) return verb
  throw new InvalidArgumentError(`It is one of: ${commands.join(', ')}.`)
}

function parseSeconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.')
  return Number(text)
}

function namesOf(server: string): string[] {
  if (server !== 'all') return [`glance-${server}`]
  const folders = [`${process.env.HOME}/.glance`, `${process.env.HOME}`, '/etc/glance', '/etc']
  const hasRegistry = folders.some((folder) => existsSync(`${folder}/glance-registry.conf`))
  return servers.filter((name) => name !== 'registry' || hasRegistry).map((name) => `glance-${name}`)
}

async function control(
  names: readonly string[],
  { verb, path, flags }: { verb: Verb; path: string | undefined; flags: Flags },
): Promise<number> {
  const respawns = flags.respawn === true && !flags.norespawn
  if (respawns && flags.awaitChild > 0) return refuse('--await-child and --respawn cannot be used together.')
  const all = names.map((name) => new ControlledServer(name, flags.pidFile))
  const args = path !== undefined && existsSync(path) ? ['--config-file', resolve(path)] : []
  if (verb === 'status') for (const server of all) tellStatus(server)
  if (verb === 'stop' || verb === 'shutdown' || verb === 'restart') for (const server of all) await stop(server)
  if (verb === 'reload' || verb === 'force-reload') {
    for (const server of all) if (!reload(server)) return 1
  }
  if (verb !== 'start' && verb !== 'restart') return 0
  let exitCode = 0
  const started: Promise<void>[] = []
  for (const server of all) {
    const child = await start(server, { args, flags, verb: verb === 'start' ? 'Starting' : 'Restarting' })
    if (!child) continue
    if (verb === 'start' && respawns) started.push(respawn(child.server, { ...child, args, flags }))
    else exitCode = (await exitCodeWithin(child.process, flags.awaitChild * 1000)) ?? exitCode
  }
  await Promise.all(started)
  return exitCode
}

async function start(
  server: ControlledServer,
  { args, flags, verb }: { args: readonly string[]; flags: Flags; verb: string },
): Promise<{ server: ControlledServer; process: ChildProcess } | undefined> {
  const { name } = server
  if (server.pid !== undefined) {
    print(`${name} appears to already be running: ${server.pidFile}`)
    return undefined
  }
  if (server.recordedPid !== undefined) print(`Replacing stale pid file ${server.pidFile}`)
  const pidFile = preparePidFile(server)
  if (pidFile !== server.pidFile) {
    print(`${server.pidFile} cannot be written; are you root? The pid file is ${pidFile}. To stop the server:`)
    print(`  glance-control ${name} stop --pid-file ${pidFile}`)
  }
  const launched = new ControlledServer(name, pidFile)
  print(`${verb} ${name}${args[1] === undefined ? '' : ` with ${args[1]}`}`)
  const captureOutput = flags.captureOutput === true && !flags.nocaptureOutput
  const child = await launched.launch(args, { captureOutput })
  return { server: launched, process: child }
}

/** @returns the exit code if the process ends in that time */
async function exitCodeWithin(child: ChildProcess, timeoutMs: number): Promise<number | undefined> {
  child.unref()
  if (timeoutMs === 0) return undefined
  const aborted = new AbortController()
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? 1)
  const late = sleep(timeoutMs, undefined, { signal: aborted.signal }).catch(() => undefined)
  return Promise.race([ended, late]).finally(() => aborted.abort())
}

async function respawn(
  server: ControlledServer,
  options: { process: ChildProcess; args: readonly string[]; flags: Flags },
): Promise<void> {
  let child = options.process
  for (;;) {
    await once(child, 'exit')
    if (!existsSync(server.pidFile)) return print(`${server.name} was stopped deliberately, and is not started again.`)
    if (Date.now() - statSync(server.pidFile).mtimeMs < bouncingMs) {
      return print(`${server.name} died at its start, and is not started again.`)
    }
    const { args, flags } = options
    const next = await start(server, { args, flags, verb: 'Respawning' })
    if (!next) return
    child = next.process
  }
}

function tellStatus(server: ControlledServer): void {
  const { name, pid } = server
  print(pid === undefined ? `${name} is stopped` : `${name} (pid ${pid}) is running...`)
}

/** Whoever has started it with --respawn knows by the missing pid file that it is to stay away. */
async function stop(server: ControlledServer): Promise<void> {
  const { name, pid } = server
  server.forget()
  if (pid === undefined) return print(`${name} is already stopped`)
  print(`Stopping ${name} (pid ${pid}) with signal(SIGTERM)`)
  process.kill(pid, 'SIGTERM')
  if (await server.ended(pid, { timeoutMs: stopWaitMs })) return
  print(`${name} (pid ${pid}) has not ended within 15 seconds: it is finishing what it does.`)
}

function reload(server: ControlledServer): boolean {
  const { name, pid } = server
  if (!reloadable.has(name)) return refuse(`Reload of ${name} not supported`) === 0
  if (pid === undefined) return refuse(`Server ${name} is stopped`) === 0
  print(`Reloading ${name} (pid ${pid}) with signal(SIGHUP)`)
  process.kill(pid, 'SIGHUP')
  return true
}

function refuse(reason: string): number {
  process.stderr.write(`${reason}\n`)
  return 1
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
