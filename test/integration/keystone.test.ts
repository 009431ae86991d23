import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { OptionGroup, Values } from '../../src/config/option.ts'
import { KeystoneIdentity } from '../../src/drivers/identity/keystone.ts'
import {
  type KeystoneAccountConfig,
  type KeystoneAuthtokenConfig,
  keystone_authtokenOptions,
  keystoneAccountOptions,
} from '../../src/drivers/identity/keystone-options.ts'
import type { Logger } from '../../src/ports/logger.ts'
import { peers } from '../support/peers.ts'

const { keystone, memcached } = await peers('keystone', 'memcached')
const demo = await keystone.createUser({ roles: ['member'] })

function defaultsOf<G extends OptionGroup>(group: G): Values<G> {
  return Object.fromEntries(Object.entries(group).map(([name, spec]) => [name, spec.default])) as Values<G>
}

interface Overrides {
  readonly authtoken?: Partial<KeystoneAuthtokenConfig>
  readonly account?: Partial<KeystoneAccountConfig>
}

/** An identity service with the options of a real file, a clock that tests move, and everything that it logs. */
function open(t: TestContext, { authtoken = {}, account = {} }: Overrides = {}) {
  const logged: string[] = []
  const write = (fields: object, message: string) => {
    logged.push(
      `${message} ${JSON.stringify(fields, (_, value) => (value instanceof Error ? describeError(value) : value))}`,
    )
  }
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log }
  const clock = { aheadMs: 0 }
  const identity = new KeystoneIdentity({
    authtoken: { ...defaultsOf(keystone_authtokenOptions), ...authtoken },
    account: {
      ...defaultsOf(keystoneAccountOptions),
      auth_type: 'password',
      auth_url: keystone.adminUrl,
      username: keystone.service.username,
      password: keystone.service.password,
      project_name: keystone.service.project,
      user_domain_name: 'default',
      project_domain_name: 'default',
      ...account,
    },
    log,
    now: () => Date.now() + clock.aheadMs,
  })
  t.after(() => identity.close())
  return { identity, clock, logged }
}

function describeError(error: Error): unknown {
  return { message: error.message, stack: error.stack, cause: error.cause }
}

function proofOf(token: string, serviceToken?: string) {
  return { token, serviceToken, authorization: undefined }
}

/** Asks without caring whether the answer comes at once. */
async function ask(identity: KeystoneIdentity, token: string, serviceToken?: string) {
  return identity.authenticate(proofOf(token, serviceToken))
}

const sharedCache = { memcached_servers: [`${memcached.host}:${memcached.port}`] }

/** A way to Keystone that remembers its answers and can be cut, or slowed down until nothing comes through. */
async function openLine(t: TestContext) {
  const { hostname, port } = new URL(keystone.authUrl)
  const sockets = new Set<Socket>()
  const state = { mode: 'open' as 'open' | 'cut' | 'silent', connections: 0, received: '' }
  const server = createServer((client) => {
    state.connections += 1
    sockets.add(client)
    client.on('error', () => {})
    if (state.mode === 'cut') return client.destroy()
    if (state.mode === 'silent') return
    const upstream = connect(Number(port), hostname)
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    upstream.on('data', (chunk) => {
      state.received += chunk.toString('latin1')
    })
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    set(mode: typeof state.mode) {
      state.mode = mode
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
  }
}

/** All that memcached holds, as its text protocol shows it. */
async function sendToMemcached(command: string): Promise<string> {
  const socket = connect(memcached.port, memcached.host)
  socket.end(`${command}\r\nquit\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

async function memcachedValues(prefix: string): Promise<string[]> {
  const dump = await sendToMemcached('lru_crawler metadump all')
  const keys = [...dump.matchAll(/^key=(\S+)/gm)].map(([, key]) => decodeURIComponent(key ?? ''))
  const ours = keys.filter((key) => key.startsWith(prefix))
  return Promise.all(ours.map(async (key) => `${key} ${await sendToMemcached(`get ${key}`)}`))
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`in vain waited until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('Keystone', () => {
  it('says who sends a token, then at once and with the same object', async (t) => {
    const { identity } = open(t)
    const token = await demo.token()
    const caller = await identity.authenticate(proofOf(token))
    assert.equal(caller.userId, demo.userId)
    assert.equal(caller.projectId, demo.projectId)
    assert.ok(caller.roles.includes('member'))
    assert.equal(caller.token, token)
    assert.ok(Object.isFrozen(caller))
    assert.equal(identity.authenticate(proofOf(token)), caller)
    assert.equal(identity.authenticate(proofOf(` ${token} `)), caller)
  })

  it('names the public address in its challenge', (t) => {
    assert.equal(open(t).identity.challenge, `Keystone uri="${keystone.adminUrl}"`)
    const { identity } = open(t, { authtoken: { www_authenticate_uri: 'http://public:5000' } })
    assert.equal(identity.challenge, 'Keystone uri="http://public:5000"')
  })

  it('refuses what is no token, and does not ask twice', async (t) => {
    const line = await openLine(t)
    const { identity } = open(t, { account: { auth_url: line.url } })
    for (const token of ['garbage', 'ä-ö', 'x'.repeat(4000)]) {
      await assert.rejects(ask(identity, token), { code: 'unauthorized' })
    }
    line.set('cut')
    assert.throws(() => identity.authenticate(proofOf('garbage')), { code: 'unauthorized' })
    assert.throws(() => identity.authenticate(proofOf('')), { code: 'unauthorized' })
  })

  it('shares one question among concurrent requests with a token', async (t) => {
    const line = await openLine(t)
    const { identity } = open(t, { account: { auth_url: line.url } })
    await ask(identity, await keystone.token(keystone.demo))
    const before = line.state.connections
    const token = await demo.token()
    const callers = await Promise.all(Array.from({ length: 50 }, () => ask(identity, token)))
    assert.equal(new Set(callers).size, 1)
    assert.ok(line.state.connections - before <= 2, `${line.state.connections - before} connections`)
  })

  it('refuses a token from the second in which it expires, but takes it from a service', async (t) => {
    const { identity, clock } = open(t, { authtoken: { token_cache_time: 1_000_000 } })
    const token = await demo.token()
    const answer = await fetch(`${keystone.authUrl}/auth/tokens`, {
      headers: { 'x-auth-token': token, 'x-subject-token': token },
    })
    const { token: body } = (await answer.json()) as { token: { expires_at: string } }
    await ask(identity, token)
    clock.aheadMs = Date.parse(body.expires_at) - Date.now() - 5000
    assert.equal((await ask(identity, token)).userId, demo.userId)
    const service = await keystone.createUser({ roles: ['service'] })
    const serviceToken = await service.token()
    await ask(identity, token, serviceToken)
    clock.aheadMs += 5001
    await assert.rejects(ask(identity, token), { code: 'unauthorized' })
  })

  it('believes a revoked token for token_cache_time and no longer', async (t) => {
    const { identity, clock } = open(t, { authtoken: { token_cache_time: 60 } })
    const token = await demo.token()
    await ask(identity, token)
    await keystone.revoke(token)
    // Half a minute of room: Keystone takes its time on a busy machine.
    clock.aheadMs = 30_000
    assert.equal((await ask(identity, token)).userId, demo.userId)
    clock.aheadMs = 61_000
    await assert.rejects(ask(identity, token), { code: 'unauthorized' })
  })

  it('asks each time if the cache is switched off', async (t) => {
    const { identity } = open(t, { authtoken: { token_cache_time: -1, ...sharedCache } })
    const token = await demo.token()
    await ask(identity, token)
    await keystone.revoke(token)
    await assert.rejects(ask(identity, token), { code: 'unauthorized' })
  })

  it('adds the roles of a service token, and ignores one that is not valid', async (t) => {
    const { identity } = open(t)
    const service = await keystone.createUser({ roles: ['service'] })
    const token = await demo.token()
    const caller = await ask(identity, token, await service.token())
    assert.equal(caller.userId, demo.userId)
    assert.ok(caller.serviceRoles.includes('service'))
    assert.equal(caller.service?.userId, service.userId)
    assert.deepEqual((await ask(identity, token, 'garbage')).serviceRoles, [])
    await assert.rejects(ask(identity, 'garbage', await service.token()), { code: 'unauthorized' })
  })

  it('ignores service tokens without a role of service_token_roles if they are required', async (t) => {
    const { identity } = open(t, { authtoken: { service_token_roles_required: true } })
    const token = await demo.token()
    const caller = await ask(identity, token, await demo.token())
    assert.deepEqual([caller.userId, caller.serviceRoles], [demo.userId, []])
  })

  it('works as an application credential, and takes the tokens of one', async (t) => {
    const { identity } = open(t)
    const made = await makeApplicationCredential({})
    const { identity: asCredential } = open(t, {
      account: {
        auth_type: 'v3applicationcredential',
        username: null,
        password: null,
        application_credential_id: made.id,
        application_credential_secret: made.secret,
      },
    })
    const token = await credentialToken(made)
    assert.equal((await ask(identity, token)).userId, demo.userId)
    // A member may not validate tokens of others, but his own.
    assert.equal((await ask(asCredential, token)).userId, demo.userId)
  })

  it('lets a token with access rules make the requests of its rules only', async (t) => {
    const rules = [{ service: 'image', method: 'GET', path: '/v2/images/*' }]
    const token = await credentialToken(await makeApplicationCredential({ access_rules: rules }))
    const request = (method: string, path: string) => ({ ...proofOf(token), method, path })
    const { identity: unnamed } = open(t)
    await assert.rejects(async () => unnamed.authenticate(request('GET', '/v2/images/1')), { code: 'unauthorized' })
    const { identity } = open(t, { authtoken: { service_type: 'image' } })
    assert.equal((await identity.authenticate(request('GET', '/v2/images/1'))).userId, demo.userId)
    await assert.rejects(async () => identity.authenticate(request('DELETE', '/v2/images/1')), { code: 'unauthorized' })
    await assert.rejects(async () => identity.authenticate(request('GET', '/v2/images')), { code: 'unauthorized' })
  })

  it('renews its own login when Keystone no longer takes it', async (t) => {
    const line = await openLine(t)
    const { identity } = open(t, { account: { auth_url: line.url } })
    await ask(identity, await demo.token())
    const login = /x-subject-token: (\S+)/i.exec(line.state.received)?.[1]
    assert.ok(login)
    await keystone.revoke(login)
    assert.equal((await ask(identity, await demo.token())).userId, demo.userId)
  })

  it('says 503, not 401, if Keystone refuses the account of the service, and logs it without the password', async (t) => {
    const { identity, logged } = open(t, { account: { password: 'wrong-secret' } })
    await assert.rejects(ask(identity, await demo.token()), { code: 'identity_unavailable', status: 503 })
    assert.match(logged.join('\n'), /Keystone refuses the account/)
    assert.doesNotMatch(logged.join('\n'), /wrong-secret/)
  })

  for (const mode of ['cut', 'silent'] as const) {
    it(`says 503 in bounded time while the line is ${mode}, serves known tokens, and recovers by itself`, async (t) => {
      const line = await openLine(t)
      const { identity } = open(t, { authtoken: { http_connect_timeout: 2 }, account: { auth_url: line.url } })
      const known = await demo.token()
      const fresh = await demo.token()
      await ask(identity, known)
      line.set(mode)
      const started = performance.now()
      await assert.rejects(ask(identity, fresh), { code: 'identity_unavailable', status: 503 })
      assert.ok(performance.now() - started < 4000)
      assert.equal((await ask(identity, known)).userId, demo.userId)
      line.set('open')
      assert.equal((await ask(identity, fresh)).userId, demo.userId)
    })
  }
})

describe('the shared cache', () => {
  for (const strategy of ['None', 'MAC', 'ENCRYPT'] as const) {
    it(`spares another process the question, and holds no token (${strategy})`, async (t) => {
      const authtoken = {
        ...sharedCache,
        memcache_security_strategy: strategy,
        memcache_secret_key: 'the-secret-key',
      }
      const before = new Set(await memcachedValues('glimpse/tokens/'))
      const user = await keystone.createUser({ roles: ['member'] })
      const token = await user.token()
      const { identity, logged } = open(t, { authtoken })
      const caller = await ask(identity, token)
      const nowhere = { auth_url: 'http://127.0.0.1:1' }
      await until(async () => {
        const { identity: second } = open(t, {
          authtoken: { ...authtoken, http_request_max_retries: 0 },
          account: nowhere,
        })
        return ask(second, token).then(
          (found) => found.userId === caller.userId,
          () => false,
        )
      }, 'the validation is in memcached')
      const added = (await memcachedValues('glimpse/tokens/')).filter((value) => !before.has(value))
      assert.notEqual(added.length, 0)
      const text = added.join('') + logged.join('')
      assert.equal(text.includes(token.slice(0, 40)), false)
      assert.equal(text.includes(user.userId), strategy !== 'ENCRYPT')
    })
  }

  it('lets no copy outlive token_cache_time', async (t) => {
    const authtoken = { ...sharedCache, token_cache_time: 60 }
    const token = await demo.token()
    await ask(open(t, { authtoken }).identity, token)
    await until(
      async () => (await memcachedValues('glimpse/tokens/')).some((value) => value.includes(demo.userId)),
      'it is stored',
    )
    const { identity, clock } = open(t, { authtoken })
    clock.aheadMs = 50_000
    await ask(identity, token)
    await keystone.revoke(token)
    clock.aheadMs = 61_000
    await assert.rejects(ask(identity, token), { code: 'unauthorized' })
  })

  it('is done without if memcached cannot be reached', async (t) => {
    const { identity, logged } = open(t, { authtoken: { memcached_servers: ['127.0.0.1:1'] } })
    assert.equal((await ask(identity, await demo.token())).userId, demo.userId)
    assert.equal((await ask(identity, await demo.token())).userId, demo.userId)
    assert.equal(logged.filter((line) => line.startsWith('memcached cannot be used')).length, 1)
  })
})

interface Credential {
  readonly id: string
  readonly secret: string
}

async function makeApplicationCredential(extra: object): Promise<Credential> {
  const answer = await fetch(`${keystone.authUrl}/users/${demo.userId}/application_credentials`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-auth-token': await demo.token() },
    body: JSON.stringify({ application_credential: { name: `credential-${Math.random()}`, ...extra } }),
  })
  assert.equal(answer.status, 201)
  return ((await answer.json()) as { application_credential: Credential }).application_credential
}

async function credentialToken({ id, secret }: Credential): Promise<string> {
  const answer = await fetch(`${keystone.authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } },
    }),
  })
  const token = answer.headers.get('x-subject-token')
  assert.ok(token)
  return token
}
