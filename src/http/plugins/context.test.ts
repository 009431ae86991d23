import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fastify from 'fastify'
import { Policy } from '../../domain/policy/policy.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Identity, IdentityService, Proof } from '../../ports/identity.ts'
import { type ContextOptions, registerContext } from './context.ts'

const member: Identity = {
  userId: 'u',
  projectId: 'p',
  userDomainId: 'd',
  projectDomainId: 'd',
  domainId: null,
  roles: ['member'],
  systemScope: null,
  serviceRoles: [],
  token: 'good',
}

/** Knows the tokens `good` and `admin` at once, `slow` after a while, and no others. */
function identityWith(seen: Proof[] = []): IdentityService {
  return {
    challenge: 'Keystone uri="http://keystone.test"',
    authenticate(proof) {
      seen.push(proof)
      if (proof.token === 'good') return member
      if (proof.token === 'admin') return { ...member, roles: ['admin'] }
      if (proof.token === 'slow') return Promise.resolve(member)
      if (proof.token === 'late') return Promise.reject(new GlimpseError('unauthorized', {}))
      throw new GlimpseError('unauthorized', {})
    },
    close: async () => {},
  }
}

async function setUp(t: TestContext, options: Partial<ContextOptions> = {}) {
  const app = fastify()
  t.after(() => app.close())
  registerContext(app, {
    identity: identityWith(),
    policy: new Policy({ enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' }),
    maxRequestIdLength: 64,
    allowAnonymousAccess: false,
    ...options,
  })
  app.setErrorHandler((error: GlimpseError, _, reply) => reply.code(error.status).send({ code: error.code }))
  let seen: RequestContext | undefined
  app.route({
    method: ['GET', 'POST'],
    url: '/v2/images',
    handler: async (request) => {
      seen = request.context
      return {}
    },
  })
  app.get('/healthcheck', { config: { public: true } }, async (request) => ({ context: request.context ?? null }))
  return { app, context: () => seen }
}

describe('registerContext', () => {
  for (const token of ['good', 'slow']) {
    it(`gives the request a frozen context, token ${token}`, async (t) => {
      const { app, context } = await setUp(t)
      const answer = await app.inject({ url: '/v2/images', headers: { 'x-auth-token': token } })
      assert.equal(answer.statusCode, 200)
      assert.match(String(answer.headers['x-openstack-request-id']), /^req-[0-9a-f-]{36}$/)
      assert.equal(context()?.requestId, answer.headers['x-openstack-request-id'])
      assert.equal(context()?.projectId, 'p')
      assert.equal(context()?.isAdmin, false)
      assert.ok(Object.isFrozen(context()))
    })
  }

  it('lets policy decide who is an admin', async (t) => {
    const { app, context } = await setUp(t)
    await app.inject({ url: '/v2/images', headers: { 'x-auth-token': 'admin' } })
    assert.equal(context()?.isAdmin, true)
  })

  for (const token of ['bad', 'late', undefined]) {
    it(`answers token ${token} with 401 and says where to get one`, async (t) => {
      const { app } = await setUp(t)
      const answer = await app.inject({ url: '/v2/images', headers: token ? { 'x-auth-token': token } : {} })
      assert.equal(answer.statusCode, 401)
      assert.equal(answer.headers['www-authenticate'], 'Keystone uri="http://keystone.test"')
    })
  }

  it('asks nobody who he is on a public route, and still gives a request id', async (t) => {
    const seen: Proof[] = []
    const { app } = await setUp(t, { identity: identityWith(seen) })
    const answer = await app.inject({ url: '/healthcheck' })
    assert.deepEqual(answer.json(), { context: null })
    assert.match(String(answer.headers['x-openstack-request-id']), /^req-/)
    assert.deepEqual(seen, [])
  })

  it('keeps the request id of the client, with the prefix', async (t) => {
    const { app, context } = await setUp(t)
    const ask = (id: string) =>
      app.inject({ url: '/v2/images', headers: { 'x-auth-token': 'good', 'x-openstack-request-id': id } })
    assert.equal((await ask('foo')).headers['x-openstack-request-id'], 'req-foo')
    assert.equal((await ask('req-bar')).headers['x-openstack-request-id'], 'req-bar')
    assert.equal(context()?.requestId, 'req-bar')
    assert.equal((await ask('a'.repeat(64))).statusCode, 200)
    assert.equal((await ask('a'.repeat(65))).statusCode, 431)
  })

  it('takes a request id of any length if max_request_id_length is 0', async (t) => {
    const { app } = await setUp(t, { maxRequestIdLength: 0 })
    const headers = { 'x-auth-token': 'good', 'x-openstack-request-id': 'a'.repeat(900) }
    assert.equal((await app.inject({ url: '/v2/images', headers })).statusCode, 200)
  })

  it('passes the proof and the request on', async (t) => {
    const seen: Proof[] = []
    const { app } = await setUp(t, { identity: identityWith(seen) })
    await app.inject({ url: '/v2/images?limit=1', headers: { 'x-storage-token': 'good', 'x-service-token': 's' } })
    assert.deepEqual(seen, [
      { token: 'good', serviceToken: 's', authorization: undefined, method: 'GET', path: '/v2/images' },
    ])
  })

  it('lets nobody look but not change if allow_anonymous_access is set', async (t) => {
    const { app, context } = await setUp(t, { allowAnonymousAccess: true })
    assert.equal((await app.inject({ url: '/v2/images' })).statusCode, 200)
    assert.deepEqual([context()?.projectId, context()?.isAdmin, context()?.roles], [null, false, []])
    assert.equal((await app.inject({ url: '/v2/images', headers: { 'x-auth-token': 'late' } })).statusCode, 200)
    assert.equal((await app.inject({ method: 'POST', url: '/v2/images' })).statusCode, 403)
    const headers = { 'x-auth-token': 'good' }
    assert.equal((await app.inject({ method: 'POST', url: '/v2/images', headers })).statusCode, 200)
  })
})
