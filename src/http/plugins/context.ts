import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { chain, type MaybePromise } from '../../domain/policy/maybe-promise.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Identity, IdentityService } from '../../ports/identity.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Only routes that are not `public` have one. */
    context: RequestContext
  }
  interface FastifyContextConfig {
    /** The route answers everyone, and has no `request.context`. */
    public?: boolean
  }
}

export interface ContextOptions {
  readonly identity: IdentityService
  readonly policy: Policy
  /** `max_request_id_length`; 0: any length. */
  readonly maxRequestIdLength: number
  /** `allow_anonymous_access`: who proves nothing may ask as nobody. */
  readonly allowAnonymousAccess: boolean
  /** Says which requests of no route (404, 405) are answered without asking who sends them. */
  readonly isPublic?: (request: FastifyRequest) => boolean
}

/**
 * Gives every request its id (`request.id`, `req-...`), and every request of a route that is not `public` its context, before anything else of it
 * is looked at.
 * @see glance `glance/api/middleware/context.py`, keystonemiddleware `auth_token`
 */
export function registerContext(app: FastifyInstance, options: ContextOptions): void {
  const { identity, policy, isPublic = () => false } = options
  app.decorateRequest('context')
  app.addHook('onRequest', (request, reply, done) => {
    try {
      // The id of a client or proxy is kept, so that its traces meet ours.
      const given = header(request, 'x-openstack-request-id')
      const tooLong = given !== undefined && options.maxRequestIdLength > 0 && given.length > options.maxRequestIdLength
      const requestId = tooLong || !given ? `req-${randomUUID()}` : given.startsWith('req-') ? given : `req-${given}`
      request.id = requestId
      reply.header('x-openstack-request-id', requestId)
      if (tooLong) throw new GlimpseError('request_id_too_long', { maxLength: options.maxRequestIdLength })
      if (request.routeOptions.config?.public === true || isPublic(request)) return done()
      const settled = chain(authenticate(request, options), (caller) =>
        chain(caller.isAdmin ?? policy.isAdmin(caller), (isAdmin) => {
          request.context = contextOf(caller, { requestId, isAdmin })
        }),
      )
      if (!(settled instanceof Promise)) return done()
      settled.then(() => done(), fail)
    } catch (error) {
      fail(error)
    }

    function fail(error: unknown): void {
      if (hasCode(error, 'unauthorized') && identity.challenge) reply.header('www-authenticate', identity.challenge)
      done(error as Error)
    }
  })
}

/** Nobody may look, if `allow_anonymous_access` is set, but change nothing. */
function authenticate(request: FastifyRequest, options: ContextOptions): MaybePromise<Identity> {
  const orNobody = (error: unknown): Identity => {
    if (!options.allowAnonymousAccess || !hasCode(error, 'unauthorized')) throw error
    if (request.method === 'GET' || request.method === 'HEAD') return nobody
    throw new GlimpseError('forbidden', { reason: 'Changes need authentication.' })
  }
  const query = request.url.indexOf('?')
  try {
    const proof = {
      token: header(request, 'x-auth-token') ?? header(request, 'x-storage-token'),
      serviceToken: header(request, 'x-service-token'),
      authorization: header(request, 'authorization'),
      method: request.method,
      path: query < 0 ? request.url : request.url.slice(0, query),
    }
    const answer = options.identity.authenticate(proof, noSignal)
    return answer instanceof Promise && options.allowAnonymousAccess ? answer.catch(orNobody) : answer
  } catch (error) {
    return orNobody(error)
  }
}

/** Requests with the same token share one validation, so none of them may abort it. */
const noSignal = {}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

const nobody: Identity = Object.freeze({
  userId: null,
  projectId: null,
  userDomainId: null,
  projectDomainId: null,
  domainId: null,
  roles: Object.freeze([]),
  systemScope: null,
  serviceRoles: Object.freeze([]),
  token: null,
})

function contextOf(caller: Identity, { requestId, isAdmin }: { requestId: string; isAdmin: boolean }): RequestContext {
  return Object.freeze({
    requestId,
    userId: caller.userId,
    projectId: caller.projectId,
    userDomainId: caller.userDomainId,
    projectDomainId: caller.projectDomainId,
    domainId: caller.domainId,
    roles: caller.roles,
    isAdmin,
    systemScope: caller.systemScope,
    serviceRoles: caller.serviceRoles,
    token: caller.token,
    isAdminProject: caller.isAdminProject ?? true,
    ...(caller.service && { service: caller.service }),
  })
}
