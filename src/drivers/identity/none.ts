import type { Identity, IdentityService } from '../../ports/identity.ts'

const everyone: Identity = Object.freeze({
  userId: null,
  projectId: null,
  userDomainId: null,
  projectDomainId: null,
  domainId: null,
  roles: Object.freeze(['admin', 'member', 'reader']),
  systemScope: null,
  serviceRoles: Object.freeze([]),
  token: null,
  isAdmin: true,
})

/** The identity service of an installation without one: everyone is an admin without a project. */
export function openNoIdentity(): IdentityService {
  return { authenticate: () => everyone, challenge: null, close: async () => {} }
}
