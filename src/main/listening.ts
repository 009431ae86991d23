import { availableParallelism } from 'node:os'
import type { ServerConfig } from '../config/groups/server.ts'

const mostWorkersUnasked = 8
const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return loopback.test(host)
}

/** How many worker processes: `workers`, or one per core up to 8; 0 means that the first process serves itself. */
export function workerCount(workers: number | null): number {
  return workers ?? Math.min(availableParallelism(), mostWorkersUnasked)
}

/**
 * The address to listen at. Without authentication it is loopback unless the configuration says otherwise.
 * @throws Error with what to change, if the address is open to other machines and that was not allowed
 */
export function listeningHost(options: {
  server: ServerConfig
  /** `bind_host` was written by the operator. */
  hostIsGiven: boolean
  authenticates: boolean
  allowRemoteWithoutAuth: boolean
}): string {
  const { bind_host: host } = options.server
  if (options.authenticates || options.allowRemoteWithoutAuth || isLoopback(host)) return host
  if (!options.hostIsGiven) return '127.0.0.1'
  throw new Error(
    `bind_host = ${host} is open to other machines, but [paste_deploy] flavor asks nobody for a token. Set flavor = keystone, or bind_host = 127.0.0.1, or [glimpse] allow_remote_without_auth = true.`,
  )
}
