import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { isLoopback, isTaken, type Listening, readListening, urlOf } from './address.ts'
import { prepareEmbedded } from './embedded-config.ts'
import { type Running, readRunning, writeRunning } from './pid-file.ts'
import type { Places } from './places.ts'

export interface StartOptions {
  readonly places: Places
  /** Stand above what the configuration says. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** In place of the embedded configuration. */
  readonly configFiles: readonly string[]
  readonly allowRemoteWithoutAuth: boolean
  readonly timeoutMs: number
  readonly env: NodeJS.ProcessEnv
}

export interface Started extends Running {
  /** False if it was running before. */
  readonly fresh: boolean
  readonly authenticated: boolean
}

const catalogue = resolve(import.meta.dirname, '../../../etc/metadefs')
const logTailLines = 5
const pollEveryMs = 50

/**
 * Starts the service in the background and waits until it answers.
 * @throws if the port is taken, if the service ends or does not answer in time, or if it would be open to the network without authentication
 */
export async function startService(options: StartOptions): Promise<Started> {
  const { places, host, port, env } = options
  const embedded = options.configFiles.length === 0
  const isNew = embedded && (await prepareEmbedded(places))
  if (!embedded) await mkdir(places.dataDir, { recursive: true, mode: 0o700 })
  const files = embedded ? [places.configFile] : options.configFiles
  const dirs = embedded ? [places.configDir] : []
  const childEnv: NodeJS.ProcessEnv = {
    ...env,
    ...(host !== undefined && { OS_DEFAULT__BIND_HOST: host }),
    ...(port !== undefined && { OS_DEFAULT__BIND_PORT: String(port) }),
    ...(options.allowRemoteWithoutAuth && { OS_GLIMPSE__ALLOW_REMOTE_WITHOUT_AUTH: 'true' }),
  }
  const address = await readListening({ files, dirs, env: childEnv })
  const running = await readRunning(places.pidFile)
  if (running) return { ...running, fresh: false, authenticated: address.authenticated }
  await checkAddress(address)
  const child = await launch({ files, dirs, env: childEnv, places })
  try {
    const started = await writeRunning(places.pidFile, { pid: child.pid as number, url: urlOf(address) })
    await untilItAnswers(child, { url: started.url, places, timeoutMs: options.timeoutMs })
    child.unref()
    if (isNew) await loadDefinitions({ files, dirs, env: childEnv, places })
    return { ...started, fresh: true, authenticated: address.authenticated }
  } catch (error) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      child.unref()
    }
    throw error
  }
}

async function checkAddress(address: Listening): Promise<void> {
  const { host, port, authenticated, remoteAllowed } = address
  if (!authenticated && !isLoopback(host) && !remoteAllowed) {
    throw new Error(
      `Without Keystone whoever reaches ${host}:${port} is admin. Configure flavor = keystone, or say --allow-remote-without-auth if that is what you want.`,
    )
  }
  if (await isTaken(address)) {
    throw new Error(`Something else listens on ${host}:${port} already; choose another port with --port.`)
  }
}

interface Launch {
  readonly files: readonly string[]
  readonly dirs: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly places: Places
}

function launch(options: Launch): Promise<ChildProcess> {
  return runLogged('glance-api', [], options)
}

/** A new service knows the definitions that come with it. What goes wrong stands in the log; the service works without. */
async function loadDefinitions(options: Launch): Promise<void> {
  const child = await runLogged('glance-manage', ['db', 'load_metadefs', '--path', catalogue], options)
  await once(child, 'exit')
}

/** A process of its own, whose output goes to the log. */
async function runLogged(
  name: string,
  command: readonly string[],
  { files, dirs, env, places }: Launch,
): Promise<ChildProcess> {
  const [, program = ''] = process.argv
  const log = await open(places.logFile, 'a', 0o600)
  try {
    const flags = [
      ...files.map((path) => ['--config-file', path]),
      ...dirs.map((path) => ['--config-dir', path]),
    ].flat()
    const child = spawn(process.execPath, [program, name, ...flags, ...command], {
      cwd: places.dataDir,
      detached: true,
      env,
      stdio: ['ignore', log.fd, log.fd],
    })
    await once(child, 'spawn')
    return child
  } finally {
    await log.close()
  }
}

async function untilItAnswers(
  child: ChildProcess,
  options: { url: string; places: Places; timeoutMs: number },
): Promise<void> {
  const { url, places, timeoutMs } = options
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      await rm(places.pidFile, { force: true })
      throw new Error(`The service ended at its start. ${places.logFile} says:\n${await logTail(places.logFile)}`)
    }
    if (await answers(url)) return
    await delay(pollEveryMs)
  }
  await rm(places.pidFile, { force: true })
  throw new Error(`The service did not answer at ${url} within ${timeoutMs / 1000} s; see ${places.logFile}.`)
}

/** True if an image service tells its versions there. */
export async function answers(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/versions`, { headersTimeout: 2_000, bodyTimeout: 2_000 })
    const { versions } = (await body.json()) as { versions?: unknown }
    return statusCode < 400 && Array.isArray(versions)
  } catch {
    return false
  }
}

async function logTail(path: string): Promise<string> {
  await using file = await open(path)
  const { size } = await file.stat()
  const from = Math.max(0, size - 4096)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
  const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n')
  return lines
    .slice(-logTailLines)
    .map((line) => `  ${line}`)
    .join('\n')
}
