import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Config } from '../config/config.ts'
import { knownOptions } from '../config/known-options.ts'
import { Policy } from '../domain/policy/policy.ts'
import type { Logger } from '../ports/logger.ts'
import { protectionsOf, readProtections } from './compose-protections.ts'

const file = '[x]\ncreate = one\nread = two\nupdate = @\ndelete = !\n'

describe('the protection file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-protections-'))
    for (const dir of ['a', 'b']) await mkdir(join(folder, dir))
  })
  after(() => rm(folder, { recursive: true }))

  const load = async (lines: string) => {
    const files = ['a', 'b'].map((dir) => join(folder, dir, 'glance-api.conf'))
    for (const path of files) await writeFile(path, `[DEFAULT]\n${lines}\n`)
    return Config.load({ files, dirs: [], program: 'glance-api', env: {} })
  }
  const sections = async (lines: string) => (await readProtections(await load(lines)))?.map(({ section }) => section)

  it('is not read where none is named', async () => {
    assert.equal(await readProtections(await load('')), null)
    assert.equal(await readProtections(await load('property_protection_file =')), null)
  })

  it('is looked for beside the configuration files, the last first', async () => {
    await writeFile(join(folder, 'a', 'p.conf'), file)
    assert.deepEqual(await sections('property_protection_file = p.conf'), ['x'])
    await writeFile(join(folder, 'b', 'p.conf'), file.replace('x', 'y'))
    assert.deepEqual(await sections('property_protection_file = p.conf'), ['y'])
    assert.deepEqual(await sections(`property_protection_file = ${join(folder, 'a', 'p.conf')}`), ['x'])
  })

  it('stops the start if it is missing or cannot be used', async () => {
    await writeFile(join(folder, 'a', 'bad.conf'), file.replace('delete', 'remove'))
    for (const [name, message] of [
      ['missing.conf', /property_protection_file = "missing.conf": there is no such file/],
      ['bad.conf', /bad\.conf cannot be used: section \[x\] does not say who may delete/],
      [folder, /EISDIR/],
    ] as const) {
      const config = await load(`property_protection_file = ${name}`)
      assert.equal(await readProtections(config), null)
      assert.throws(() => config.finish(knownOptions), { message })
    }
  })

  it('is warned of where it names rules that the policy does not have', async () => {
    await writeFile(join(folder, 'b', 'p.conf'), file)
    const config = await load('property_protection_file = p.conf\nproperty_protection_rule_format = policies')
    const warnings: object[] = []
    const log = { warn: (fields: object) => void warnings.push(fields) } as unknown as Logger
    const policy = new Policy({ enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' })
    policy.useRules([{ file: 'policy.yaml', rules: { one: '@' } }])
    assert.ok(protectionsOf(await readProtections(config), { policy, log }))
    assert.deepEqual(warnings, [{ section: 'x', action: 'read', rule: 'two' }])
    assert.equal(protectionsOf(null, { policy, log }), undefined)
  })
})
