import { access, constants } from 'node:fs/promises'
import { connect, isIP } from 'node:net'
import { Config } from '../../config/config.ts'
import { listeningOptions } from '../../config/groups/listening.ts'
import { pasteDeployOptions } from '../../config/groups/paste-deploy.ts'
import { serverOptions } from '../../config/groups/server.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Listening extends Address {
  /** False if whoever connects is an administrator. */
  readonly authenticated: boolean
  /** The configuration allows other machines to connect even so. */
  readonly remoteAllowed: boolean
}

/** What the configuration says of the port; it is the service itself that reads it in full and refuses what is wrong. */
export async function readListening(options: {
  files: readonly string[]
  dirs: readonly string[]
  env: NodeJS.ProcessEnv
}): Promise<Listening> {
  for (const path of options.files) {
    await access(path, constants.R_OK).catch((error: Error) => {
      throw new Error(`${path} cannot be read: ${error.message}`)
    })
  }
  // Unset, the service takes loopback without authentication; with it, loopback is one of all its addresses.
  const defaults = { DEFAULT: { bind_host: '127.0.0.1' } }
  const config = await Config.load({ program: 'glance-api', defaults, ...options })
  const { bind_host: host, bind_port: port } = config.group('DEFAULT', serverOptions)
  const { flavor } = config.group('paste_deploy', pasteDeployOptions)
  const { allow_remote_without_auth: remoteAllowed } = config.group('glimpse', listeningOptions)
  return { host, port, authenticated: /keystone/.test(flavor ?? ''), remoteAllowed }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** The address to connect to; one that stands for all of the machine's is reached at its loopback. */
export function reachable({ host, port }: Address): Address {
  if (host === '0.0.0.0' || host === '') return { host: '127.0.0.1', port }
  return host === '::' ? { host: '::1', port } : { host, port }
}

export function urlOf(address: Address): string {
  const { host, port } = reachable(address)
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

/** True if anything accepts connections there. */
export function isTaken(address: Address): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(reachable(address))
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.setTimeout(1_000, () => settle(false))
    socket.once('close', () => settle(false))
    socket.once('connect', () => socket.destroy())
    socket.once('timeout', () => socket.destroy())
  })
}
