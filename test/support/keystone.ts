import { randomBytes } from 'node:crypto'
import { KeystoneAdmin, passwordToken, type TokenScope } from '../peers/keystone-admin.ts'
import type { Account, KeystoneState } from '../peers/state.ts'

/** A user with a project, and what the API shows of both. */
export interface TestUser extends Account {
  readonly userId: string
  readonly projectId: string
  /** A new token, scoped to the project or as told; roles of a domain or of the system have to be given first. */
  token(scope?: TokenScope): Promise<string>
}

export interface KeystonePeer {
  /** `http://host:port/v3` */
  readonly authUrl: string
  /** The same service at its other port, without a version: what old files call port 35357. */
  readonly adminUrl: string
  /** Without a version: what `www_authenticate_uri` names. */
  readonly publicUrl: string
  readonly region: string
  readonly admin: Account
  readonly demo: Account
  /** For `[keystone_authtoken]`. */
  readonly service: Account
  /** A token of the administrator, the same during the life of this process. */
  adminToken(): Promise<string>
  token(account: Account): Promise<string>
  /** Makes a user with those roles, in a project of its own unless one is named; `project` is made if it is missing. */
  createUser(options: { roles: readonly string[]; project?: string }): Promise<TestUser>
  /** Gives the user a role in the default domain or in the whole system. */
  grant(user: TestUser, role: { role: string; on: 'domain' | 'system' }): Promise<void>
  /** Makes the role if it is missing. */
  ensureRole(name: string): Promise<void>
  /** Ends the validity of a token at once. */
  revoke(token: string): Promise<void>
  /** Calls Keystone's API as administrator, e.g. `request('DELETE', '/users/ID')`. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>
  /** Puts an image service into the catalog, in a region of its own: clients find it by that region's name. */
  registerImageService(url: string): Promise<{ region: string; remove(): Promise<void> }>
  /** Makes limits of the image service in that region, for every project. */
  registerLimits(region: string, limits: Readonly<Record<string, number>>): Promise<void>
  /** Sets limits of one project there. */
  limitProject(region: string, projectId: string, limits: Readonly<Record<string, number>>): Promise<void>
}

/** The running Keystone. */
export function keystonePeer(state: KeystoneState): KeystonePeer {
  const publicUrl = `http://${state.host}:${state.port}`
  const authUrl = `${publicUrl}/v3`
  let session: Promise<KeystoneAdmin> | undefined
  const administrator = () => {
    session ??= KeystoneAdmin.login(authUrl, state.admin)
    return session
  }
  return {
    authUrl,
    publicUrl,
    adminUrl: `http://${state.host}:${state.adminPort}`,
    region: state.region,
    admin: state.admin,
    demo: state.demo,
    service: state.service,
    adminToken: async () => (await administrator()).token,
    token: (account) => passwordToken(authUrl, account),
    async createUser({ roles, project }) {
      const suffix = randomBytes(6).toString('hex')
      const account = {
        username: `user-${suffix}`,
        password: randomBytes(12).toString('hex'),
        project: project ?? `project-${suffix}`,
      }
      const ids = await (await administrator()).makeAccount(account, roles)
      return { ...account, ...ids, token: (scope) => passwordToken(authUrl, account, scope) }
    },
    async grant({ userId }, { role, on }) {
      const id = await (await administrator()).roleId(role)
      const target = on === 'system' ? '/system' : '/domains/default'
      await this.request('PUT', `${target}/users/${userId}/roles/${id}`)
    },
    ensureRole: async (name) => (await administrator()).ensureRole(name),
    async revoke(token) {
      const answer = await fetch(`${authUrl}/auth/tokens`, {
        method: 'DELETE',
        headers: { 'x-auth-token': await this.adminToken(), 'x-subject-token': token },
      })
      await answer.arrayBuffer()
      if (!answer.ok) throw new Error(`Keystone answers ${answer.status} to the revocation of a token`)
    },
    request: async (method, path, body) => (await administrator()).request(method, path, body),
    async registerImageService(url) {
      const region = `region-${randomBytes(4).toString('hex')}`
      const keystone = await administrator()
      await keystone.request('POST', '/regions', { region: { id: region } })
      await keystone.makeService({ type: 'image', name: 'glance', url, region })
      return { region, remove: () => keystone.removeRegion(region) }
    },
    registerLimits: async (region, limits) => (await administrator()).registerLimits(region, limits),
    limitProject: async (region, projectId, limits) => (await administrator()).limitProject(region, projectId, limits),
  }
}

/** The environment with which OpenStack's clients act as that account; nothing of the caller's own account stays in it. */
export function clientEnvironment(keystone: KeystonePeer, account: Account, region: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OS_'))
  return {
    ...Object.fromEntries(inherited),
    OS_AUTH_URL: keystone.authUrl,
    OS_USERNAME: account.username,
    OS_PASSWORD: account.password,
    OS_PROJECT_NAME: account.project,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: region,
    OS_IDENTITY_API_VERSION: '3',
    OS_IMAGE_API_VERSION: '2',
  }
}
