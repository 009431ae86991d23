import type { Identity } from '../../ports/identity.ts'

/** Who asks; an `Identity` and a `RequestContext` both are one. */
export type Credentials = Omit<Identity, 'token' | 'isAdmin'>

/**
 * The attributes of the caller that a rule can name, in the words of oslo.context's policy values.
 * @see oslo.context `RequestContext.to_policy_values`
 */
const readers: Readonly<Record<string, (caller: Credentials) => unknown>> = {
  user_id: (caller) => caller.userId,
  user_domain_id: (caller) => caller.userDomainId,
  system_scope: (caller) => caller.systemScope,
  // Rules of older services say `system` for `system_scope`; it exists for such tokens only.
  system: (caller) => caller.systemScope ?? undefined,
  domain_id: (caller) => caller.domainId,
  project_id: (caller) => caller.projectId,
  project_domain_id: (caller) => caller.projectDomainId,
  roles: (caller) => caller.roles,
  is_admin_project: (caller) => caller.isAdminProject ?? true,
  service_user_id: (caller) => caller.service?.userId ?? null,
  service_user_domain_id: (caller) => caller.service?.userDomainId ?? null,
  service_project_id: (caller) => caller.service?.projectId ?? null,
  service_project_domain_id: (caller) => caller.service?.projectDomainId ?? null,
  service_roles: (caller) => caller.serviceRoles,
}

/** A function that reads the attribute, or undefined if callers have no such attribute. */
export function credentialReader(name: string): ((caller: Credentials) => unknown) | undefined {
  return isCredential(name) ? readers[name] : undefined
}

/** Whether callers have an attribute of that name. */
export function isCredential(name: string): boolean {
  return Object.hasOwn(readers, name)
}

/** The caller in the words of rules, for remote checks. */
export function credentialRecord(caller: Credentials): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(readers)) {
    const value = read(caller)
    if (value !== undefined) record[name] = value
  }
  return record
}

/**
 * The caller as the target of `context_is_admin`, where some attributes have other names.
 * @see oslo.context `RequestContext.to_dict`
 */
export function callerAsTarget(caller: Credentials, key: string): unknown {
  switch (key) {
    case 'user':
      return caller.userId
    case 'project':
    case 'project_id':
      return caller.projectId
    case 'domain':
      return caller.domainId
    case 'user_domain':
      return caller.userDomainId
    case 'project_domain':
      return caller.projectDomainId
    case 'system_scope':
      return caller.systemScope
    case 'is_admin_project':
      return caller.isAdminProject ?? true
    case 'is_admin':
      return false
    default:
      return undefined
  }
}
