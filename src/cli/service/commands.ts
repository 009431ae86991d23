import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { repeated, wholeNumber } from '../image/options.ts'
import { nextCommands } from './next-commands.ts'
import { readRunning } from './pid-file.ts'
import { findPlaces, type Places } from './places.ts'
import { answers, startService } from './start.ts'
import { stopService } from './stop.ts'

/** Exit code of `status` when nothing runs. @see LSB, init script actions */
const notRunning = 3
const dataHelp = 'folder of database, images and log'

/** Adds `up`, `down` and `status`: the service in the background, on SQLite and a folder. */
export function addServiceCommands(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('up')
    .description('start the service in the background, on SQLite and a folder')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on (default: 9292)', portNumber)
    .option('--data <folder>', dataHelp)
    .addOption(repeated('--config-file <path>', 'configuration in place of the embedded one'))
    .option('--allow-remote-without-auth', 'listen beyond this machine without Keystone: whoever connects is admin')
    .option('--timeout <seconds>', 'longest wait for the service to answer', wholeNumber, 30)
    .action(up)
  program
    .command('down')
    .description('end the service that up has started')
    .option('--data <folder>', dataHelp)
    .option('--timeout <seconds>', 'longest wait for it to finish what it does', wholeNumber, 90)
    .action(async (options: { data?: string; timeout: number }) => {
      const stopped = await stopService(placesOf(options).pidFile, { timeoutMs: options.timeout * 1000 })
      process.stdout.write(stopped ? `Glimpse has ended (pid ${stopped.pid}).\n` : 'Glimpse is not running.\n')
    })
  program
    .command('status')
    .description('tell whether the service runs, and where')
    .option('--data <folder>', dataHelp)
    .action(async (options: { data?: string }) => setExitCode(await status(placesOf(options))))
}

interface UpOptions {
  readonly host?: string
  readonly port?: number
  readonly data?: string
  readonly configFile: readonly string[]
  readonly allowRemoteWithoutAuth?: true
  readonly timeout: number
}

async function up(options: UpOptions): Promise<void> {
  const places = placesOf(options)
  const started = await startService({
    places,
    host: options.host,
    port: options.port,
    configFiles: options.configFile.map((path) => resolve(path)),
    allowRemoteWithoutAuth: options.allowRemoteWithoutAuth ?? false,
    timeoutMs: options.timeout * 1000,
    env: process.env,
  })
  const { url, pid, fresh, authenticated } = started
  process.stdout.write(
    `${fresh ? 'Glimpse is running' : 'Glimpse was running already'} (pid ${pid}).\n${describe(places, url)}`,
  )
  if (authenticated) return
  const commands = await nextCommands({
    url,
    data: options.data,
    env: process.env,
    home: homedir(),
    cwd: process.cwd(),
  })
  process.stdout.write(`\nNext:\n${commands.map((command) => `  ${command}\n`).join('')}`)
}

async function status(places: Places): Promise<number> {
  const running = await readRunning(places.pidFile)
  if (!running) {
    process.stdout.write(`Glimpse is not running.\n  data       ${places.dataDir}\n`)
    return notRunning
  }
  const state = (await answers(running.url)) ? 'is running' : 'is running, but does not answer'
  process.stdout.write(`Glimpse ${state} (pid ${running.pid}).\n${describe(places, running.url)}`)
  return 0
}

function describe({ dataDir, logFile }: Places, url: string): string {
  return `  listens on ${url}\n  data       ${dataDir}\n  log        ${logFile}\n`
}

function placesOf(options: { data?: string }): Places {
  return findPlaces({ data: options.data, env: process.env, home: homedir() })
}

function portNumber(text: string): number {
  const port = wholeNumber(text)
  if (port < 1 || port > 65535) throw new InvalidArgumentError('It is a number from 1 to 65535.')
  return port
}
