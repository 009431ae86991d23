import { connect, isIP } from 'node:net'
import { Config } from '../../config/config.ts'
import type { OptionGroup } from '../../config/option.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export const defaultAddress: Address = { host: '127.0.0.1', port: 9292 }

const bindOptions = {
  bind_host: { type: 'string', default: '0.0.0.0', help: 'Address that the service listens on.' },
  bind_port: { type: 'integer', default: 9292, help: 'Port that the service listens on.' },
} as const satisfies OptionGroup

const flavorOptions = {
  flavor: { type: 'string', default: '', help: 'Kind of authentication.' },
} as const satisfies OptionGroup

/** What the configuration says of the port, and whether whoever connects must prove who he is. */
export async function readListening(options: {
  files: readonly string[]
  dirs: readonly string[]
  env: NodeJS.ProcessEnv
}): Promise<Address & { authenticated: boolean }> {
  const config = await Config.load({ program: 'glance-api', ...options })
  const { bind_host: host, bind_port: port } = config.group('DEFAULT', bindOptions)
  const { flavor } = config.group('paste_deploy', flavorOptions)
  return { host, port, authenticated: /keystone|http_basic/.test(flavor) }
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
