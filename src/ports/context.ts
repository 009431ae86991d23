import type { ServiceIdentity } from './identity.ts'

/**
 * Who asks, as the identity service told and policy judged it. One value per request, frozen.
 * @see glance `glance/context.py`, oslo.context `RequestContext`
 */
export interface RequestContext {
  /** `req-<uuid>`, sent back as `x-openstack-request-id`. */
  readonly requestId: string
  readonly userId: string | null
  /** The caller's project: owner of what he creates. */
  readonly projectId: string | null
  readonly userDomainId: string | null
  readonly projectDomainId: string | null
  /** Scope of a domain-scoped token. */
  readonly domainId: string | null
  /** Lower case. */
  readonly roles: readonly string[]
  /** Policy rule `context_is_admin` holds. */
  readonly isAdmin: boolean
  readonly systemScope: 'all' | null
  /** Roles of the `X-Service-Token`, lower case; empty without one. */
  readonly serviceRoles: readonly string[]
  /** False only if Keystone says that the project is not its admin project. */
  readonly isAdminProject?: boolean
  /** Who sent the service token; absent without one. */
  readonly service?: ServiceIdentity
  /** The caller's token, for calls to other services on his behalf. Never logged. */
  readonly token: string | null
}
