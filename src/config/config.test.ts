import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Config, type LoadOptions } from './config.ts'
import { ConfigError } from './fault.ts'
import { knownOptions } from './known-options.ts'
import type { OptionGroup } from './option.ts'

const help = ''
const options = {
  name: { type: 'string', default: 'none', help, deprecatedNames: ['old/name', 'old_name'] },
  port: { type: 'integer', default: 9292, min: 0, max: 65535, help },
  secret: { type: 'string', default: null, help, secret: true },
  on: { type: 'boolean', default: false, help },
  words: { type: 'list', default: [], help },
  dirs: { type: 'multi', default: [], help, deprecatedNames: ['old_dirs'] },
  path: { type: 'string', default: '/srv/$name', help },
} as const satisfies OptionGroup

/** Writes files into a new folder, gives its path. */
async function folder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'glimpse-config-'))
  t.after(() => rm(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

async function load(t: TestContext, text: string, more: Partial<LoadOptions> = {}): Promise<Config> {
  const root = await folder(t, { 'a.conf': text })
  return Config.load({ files: [join(root, 'a.conf')], env: {}, ...more })
}

function faultsOf(config: Config): string[] {
  try {
    config.finish(knownOptions)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message.split('\n').slice(1)
  }
  return []
}

describe('Config', () => {
  it('gives defaults where nothing is set, with references in them resolved', async (t) => {
    const config = await load(t, '')
    assert.deepEqual(config.group('g', options), {
      name: 'none',
      port: 9292,
      secret: null,
      on: false,
      words: [],
      dirs: [],
      path: '/srv/none',
    })
  })

  it('compares section names without regard to case, but for DEFAULT', async (t) => {
    const config = await load(t, '[G]\nname = g\n[default]\nname = d')
    assert.equal(config.group('g', options).name, 'g')
    assert.equal(config.group('DEFAULT', options).name, 'none')
    assert.ok(config.has('G') && config.has('default') && !config.has('DEFAULT') && !config.has('other'))
  })

  it('reads an option written with dashes as with underscores', async (t) => {
    const config = await load(t, '[g]\nold-name = x')
    assert.equal(config.group('g', options).name, 'x')
  })

  it('prefers later files, and within a file the current name to old ones', async (t) => {
    const root = await folder(t, {
      '1.conf': '[g]\nname = new in 1\nport = 1\ndirs = a\ndirs = b\n',
      '2.conf': '[g]\nold_name = old in 2\ndirs = c\nold_dirs = d\n',
      '3.conf': '[old]\nname = older in 3\n[g]\nold_name = old in 3\n',
    })
    const two = await Config.load({ files: [join(root, '1.conf'), join(root, '2.conf')], env: {} })
    assert.equal(two.group('g', options).name, 'old in 2')
    assert.equal(two.group('g', options).port, 1)
    assert.deepEqual(two.group('g', options).dirs, ['a', 'b', 'd', 'c'])
    assert.deepEqual(
      two.finish(knownOptions).deprecated.map(({ old, current }) => [old, current]),
      [['g/old_name', 'g/name']],
    )
    const three = await Config.load({ files: ['1', '2', '3'].map((n) => join(root, `${n}.conf`)), env: {} })
    assert.equal(three.group('g', options).name, 'older in 3')
  })

  it('prefers the command line to the environment, that to files, those to defaults of the program', async (t) => {
    const text = '[g]\nname = file\nport = 1\non = yes\n'
    const config = await load(t, text, {
      overrides: { g: { name: 'command' } },
      env: { OS_G__NAME: 'environment', OS_G__PORT: '2', OS_G__DIRS: 'a,b' },
      defaults: { g: { on: 'false', secret: 'built in' } },
    })
    const values = config.group('g', options)
    assert.deepEqual([values.name, values.port, values.on, values.secret], ['command', 2, true, 'built in'])
    assert.deepEqual(values.dirs, ['a,b'])
    assert.deepEqual([config.isSet('g', 'on'), config.isSet('g', 'secret')], [true, false])
  })

  it('reads the *.conf files of directories in the order of their names, after the files', async (t) => {
    const root = await folder(t, {
      'a.conf': '[g]\nname = file\nport = 1\n',
      'd/20.conf': '[g]\nname = 20\n',
      'd/10.conf': '[g]\nname = 10\n',
      'd/.hidden.conf': '[g]\nname = hidden\n',
      'd/30.conf.bak': '[g]\nname = bak\n',
    })
    const config = await Config.load({ files: [join(root, 'a.conf')], dirs: [join(root, 'd')], env: {} })
    assert.deepEqual(
      config.files,
      ['a.conf', 'd/10.conf', 'd/20.conf'].map((path) => join(root, path)),
    )
    const { name, port } = config.group('g', options)
    assert.deepEqual([name, port], ['20', 1])
  })

  it('looks for the files of the program at home when none is named, and for the directories even then', async (t) => {
    const root = await folder(t, {
      '.glance/glance-api.conf': '[g]\nname = dot\n',
      'glance-api.conf': '[g]\nname = home\n',
      'glance-api.conf.d/1.conf': '[g]\nport = 1\nname = dir\n',
      'named.conf': '[g]\nname = named\n',
    })
    const search = { program: 'glance-api', env: { HOME: root } }
    const found = await Config.load(search)
    assert.deepEqual(
      found.files.filter((path) => path.startsWith(root)),
      ['.glance/glance-api.conf', 'glance-api.conf.d/1.conf'].map((path) => join(root, path)),
    )
    const named = await Config.load({ ...search, files: ['~/named.conf'] })
    const { name, port } = named.group('g', options)
    assert.deepEqual([name, port], ['named', 1])
  })

  it('resolves references: same section, then DEFAULT, other sections, old names, escapes', async (t) => {
    const config = await load(
      t,
      [
        '[DEFAULT]',
        'name = top',
        'host = ctl',
        '[other]',
        'port = 5',
        '[g]',
        'name = in',
        `path = $name/$\{host}/$other.port/$$name/\\$name/$5/$\{other.port}x/$old_name/$port$`,
        'words = a,$name',
      ].join('\n'),
    )
    const values = config.group('g', options)
    assert.equal(values.path, 'in/ctl/5/$name/$name/$5/5x/in/9292$')
    assert.deepEqual(values.words, ['a', 'in'])
  })

  it('resolves references to defaults of options that are read later', async (t) => {
    const config = await load(t, '[g]\npath = $DEFAULT.port', { declared: [{ group: 'DEFAULT', options }] })
    assert.equal(config.group('g', options).path, '9292')
  })

  it('tells all faults at once, with place, option and what was expected', async (t) => {
    const root = await folder(t, {
      'a.conf': '[g]\nport = many\non = maybe\njunk\npath = $nothing\n',
      'b.conf': '[h]\nname = $name\n',
    })
    const config = await Config.load({
      files: ['a.conf', 'b.conf', 'c.conf'].map((name) => join(root, name)),
      dirs: [join(root, 'd')],
      env: { OS_H__PORT: '70000' },
    })
    config.group('g', options)
    config.group('h', options)
    config.refuse({ group: 'h', name: 'words' }, 'expected at least one word')
    assert.deepEqual(
      faultsOf(config).map((line) => line.trim().replaceAll(root, '')),
      [
        '/d: there is no such directory',
        "/a.conf:4: expected 'name = value', '[section]' or a comment",
        '/c.conf: there is no such file',
        '/a.conf:2: [g] port = "many": expected an integer from 0 to 65535',
        '/a.conf:3: [g] on = "maybe": expected true or false (also yes/no, on/off, 1/0)',
        '/a.conf:5: [g] path = "$nothing": $nothing is no option; a plain dollar sign is written $$',
        '/b.conf:2: [h] name = "$name": $name refers to itself; a plain dollar sign is written $$',
        'environment variable OS_H__PORT: [h] port = "70000": expected an integer from 0 to 65535',
        'default: [h] path: $name refers to itself; a plain dollar sign is written $$',
        'default: [h] words: expected at least one word',
      ],
    )
  })

  it('never shows the value of a secret option', async (t) => {
    const config = await load(t, '[g]\nsecret = hunter2$hunter3\n[h]\nsecret = hunter4\n')
    config.group('g', options)
    config.group('h', options)
    config.refuse({ group: 'h', name: 'secret' }, 'expected something better')
    const faults = faultsOf(config)
    assert.equal(faults.length, 2)
    assert.doesNotMatch(faults.join(), /hunter/)
  })

  it('sorts options that nobody reads into those of Glance and typing errors', async (t) => {
    const config = await load(
      t,
      [
        '[DEFAULT]',
        'verbose = true',
        'conection = x',
        '[g]',
        'prot = 1',
        'name = x',
        'old_name = y',
        '[fast]',
        'rbd_store_pool = images',
        'path = /x',
        '[databse]',
        'connection = x',
        '[paste_deploy]',
        'default_store = file',
      ].join('\n'),
    )
    config.group('g', options)
    config.group('fast', { path: options.path })
    const { unused, unknown } = config.finish(knownOptions)
    assert.deepEqual(
      unused.map(({ group, option }) => [group, option]),
      [
        ['DEFAULT', 'verbose'],
        ['fast', 'rbd_store_pool'],
      ],
    )
    assert.deepEqual(
      unknown.map(({ group, option, suggestion }) => [group, option, suggestion]),
      [
        ['DEFAULT', 'conection', undefined],
        ['g', 'prot', '[g] port'],
        ['databse', 'connection', '[database] connection'],
        ['paste_deploy', 'default_store', undefined],
      ],
    )
  })
})
