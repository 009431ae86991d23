import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { registryApp } from '../../../test/support/registry.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { IdentityService } from '../../ports/identity.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Repositories } from '../../ports/repositories.ts'

/** A token is the caller's role. */
const identity: IdentityService = {
  challenge: 'Keystone uri="http://identity.example"',
  close: async () => {},
  authenticate({ token }) {
    if (!token) throw new GlimpseError('unauthorized', {})
    const ids = { userId: 'u', projectId: 'p', userDomainId: 'd', projectDomainId: 'd', domainId: null }
    return { ...ids, roles: [token], systemScope: null, serviceRoles: [], token }
  },
}

function registryOver(images: object) {
  const lines: object[] = []
  const log: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (fields) => void lines.push(fields),
    child: () => log,
  }
  const app = registryApp({ repositories: { images } as unknown as Repositories, identity, log })
  const ask = (body: string, headers: Record<string, string> = { 'x-auth-token': 'service' }) =>
    app.inject({ method: 'POST', url: '/rpc', headers: { 'content-type': 'application/json', ...headers }, body })
  return { app, ask, lines }
}

const get = '{"command":"images.get","args":["i"]}'

describe('the registry', () => {
  it('answers services and administrators, before it looks at what others send', async () => {
    const { app, ask } = registryOver({ get: async (id: string) => id })
    const statuses = async (body: string) => {
      const callers = [{}, { 'x-auth-token': 'member' }, { 'x-auth-token': 'service' }, { 'x-auth-token': 'admin' }]
      return Promise.all(
        callers.map(async (headers) => (await ask(body, headers as Record<string, string>)).statusCode),
      )
    }
    assert.deepEqual(await statuses(get), [401, 403, 200, 200])
    assert.deepEqual(await statuses('not JSON'), [401, 403, 400, 400])
    assert.deepEqual(await statuses(get.replace('"i"', `"${'i'.repeat(9 << 20)}"`)), [401, 403, 413, 413])
    const { headers } = await ask(get, {})
    assert.equal(headers['www-authenticate'], identity.challenge)
    assert.equal((await app.inject('/healthcheck')).statusCode, 200)
    assert.equal((await app.inject('/rpc')).statusCode, 401)
  })

  it('takes no body that a web page could send unasked', async () => {
    const { ask } = registryOver({ get: async (id: string) => id })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x']) {
      assert.equal((await ask(get, { 'x-auth-token': 'service', 'content-type': type })).statusCode, 415, type)
    }
  })

  it('answers with the errors of the repositories, and tells nobody of others', async () => {
    const { ask, lines } = registryOver({
      get: async () => {
        throw new GlimpseError('image_not_found', { id: 'i' })
      },
      addTag: async () => {
        throw new Error('the password is swordfish')
      },
    })
    const known = await ask(get)
    assert.deepEqual(
      [known.statusCode, known.json()],
      [200, { error: { code: 'image_not_found', params: { id: 'i' } } }],
    )
    const unknown = await ask('{"command":"images.addTag","args":["i","t"]}')
    assert.deepEqual([unknown.statusCode, unknown.json()], [200, { error: { code: 'internal', params: {} } }])
    assert.equal(lines.length, 1)
  })
})
