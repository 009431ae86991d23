import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { OptionGroup, Values } from '../../config/option.ts'
import { permits } from './access-rules.ts'
import { keystoneAccount } from './keystone-account.ts'
import { keystoneProblems } from './keystone-check.ts'
import { type KeystoneAccountConfig, keystone_authtokenOptions, keystoneAccountOptions } from './keystone-options.ts'
import { openRemoteCheck } from './remote-check.ts'
import { createSealer } from './sealer.ts'
import { TokenCache } from './token-cache.ts'

function defaultsOf<G extends OptionGroup>(group: G): Values<G> {
  return Object.fromEntries(Object.entries(group).map(([name, spec]) => [name, spec.default])) as Values<G>
}

function accountOf(config: Partial<KeystoneAccountConfig>) {
  return keystoneAccount({ ...defaultsOf(keystoneAccountOptions), ...config })
}

describe('keystoneAccount', () => {
  const urls = [
    ['http://controller:35357', 'http://controller:35357/v3'],
    ['http://controller:5000/v3', 'http://controller:5000/v3'],
    ['http://controller:5000/v3/', 'http://controller:5000/v3'],
    ['http://controller:35357/v2.0', 'http://controller:35357/v3'],
    ['https://controller/identity', 'https://controller/identity/v3'],
  ] as const
  for (const [given, url] of urls) {
    it(`finds the API v3 of ${given}`, () => {
      assert.equal(accountOf({ auth_type: 'password', auth_url: given }).url, url)
    })
  }

  it('logs in with password, project and domains by name', () => {
    const { login } = accountOf({
      auth_type: 'password',
      auth_url: 'http://k',
      username: 'glance',
      password: 'p',
      user_domain_name: 'Users',
      project_name: 'service',
      project_domain_id: 'default',
    })
    assert.deepEqual(login, {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'glance', domain: { name: 'Users' }, password: 'p' } },
        },
        scope: { project: { name: 'service', domain: { id: 'default' } } },
      },
    })
  })

  it('logs in with an application credential', () => {
    const { login } = accountOf({
      auth_type: 'v3applicationcredential',
      auth_url: 'http://k',
      application_credential_id: 'c',
      application_credential_secret: 's',
    })
    assert.deepEqual(login, {
      auth: { identity: { methods: ['application_credential'], application_credential: { id: 'c', secret: 's' } } },
    })
  })

  it('takes the options of old files', () => {
    const { url, login } = accountOf({ identity_uri: 'http://k:35357/', admin_user: 'glance', admin_password: 'p' })
    assert.equal(url, 'http://k:35357/v3')
    assert.deepEqual(login, {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'glance', domain: { id: 'default' }, password: 'p' } },
        },
        scope: { project: { name: 'admin', domain: { id: 'default' } } },
      },
    })
    assert.equal(accountOf({ auth_host: '::1', admin_user: 'glance' }).url, 'https://[::1]:35357/v3')
  })
})

describe('keystoneProblems', () => {
  const authtoken = defaultsOf(keystone_authtokenOptions)
  const account = defaultsOf(keystoneAccountOptions)
  const cases = [
    [{}, {}, ['auth_type']],
    [{}, { auth_type: 'password' }, ['auth_url', 'username', 'password']],
    [{}, { auth_type: 'password', auth_url: 'http://k', username: 'glance', password: 'p' }, []],
    [{}, { admin_user: 'glance', admin_password: 'p', identity_uri: 'http://k' }, []],
    [
      {},
      { auth_type: 'v3applicationcredential', auth_url: 'http://k' },
      ['application_credential_id', 'application_credential_secret'],
    ],
    [{ memcache_security_strategy: 'MAC' }, { admin_user: 'glance' }, ['memcache_secret_key']],
    [{ memcache_security_strategy: 'ENCRYPT', memcache_secret_key: 's' }, { admin_user: 'glance' }, []],
  ] as const
  for (const [changedAuthtoken, changedAccount, missing] of cases) {
    it(`misses ${missing.join(', ') || 'nothing'} in ${JSON.stringify({ ...changedAuthtoken, ...changedAccount })}`, () => {
      const problems = keystoneProblems({ ...authtoken, ...changedAuthtoken }, { ...account, ...changedAccount })
      assert.deepEqual(
        problems.map(({ option }) => option),
        missing,
      )
    })
  }
})

describe('permits', () => {
  const cases = [
    ['/v2/images', '/v2/images', true],
    ['/v2/images', '/v2/images/1', false],
    ['/v2/images/*', '/v2/images/1', true],
    ['/v2/images/*', '/v2/images/1/file', false],
    ['/v2/images/**', '/v2/images/1/file', true],
    ['/v2/images/{id}/file', '/v2/images/1/file', true],
    ['/v2/images/{id}/file', '/v2/images/1/2/file', false],
    ['/v2.images', '/v2ximages', false],
  ] as const
  for (const [rule, path, allowed] of cases) {
    it(`${allowed ? 'lets' : 'does not let'} ${rule} match ${path}`, () => {
      const rules = [{ service: 'image', method: 'GET', path: rule }]
      assert.equal(permits(rules, { service: 'image', method: 'GET', path }), allowed)
      assert.equal(permits(rules, { service: 'image', method: 'PUT', path }), false)
      assert.equal(permits(rules, { service: 'volume', method: 'GET', path }), false)
    })
  }
})

describe('createSealer', () => {
  for (const strategy of ['None', 'MAC', 'ENCRYPT'] as const) {
    it(`gives back what it sealed and names no token (${strategy})`, () => {
      const sealer = createSealer(strategy, 'secret')
      const sealed = sealer.seal('token-1', '{"a":"ä"}')
      assert.equal(sealer.open('token-1', sealed), '{"a":"ä"}')
      assert.doesNotMatch(sealer.keyOf('token-1') + sealed, /token-1/)
      assert.match(sealer.keyOf('token-1'), /^[\x21-\x7e]{1,250}$/)
      assert.notEqual(sealer.keyOf('token-1'), sealer.keyOf('token-2'))
    })
  }
  for (const strategy of ['MAC', 'ENCRYPT'] as const) {
    it(`opens nothing that was forged, moved or sealed with another secret (${strategy})`, () => {
      const sealer = createSealer(strategy, 'secret')
      const sealed = sealer.seal('token-1', '{"roles":["member"]}')
      assert.equal(sealer.open('token-2', sealed), undefined)
      assert.equal(createSealer(strategy, 'other').open('token-1', sealed), undefined)
      assert.equal(sealer.open('token-1', '{"roles":["admin"]}'), undefined)
      assert.equal(sealer.open('token-1', ''), undefined)
      const at = sealed.length - 6
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
      assert.equal(sealer.open('token-1', changed), undefined)
    })
  }
  it('shows nothing of the value when it encrypts', () => {
    assert.doesNotMatch(createSealer('ENCRYPT', 's').seal('t', 'admin'.repeat(9)), /admin/)
  })
})

describe('TokenCache', () => {
  it('forgets the least recently used value first', () => {
    const cache = new TokenCache<number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')
    cache.set('c', 3)
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3])
  })
})

describe('openRemoteCheck', () => {
  const answers = [
    ['True', true],
    ['"True"', true],
    ['False', false],
    ['true', false],
    ['', false],
  ] as const
  for (const contentType of ['application/x-www-form-urlencoded', 'application/json']) {
    it(`asks with ${contentType} and takes nothing but True for a yes`, async (t) => {
      let body = ''
      let answer = ''
      const server = createServer((request, response) => {
        body = ''
        request.on('data', (chunk) => {
          body += chunk
        })
        request.on('end', () => response.end(answer))
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const errors: object[] = []
      const quiet = () => {}
      const log = {
        debug: quiet,
        info: quiet,
        warn: quiet,
        error: (fields: object) => errors.push(fields),
        child: () => log,
      }
      const check = openRemoteCheck({
        contentType,
        verifyServer: false,
        caFile: null,
        certFile: null,
        keyFile: null,
        timeoutMs: 5000,
        log,
      })
      t.after(() => check.close())
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`
      const question = { rule: 'get_image', target: { owner: 'p' }, credentials: { user_id: 'u' } }
      for (const [text, allowed] of answers) {
        answer = text
        assert.equal(await check.allows(url, question), allowed, text)
      }
      const fields = new URLSearchParams(body)
      const sent =
        contentType === 'application/json'
          ? JSON.parse(body)
          : Object.fromEntries([...fields].map(([name, value]) => [name, JSON.parse(value)]))
      assert.deepEqual(sent, question)
      await new Promise((resolve) => server.close(resolve))
      assert.equal(await check.allows(url, question), false)
      assert.equal(errors.length, 1)
    })
  }
})
