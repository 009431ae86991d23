import type { Account } from './state.ts'

interface Named {
  readonly id: string
  readonly name: string
}

/** Keystone's API as its administrator: the calls that setting up accounts and endpoints takes. */
export class KeystoneAdmin {
  readonly #authUrl: string
  readonly token: string
  /** Ids of those made here: Keystone lists limits of other projects to nobody who acts in a project. */
  readonly #projectLimits = new Map<string, string>()

  private constructor(authUrl: string, token: string) {
    this.#authUrl = authUrl
    this.token = token
  }

  static async login(authUrl: string, admin: Account): Promise<KeystoneAdmin> {
    return new KeystoneAdmin(authUrl, await passwordToken(authUrl, admin))
  }

  /** Gives the body of the answer. @throws on any status above 299 */
  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.#authUrl}${path}`, {
      method,
      headers: { 'x-auth-token': this.token, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Keystone answers ${answer.status} to ${method} ${path}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  async roleId(name: string): Promise<string> {
    const { roles } = await this.request<{ roles: Named[] }>('GET', `/roles?name=${encodeURIComponent(name)}`)
    const role = roles[0]
    if (!role) throw new Error(`Keystone has no role ${name}`)
    return role.id
  }

  async ensureRole(name: string): Promise<void> {
    const { roles } = await this.request<{ roles: Named[] }>('GET', `/roles?name=${encodeURIComponent(name)}`)
    if (roles.length === 0) await this.request('POST', '/roles', { role: { name } })
  }

  /** The project of that name in the default domain, made if it is missing. */
  async projectId(name: string): Promise<string> {
    const { projects } = await this.request<{ projects: Named[] }>(
      'GET',
      `/projects?domain_id=default&name=${encodeURIComponent(name)}`,
    )
    if (projects[0]) return projects[0].id
    const made = await this.request<{ project: Named }>('POST', '/projects', {
      project: { name, domain_id: 'default' },
    })
    return made.project.id
  }

  /** Makes the user, and the project if it is missing, and gives the user those roles in it. */
  async makeAccount(account: Account, roles: readonly string[]): Promise<{ userId: string; projectId: string }> {
    const projectId = await this.projectId(account.project)
    const { user } = await this.request<{ user: Named }>('POST', '/users', {
      user: { name: account.username, password: account.password, domain_id: 'default', default_project_id: projectId },
    })
    for (const role of roles) {
      const roleId = await this.roleId(role)
      await this.request('PUT', `/projects/${projectId}/users/${user.id}/roles/${roleId}`)
    }
    return { userId: user.id, projectId }
  }

  /** Puts a service with all three endpoints into the catalog of the region, in place of those it has there. */
  async makeService(service: { type: string; name: string; url: string; region: string }): Promise<void> {
    const { type, name, url, region } = service
    const { services } = await this.request<{ services: Named[] }>('GET', `/services?type=${type}`)
    const { id } =
      services[0] ?? (await this.request<{ service: Named }>('POST', '/services', { service: { type, name } })).service
    const { endpoints } = await this.request<{ endpoints: Named[] }>(
      'GET',
      `/endpoints?service_id=${id}&region_id=${region}`,
    )
    for (const endpoint of endpoints) await this.request('DELETE', `/endpoints/${endpoint.id}`)
    for (const face of ['public', 'internal', 'admin']) {
      await this.request('POST', '/endpoints', {
        endpoint: { interface: face, region_id: region, service_id: id, url },
      })
    }
  }

  /** Gives the user a role on the whole installation. */
  async grantOnSystem(userId: string, role: string): Promise<void> {
    await this.request('PUT', `/system/users/${userId}/roles/${await this.roleId(role)}`)
  }

  /** Makes limits of the image service that hold for every project. */
  async registerLimits(region: string, limits: Readonly<Record<string, number>>): Promise<void> {
    const service_id = await this.#imageServiceId()
    await this.request('POST', '/registered_limits', {
      registered_limits: Object.entries(limits).map(([resource_name, default_limit]) => ({
        ...{ service_id, region_id: region, resource_name, default_limit },
      })),
    })
  }

  /** Sets limits of one project, whose resources are registered. */
  async limitProject(region: string, projectId: string, limits: Readonly<Record<string, number>>): Promise<void> {
    const service_id = await this.#imageServiceId()
    for (const [resource_name, resource_limit] of Object.entries(limits)) {
      const key = [region, projectId, resource_name].join()
      const id = this.#projectLimits.get(key)
      if (id) {
        await this.request('PATCH', `/limits/${id}`, { limit: { resource_limit } })
        continue
      }
      const fields = { service_id, region_id: region, project_id: projectId, resource_name, resource_limit }
      const made = await this.request<{ limits: { id: string }[] }>('POST', '/limits', { limits: [fields] })
      if (made.limits[0]) this.#projectLimits.set(key, made.limits[0].id)
    }
  }

  /** Removes a region with its limits and endpoints. */
  async removeRegion(region: string): Promise<void> {
    for (const [key, id] of this.#projectLimits) {
      if (key.startsWith(`${region},`)) await this.request('DELETE', `/limits/${id}`)
    }
    const registered = await this.request<{ registered_limits: { id: string }[] }>(
      'GET',
      `/registered_limits?region_id=${region}`,
    )
    for (const { id } of registered.registered_limits) await this.request('DELETE', `/registered_limits/${id}`)
    const { endpoints } = await this.request<{ endpoints: Named[] }>('GET', `/endpoints?region_id=${region}`)
    for (const { id } of endpoints) await this.request('DELETE', `/endpoints/${id}`)
    await this.request('DELETE', `/regions/${region}`)
  }

  async #imageServiceId(): Promise<string> {
    const { services } = await this.request<{ services: Named[] }>('GET', '/services?type=image')
    const service = services[0]
    if (!service) throw new Error('Keystone knows no image service')
    return service.id
  }
}

/** What a token is good for. */
export type TokenScope = 'project' | 'domain' | 'system' | 'nothing'

/** A token of that user: for the project of the account (both in the default domain), unless another scope is named. */
export async function passwordToken(authUrl: string, account: Account, scope: TokenScope = 'project'): Promise<string> {
  const domain = { id: 'default' }
  const scopes = {
    project: { project: { name: account.project, domain } },
    domain: { domain },
    system: { system: { all: true } },
    nothing: 'unscoped',
  }
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: account.username, domain, password: account.password } },
        },
        scope: scopes[scope],
      },
    }),
  })
  await answer.arrayBuffer()
  const token = answer.headers.get('x-subject-token')
  if (!token) throw new Error(`Keystone gives ${account.username} no token: ${answer.status}`)
  return token
}
