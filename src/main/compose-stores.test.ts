import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Config } from '../config/config.ts'
import type { ConfigError } from '../config/fault.ts'
import { knownOptions } from '../config/known-options.ts'
import { readStores } from './compose-stores.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }

async function configure(t: TestContext, text: (dir: string) => string) {
  const dir = await mkdtemp(join(tmpdir(), 'glimpse-stores-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, 'glance-api.conf'), text(dir))
  const config = await Config.load({ files: [join(dir, 'glance-api.conf')], env: {} })
  return { config, stores: readStores(config) }
}

test('reads the stores of a Mitaka installation', async (t) => {
  const { config, stores } = await configure(
    t,
    (dir) => `[glance_store]\nstores = file,http\ndefault_store = file\nfilesystem_store_datadir = ${dir}/images/\n`,
  )
  assert.deepEqual(config.finish(knownOptions).unknown, [])
  const set = await stores.open(quiet)
  t.after(() => set.close())
  assert.equal(set.multiple, false)
  assert.equal(set.default.id, 'file')
  assert.equal(set.forLocation('https://example.org/image', {})?.id, 'http')
  assert.equal(set.forLocation('HTTPS://example.org/image', { store: 'http' }), undefined)
  assert.equal(set.forLocation('https://example.org/image', { store: 'file' })?.id, 'http')
})

test('reads several stores with a section each, and keeps the service’s own out of the list', async (t) => {
  const { config, stores } = await configure(
    t,
    (dir) => `[DEFAULT]\nenabled_backends = fast:file, slow:file, web:http\n[glance_store]\ndefault_backend = slow
[fast]\nfilesystem_store_datadir = ${dir}/fast\nweight = 100\n[slow]\nfilesystem_store_datadir = ${dir}/slow
store_description = large disks\n[web]\n[os_glance_staging_store]\nfilesystem_store_datadir = ${dir}/staging\n`,
  )
  assert.deepEqual(config.finish(knownOptions).unknown, [])
  const set = await stores.open(quiet)
  t.after(() => set.close())
  assert.equal(set.multiple, true)
  assert.equal(set.default.id, 'slow')
  assert.deepEqual(
    set.list().map(({ store, description, weight }) => [store.id, description, weight]),
    [
      ['fast', null, 100],
      ['slow', 'large disks', 0],
      ['web', null, 0],
    ],
  )
  assert.equal(set.reserved('os_glance_staging_store')?.id, 'os_glance_staging_store')
  assert.throws(() => set.get('os_glance_staging_store'))
})

for (const [what, text, option] of [
  ['a type that there is not', '[glance_store]\nstores = file,sheepdog\n', 'stores'],
  ['a default that is none of the stores', '[glance_store]\nstores = http\ndefault_store = file\n', 'default_store'],
  ['a backend of an unknown type', '[DEFAULT]\nenabled_backends = a:tape\n', 'enabled_backends'],
  ['no default backend', '[DEFAULT]\nenabled_backends = a:file\n', 'default_backend'],
  ['an id of the service’s own', '[DEFAULT]\nenabled_backends = os_glance_x:file\n', 'enabled_backends'],
] as const) {
  test(`refuses ${what}`, async (t) => {
    const { config } = await configure(t, () => text)
    assert.throws(
      () => config.finish(knownOptions),
      (error: ConfigError) => error.faults.some((fault) => fault.option === option),
    )
  })
}

test('serves with the default store where another one is named but not set up', async (t) => {
  const { config, stores } = await configure(
    t,
    (dir) => `[glance_store]\nstores = file,s3\nfilesystem_store_datadir = ${dir}/images\n`,
  )
  config.finish(knownOptions)
  const set = await stores.open(quiet)
  t.after(() => set.close())
  assert.deepEqual([set.default.id, set.unavailable()], ['file', ['s3']])
})

test('names the options that a store of S3 lacks', async (t) => {
  const { config } = await configure(
    t,
    () => '[DEFAULT]\nenabled_backends = a:s3\n[glance_store]\ndefault_backend = a\n',
  )
  assert.throws(
    () => config.finish(knownOptions),
    ({ faults }: ConfigError) =>
      ['host', 'access_key', 'secret_key', 'bucket'].every((name) =>
        faults.some((fault) => fault.option === `s3_store_${name}`),
      ),
  )
})
