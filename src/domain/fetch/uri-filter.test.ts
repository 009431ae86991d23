import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImportFilteringConfig } from './options.ts'
import { UriFilter } from './uri-filter.ts'

const defaults: ImportFilteringConfig = {
  allowed_schemes: ['http', 'https'],
  disallowed_schemes: [],
  allowed_hosts: [],
  disallowed_hosts: [],
  allowed_ports: ['80', '443'],
  disallowed_ports: [],
}
const refusal = (uri: string, config: Partial<ImportFilteringConfig> = {}) =>
  new UriFilter({ ...defaults, ...config }).refusal(uri)

for (const [uri, expected] of [
  ['http://example.org/image', undefined],
  ['https://user:key@example.org:443/image', undefined],
  ['http://10.1.2.3/image', undefined],
  ['http://[fd00::1]/image', undefined],
  ['ftp://example.org/image', 'scheme'],
  ['http://example.org:8080/image', 'port'],
  ['http:///image', undefined],
  ['no address', 'address'],
  ['http://2130706433/', 'host'],
  ['http://0x7f000001/', 'host'],
  ['http://127.1/', 'host'],
  ['http://0177.0.0.1/', 'host'],
] as const) {
  test(`finds ${expected ?? 'nothing'} to refuse in ${uri} by default`, () => assert.equal(refusal(uri), expected))
}

test('lets only the allowed hosts pass, in any case of letters', () => {
  const config = { allowed_hosts: ['Images.Example.org'], disallowed_hosts: ['images.example.org'] }
  assert.equal(refusal('http://IMAGES.example.org/a', config), undefined)
  assert.equal(refusal('http://other.example.org/a', config), 'host')
})

test('refuses disallowed values where nothing is allowed expressly', () => {
  const config = {
    allowed_schemes: [],
    disallowed_schemes: ['http'],
    disallowed_hosts: ['10.0.0.1'],
    allowed_ports: [],
    disallowed_ports: ['22'],
  }
  assert.equal(refusal('http://example.org/', config), 'scheme')
  assert.equal(refusal('https://10.0.0.1/', config), 'host')
  assert.equal(refusal('https://example.org:22/', config), 'port')
  assert.equal(refusal('https://example.org:8080/', config), undefined)
  assert.ok(new UriFilter({ ...defaults, ...config }).refusesAddress('10.0.0.1'))
})
