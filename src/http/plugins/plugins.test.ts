import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Fastify from 'fastify'
import { errorHandler } from '../errors/handler.ts'
import { type CorsConfig, corsHook } from './cors.ts'
import { healthcheckHandler } from './healthcheck.ts'
import { limitsHook } from './limits.ts'
import { originOf } from './proxy.ts'

const cors: CorsConfig = {
  allowed_origin: ['https://a.example'],
  allow_credentials: true,
  expose_headers: ['X-One', 'X-Two'],
  max_age: 60,
  allow_methods: ['GET', 'PUT'],
  allow_headers: ['X-Auth-Token'],
}

function corsApp(config: CorsConfig) {
  const app = Fastify()
  app.addHook('onRequest', corsHook(config))
  app.get('/', async () => 'ok')
  return app
}

test('answers every OPTIONS with 200 and allows what was asked of an allowed origin', async () => {
  const headers = {
    origin: 'https://a.example',
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-auth-token, content-type',
  }
  const answer = await corsApp(cors).inject({ method: 'OPTIONS', url: '/nowhere', headers })
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.headers['access-control-allow-origin'], 'https://a.example')
  assert.equal(answer.headers['access-control-allow-methods'], 'PUT')
  assert.equal(answer.headers['access-control-allow-headers'], 'x-auth-token,content-type')
  assert.equal(answer.headers['access-control-max-age'], '60')
  assert.equal(answer.headers['access-control-allow-credentials'], 'true')
})

for (const [what, headers] of [
  ['another origin', { origin: 'https://b.example', 'access-control-request-method': 'PUT' }],
  ['a method that is not allowed', { origin: 'https://a.example', 'access-control-request-method': 'DELETE' }],
  ['no method', { origin: 'https://a.example' }],
  [
    'a header that is not allowed',
    {
      origin: 'https://a.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-other',
    },
  ],
] as const) {
  test(`allows nothing to a preflight with ${what}`, async () => {
    const answer = await corsApp(cors).inject({ method: 'OPTIONS', url: '/', headers })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
}

test('exposes headers to an allowed origin, and to any when all are allowed', async () => {
  const one = await corsApp(cors).inject({ url: '/', headers: { origin: 'https://a.example' } })
  assert.equal(one.headers['access-control-expose-headers'], 'X-One,X-Two')
  assert.equal(one.headers.vary, 'Origin')
  const any = await corsApp({ ...cors, allowed_origin: ['*'] }).inject({ url: '/', headers: { origin: 'https://b' } })
  assert.equal(any.headers['access-control-allow-origin'], '*')
})

for (const [what, config, headers, expected] of [
  ['the Host header', {}, { 'x-forwarded-proto': 'https' }, 'http://h:1'],
  [
    'X-Forwarded headers of a trusted proxy',
    { parseProxyHeaders: true },
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'front', 'x-forwarded-prefix': '/image' },
    'https://front/image',
  ],
  [
    'the first proxy of a Forwarded header',
    { parseProxyHeaders: true },
    { forwarded: 'for=1.2.3.4;proto=https;host=front, for=5.6.7.8;host=inner', 'x-forwarded-host': 'no' },
    'https://front',
  ],
  [
    'the header that tells of TLS',
    { secureProxySslHeader: 'HTTP_X_FORWARDED_PROTO' },
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'no' },
    'https://h:1',
  ],
] as const) {
  test(`takes the origin of links from ${what}`, async () => {
    const origin = originOf({ parseProxyHeaders: false, secureProxySslHeader: null, ...config })
    const app = Fastify()
    app.get('/', async (request) => {
      const { scheme, host, prefix } = origin(request)
      return `${scheme}://${host}${prefix}`
    })
    assert.equal((await app.inject({ url: '/', headers: { host: 'h:1', ...headers } })).body, expected)
  })
}

test('is healthy until the file that disables it appears', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-health-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'off')
  const app = Fastify()
  const config = { path: '/h', detailed: false, backends: ['disable_by_file'], disable_by_file_paths: [] }
  app.all('/h', healthcheckHandler({ ...config, disable_by_file_path: file }))

  const well = await app.inject('/h')
  assert.deepEqual([well.statusCode, well.body, well.headers['content-type']], [200, 'OK', 'text/plain; charset=UTF-8'])
  assert.equal((await app.inject({ method: 'HEAD', url: '/h' })).statusCode, 204)

  await writeFile(file, '')
  const off = await app.inject({ url: '/h', headers: { accept: 'application/json' } })
  assert.equal(off.statusCode, 503)
  assert.deepEqual(off.json(), { detailed: false, reasons: ['DISABLED BY FILE'] })
  assert.equal((await app.inject({ method: 'HEAD', url: '/h' })).statusCode, 503)
})

test('refuses URLs and header lines that are too long', async () => {
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
  const app = Fastify()
  app.setErrorHandler(errorHandler(silent))
  app.addHook('onRequest', limitsHook(100))
  app.get('/', async () => 'ok')
  assert.equal((await app.inject(`/?${'a'.repeat(8192)}`)).statusCode, 414)
  assert.equal((await app.inject({ url: '/', headers: { 'x-long': 'a'.repeat(101) } })).statusCode, 431)
  assert.equal((await app.inject({ url: '/', headers: { 'x-long': 'a'.repeat(100) } })).statusCode, 200)
})
