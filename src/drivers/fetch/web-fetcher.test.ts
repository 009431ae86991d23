import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import { type FetchRules, openWebFetcher } from './web-fetcher.ts'

const rules: FetchRules = { trusts: () => false, refuses: () => false, follows: () => true }
const wary = openWebFetcher(rules)
/** `localhost` is one that operators have named, so that there is something to fetch from. */
const trusting = openWebFetcher({ ...rules, trusts: (host) => host === 'localhost' })
const seen: { path: string; token: string | undefined }[] = []
let origin = ''
const answer: RequestListener = (request, response) => {
  seen.push({ path: request.url ?? '', token: request.headers['x-auth-token'] as string | undefined })
  const to = new URL(request.url ?? '/', origin).searchParams.get('to')
  if (to !== null) return void response.writeHead(302, { location: to }).end()
  response.writeHead(200, { 'content-length': 4 }).end('data')
}
const server = createServer(answer)
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})
after(async () => {
  await Promise.all([wary.close(), trusting.close()])
  server.closeAllConnections()
  server.close()
})

const signal = AbortSignal.timeout(60_000)
const unknown = 'no-such-host.invalid'
const unresolved = (error: unknown) => refused(error) || hasCode(error, 'fetch_failed')
const refused = (error: unknown) => hasCode(error, 'url_refused')
async function text(fetcher: Fetcher, url: string, headers: Record<string, string> = {}): Promise<string> {
  const { body } = await fetcher.open(url, { signal, headers })
  return Buffer.concat(await body.toArray()).toString()
}

const local = ['127.0.0.1', '127.1.2.3', '0.0.0.0', '169.254.169.254', '100.100.100.200', '224.0.0.1', 'localhost']
const localV6 = ['::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:169.254.169.254', 'fe80::1', 'ff02::1']
const hostile = [
  ...[...local, ...localV6.map((address) => `[${address}]`)].flatMap((host) => [
    `http://${host}/`,
    `https://${host}:8443/x`,
  ]),
  // Other spellings of addresses.
  ...['2130706433', '0x7f000001', '0x7f.1', '127.1', '017700000001', '0177.0.0.1', '１２７.0.0.1', '127.0.0.1.'].map(
    (host) => `http://${host}/`,
  ),
  // What another reader may understand in another way.
  'http://example.org@127.0.0.1/',
  'http://127.0.0.1:80\\@example.org/',
  'http://user:password@example.org/',
  'http://user@example.org/',
  'http://exa\tmple.org/',
  'http://exam%70le.org/',
  ' http://example.org/',
  'http://example.org\r\nhost: x/',
  'http:example.org/',
  'http:/example.org/',
  'http:///example.org/',
  'ftp://example.org/x',
  'file:///etc/passwd',
  'gopher://127.0.0.1:70/',
  'javascript:alert(1)',
  'http://',
  '',
  'http://[::1/',
  `http://${unknown}/`,
]

test('refuses every address that leads to this machine, its link or a metadata service, however it is written', async () => {
  for (const url of hostile) {
    await assert.rejects(wary.check(url), refused, url)
    await assert.rejects(wary.open(url, { signal }), url.includes(unknown) ? unresolved : refused, url)
  }
  assert.deepEqual(seen, [])
})

test('judges every redirect as it judges the first address', async () => {
  assert.equal(await text(trusting, `${origin}/?to=/next`), 'data')
  // What a header can carry as it is.
  const sent = hostile.filter((url) => url.includes(':') && /^[!-~]+$/.test(url) && !url.includes('localhost'))
  for (const to of sent) {
    const url = `${origin}/?to=${encodeURIComponent(to)}`
    await assert.rejects(text(trusting, url), to.includes(unknown) ? unresolved : refused, to)
  }
})

test('sends headers to the server that was named, and to no other', async () => {
  const { port } = new URL(origin)
  const both = openWebFetcher({ ...rules, trusts: () => true })
  seen.length = 0
  const elsewhere = encodeURIComponent(`http://127.0.0.1:${port}/elsewhere`)
  await text(both, `${origin}/?to=${elsewhere}`, { 'x-auth-token': 'secret' })
  await text(both, `${origin}/?to=/here`, { 'x-auth-token': 'secret' })
  await both.close()
  assert.deepEqual(
    seen.map(({ path, token }) => [path.replace(/\?.*/, '?'), token]),
    [
      ['/?', 'secret'],
      ['/elsewhere', undefined],
      ['/?', 'secret'],
      ['/here', 'secret'],
    ],
  )
})
