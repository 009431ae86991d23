import { randomBytes } from 'node:crypto'
import { type SwiftStoreConfig, swiftStoreOptions } from '../../src/drivers/stores/swift/options.ts'
import type { KeystonePeer } from './keystone.ts'
import { peers } from './peers.ts'

export interface SwiftPeer {
  readonly host: string
  readonly port: number
  readonly keystone: KeystonePeer
  /** The service's account as locations and options name it, `project:user`. */
  readonly user: string
  readonly key: string
}

/** The running Swift; started if it does not run. */
export async function swiftPeer(): Promise<SwiftPeer> {
  const { swift, keystone } = await peers('swift', 'keystone')
  const { username, password, project } = keystone.service
  return { host: swift.host, port: swift.port, keystone, user: `${project}:${username}`, key: password }
}

/** A prefix for names of containers that no other test uses. */
export function newContainerName(): string {
  return `glimpse-${randomBytes(6).toString('hex')}`
}

/** The options of a store in the service's account, whose containers are made at the first upload. */
export function swiftStoreConfig(peer: SwiftPeer, more: Partial<SwiftStoreConfig> = {}): SwiftStoreConfig {
  const defaults = Object.fromEntries(Object.entries(swiftStoreOptions).map(([name, option]) => [name, option.default]))
  return {
    ...(defaults as unknown as SwiftStoreConfig),
    swift_store_auth_address: peer.keystone.authUrl,
    swift_store_user: peer.user,
    swift_store_key: peer.key,
    swift_store_create_container_on_put: true,
    ...more,
  }
}

/** An account at Swift as its owner sees it. */
export class SwiftView {
  readonly url: string
  readonly #token: string

  constructor(peer: SwiftPeer, { projectId, token }: { projectId: string; token: string }) {
    this.url = `http://${peer.host}:${peer.port}/v1/AUTH_${projectId}`
    this.#token = token
  }

  async request(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    const answer = await fetch(this.url + path, { method, headers: { 'x-auth-token': this.#token, ...headers } })
    if (!answer.ok && answer.status !== 404) throw new Error(`Swift answers ${answer.status} to ${method} ${path}`)
    return answer
  }

  /** Names of the containers that begin so. */
  containers(prefix: string): Promise<string[]> {
    return this.#names(`?format=json&prefix=${encodeURIComponent(prefix)}`)
  }

  objects(container: string): Promise<string[]> {
    return this.#names(`/${encodeURIComponent(container)}?format=json`)
  }

  /** Names of all objects in containers that begin so, as `container/object`. */
  async things(prefix: string): Promise<string[]> {
    const containers = await this.containers(prefix)
    const names = await Promise.all(
      containers.map(async (container) => (await this.objects(container)).map((name) => `${container}/${name}`)),
    )
    return names.flat()
  }

  async #names(path: string): Promise<string[]> {
    const answer = await this.request('GET', path)
    const text = await answer.text()
    if (answer.status === 404 || text === '') return []
    return (JSON.parse(text) as { name: string }[]).map(({ name }) => name)
  }
}

/** The service's account. */
export async function serviceView(peer: SwiftPeer): Promise<SwiftView> {
  const { keystone } = peer
  const { projects } = await keystone.request<{ projects: { id: string }[] }>(
    'GET',
    `/projects?domain_id=default&name=${keystone.service.project}`,
  )
  const token = await keystone.token(keystone.service)
  return new SwiftView(peer, { projectId: projects[0]?.id ?? '', token })
}
