import assert from 'node:assert/strict'
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Config } from '../config/config.ts'
import { knownOptions } from '../config/known-options.ts'
import { keysOf } from '../config/layers.ts'
import { renderReference, renderSample } from '../config/render.ts'
import { fileStoreOptions } from '../drivers/stores/file/options.ts'
import { chapters } from './options.ts'

const declared = chapters.flatMap(({ group, options }) =>
  Object.entries(options).map(([name, spec]) => ({ group, name, spec, key: `${group}/${name}` })),
)

async function load(t: TestContext, texts: readonly string[], env: Record<string, string> = {}): Promise<Config> {
  const root = await mkdtemp(join(tmpdir(), 'glimpse-options-'))
  t.after(() => rm(root, { recursive: true }))
  const files = texts.map((_, index) => join(root, `${index}.conf`))
  await Promise.all(texts.map((text, index) => writeFile(files[index] ?? '', text)))
  return Config.load({ files, env, declared: chapters })
}

/** Values of all declared options, by `group/name`. */
function read(config: Config): Map<string, unknown> {
  return new Map(
    chapters.flatMap(({ group, options }) =>
      Object.entries(config.group(group, options)).map(([name, value]) => [`${group}/${name}`, value] as const),
    ),
  )
}

const installationGuide = `
[database]
connection = mysql+pymysql://glance:GLANCE_DBPASS@controller/glance

[keystone_authtoken]
auth_uri = http://controller:5000
auth_url = http://controller:35357
memcached_servers = controller:11211
auth_type = password
project_domain_name = default
user_domain_name = default
project_name = service
username = glance
password = GLANCE_PASS

[paste_deploy]
flavor = keystone
`

describe('the declared options', () => {
  it('are declared once each', () => {
    const keys = declared.map(({ key }) => key)
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
    )
  })

  it('have the names of Glance unless they are marked as ours', () => {
    const isKnown = ({ group, name }: { group: string; name: string }): boolean =>
      knownOptions.groups[group]?.includes(name) ?? false
    assert.deepEqual(
      declared
        .filter(({ group, name, spec }) => isKnown({ group, name }) === (spec.ours ?? false))
        .map(({ key }) => key),
      [],
    )
  })

  it('do not take the name of another option as an old name', () => {
    const keys = new Set(declared.map(({ key }) => key))
    const taken = declared.flatMap(({ group, name, spec }) => keysOf({ group, name, spec }).slice(1))
    assert.deepEqual(
      taken.filter((key) => keys.has(key)),
      [],
    )
  })

  it('include every group that a module declares', async () => {
    const registered = new Set(chapters.flatMap(({ options }) => Object.keys(options)))
    const missing: string[] = []
    for await (const path of glob('**/*.ts', { cwd: new URL('..', import.meta.url).pathname })) {
      if (path.endsWith('.test.ts')) continue
      const source = await readFile(new URL(`../${path}`, import.meta.url), 'utf8')
      for (const [, body = ''] of source.matchAll(/Options = \{\n(.*?)\n\} as const satisfies OptionGroup/gs)) {
        for (const [, name = ''] of body.matchAll(/^ {2}(\w+): \{/gm))
          if (!registered.has(name)) missing.push(`${path}: ${name}`)
      }
    }
    assert.deepEqual(missing, [])
  })

  it('have their defaults when the sample file is taken as it is, and when every line of it is made active', async (t) => {
    const sample = renderSample(chapters)
    const active = sample.replaceAll(/^#(\w+ = .*)$/gm, '$1')
    const [untouched, uncommented] = [await load(t, [sample]), await load(t, [active])]
    assert.deepEqual(read(uncommented), read(untouched))
    for (const config of [untouched, uncommented]) {
      assert.deepEqual(config.finish(knownOptions), { unused: [], unknown: [], deprecated: [] })
    }
    assert.deepEqual(new Map(declared.map(({ key, spec }) => [key, spec.default])), read(untouched))
  })

  it('stand in the documentation, each in a row', () => {
    const rows = renderReference(chapters, knownOptions)
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    assert.deepEqual(rows.map((row) => /`(\w+)`/.exec(row)?.[1]).sort(), declared.map(({ name }) => name).sort())
    for (const row of rows) assert.equal(row.split(/(?<!\\)\|/).length, 7, row)
  })
})

describe('configuration files of real installations', () => {
  it('gives the values of the Mitaka installation guide to glance-api', async (t) => {
    const store =
      '[glance_store]\nstores = file,http\ndefault_store = file\nfilesystem_store_datadir = /var/lib/glance/images/\n'
    const config = await load(t, [installationGuide + store])
    const values = read(config)
    const expected = {
      'database/connection': 'mysql+pymysql://glance:GLANCE_DBPASS@controller/glance',
      'keystone_authtoken/www_authenticate_uri': 'http://controller:5000',
      'keystone_authtoken/auth_url': 'http://controller:35357',
      'keystone_authtoken/memcached_servers': ['controller:11211'],
      'keystone_authtoken/auth_type': 'password',
      'keystone_authtoken/project_domain_name': 'default',
      'keystone_authtoken/user_domain_name': 'default',
      'keystone_authtoken/project_name': 'service',
      'keystone_authtoken/username': 'glance',
      'keystone_authtoken/password': 'GLANCE_PASS',
      'paste_deploy/flavor': 'keystone',
      'glance_store/stores': ['file', 'http'],
      'glance_store/default_store': 'file',
      'glance_store/filesystem_store_datadir': '/var/lib/glance/images/',
    }
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, values.get(key)])), expected)
    const { unused, unknown, deprecated } = config.finish(knownOptions)
    assert.deepEqual([unused, unknown], [[], []])
    assert.deepEqual(
      deprecated.map(({ old }) => old),
      ['keystone_authtoken/auth_uri'],
    )
  })

  it('accepts glance-registry of that guide, and what a Mitaka file has besides', async (t) => {
    const besides =
      '[DEFAULT]\nverbose = True\nregistry_host = 0.0.0.0\nuse_syslog = False\nrpc_backend = rabbit\nnotification_driver = noop\n[oslo_messaging_rabbit]\nrabbit_host = controller\nrabbit_password = RABBIT_PASS\n'
    const config = await load(t, [installationGuide.replace('auth_type', 'auth_plugin') + besides])
    assert.equal(read(config).get('keystone_authtoken/auth_type'), 'password')
    const { unused, unknown } = config.finish(knownOptions)
    assert.deepEqual(unknown, [])
    assert.deepEqual(
      unused.map(({ option }) => option),
      ['verbose', 'use_syslog', 'rpc_backend', 'notification_driver', 'rabbit_host', 'rabbit_password'],
    )
  })

  it('accepts a file that sets every option Glance has ever had', async (t) => {
    const used = new Set(declared.flatMap(keysOf))
    const sections = Object.entries(knownOptions.groups).map(([group, names]) => {
      const unused = names.filter((name) => !used.has(`${group}/${name}`))
      return [`[${group}]`, ...unused.map((name) => `${name} = x`)].join('\n')
    })
    const config = await load(t, [sections.join('\n\n')])
    read(config)
    assert.deepEqual(config.finish(knownOptions).unknown, [])
  })

  it('reads several stores, each from its own section', async (t) => {
    const config = await load(t, [
      '[DEFAULT]\nenabled_backends = fast:file, cheap:file\n[glance_store]\ndefault_backend = fast\n[fast]\nfilesystem_store_datadir = /fast\n[cheap]\nfilesystem_store_datadirs = /cheap/1:200\nfilesystem_store_datadirs = /cheap/2\n[chaep]\nweight = 1\n',
    ])
    const values = read(config)
    assert.deepEqual(values.get('DEFAULT/enabled_backends'), { fast: 'file', cheap: 'file' })
    assert.equal(values.get('glance_store/default_backend'), 'fast')
    assert.equal(config.group('fast', fileStoreOptions).filesystem_store_datadir, '/fast')
    assert.deepEqual(config.group('cheap', fileStoreOptions).filesystem_store_datadirs, ['/cheap/1:200', '/cheap/2'])
    assert.deepEqual(
      config.finish(knownOptions).unknown.map(({ group, option }) => `${group}/${option}`),
      ['chaep/weight'],
    )
  })
})
