import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Logger } from '../../ports/logger.ts'
import { Policy } from './policy.ts'
import { followPolicyFiles } from './policy-files.ts'

const caller = {
  userId: 'u',
  projectId: 'p',
  userDomainId: null,
  projectDomainId: null,
  domainId: null,
  roles: ['member'],
  systemScope: null,
  serviceRoles: [],
} as const

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'policy-'))
  t.after(() => rm(dir, { recursive: true }))
  const logged: object[] = []
  const log: Logger = {
    debug() {},
    info() {},
    warn: (fields) => logged.push(fields),
    error: (fields) => logged.push(fields),
    child: () => log,
  }
  const policy = new Policy({ enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' })
  const follow = async (file = 'policy.yaml') => {
    const files = await followPolicyFiles(policy, {
      file,
      dirs: ['policy.d', 'absent.d'],
      searchDirs: [join(dir, 'nowhere'), dir],
      log,
      pollMs: 3_600_000,
    })
    t.after(() => files.close())
    return files
  }
  return { write: (name: string, text: string) => writeFile(join(dir, name), text), dir, logged, policy, follow }
}

describe('followPolicyFiles', () => {
  it('needs no file', async (t) => {
    const { policy, follow } = await setUp(t)
    await follow()
    assert.equal(policy.allows('publicize_image', caller), false)
  })

  it('falls back from policy.yaml to policy.json, and prefers the former', async (t) => {
    const { policy, follow, write } = await setUp(t)
    await write('policy.json', '{"publicize_image": [["role:member"]], "get_images": "!"}')
    const files = await follow()
    assert.equal(policy.allows('publicize_image', caller), true)
    await write('policy.yaml', 'get_images: "@"\n')
    await files.refresh()
    assert.equal(policy.allows('publicize_image', caller), false)
    assert.equal(policy.allows('get_images', caller), true)
  })

  it('applies the files of policy_dirs in the order of their names over the main file', async (t) => {
    const { policy, follow, write, dir } = await setUp(t)
    await mkdir(join(dir, 'policy.d'))
    await write('policy.yaml', 'get_images: "!"\npublicize_image: "@"\n')
    await write('policy.d/20.yaml', 'get_images: "@"\n')
    await write('policy.d/10.yaml', 'get_images: "!"\n')
    await write('policy.d/.hidden.yaml', 'publicize_image: "!"\n')
    await follow()
    assert.equal(policy.allows('get_images', caller), true)
    assert.equal(policy.allows('publicize_image', caller), true)
  })

  it('follows changes, and keeps the old rules while a file cannot be read', async (t) => {
    const { policy, follow, write, dir, logged } = await setUp(t)
    await write('policy.yaml', 'get_images: "!"\n')
    const files = await follow()
    assert.equal(policy.allows('get_images', caller), false)
    await write('policy.yaml', 'get_images: "role:member"\n')
    await files.refresh()
    assert.equal(policy.allows('get_images', caller), true)
    await write('policy.yaml', 'get_images: "unclosed\n')
    await files.refresh()
    await files.refresh()
    assert.equal(policy.allows('get_images', caller), true)
    assert.equal(logged.length, 1)
    await rm(join(dir, 'policy.yaml'))
    await files.refresh()
    assert.equal(policy.allows('publicize_image', caller), false)
  })

  it('refuses to start on a file that is no mapping, naming it', async (t) => {
    const { follow, write, dir } = await setUp(t)
    await write('broken.yaml', '- a\n- b\n')
    await assert.rejects(follow('broken.yaml'), {
      code: 'policy_file_invalid',
      message: new RegExp(join(dir, 'broken.yaml')),
    })
  })

  it('logs a broken rule with its file and name', async (t) => {
    const { follow, write, dir, logged } = await setUp(t)
    await write('policy.yaml', 'get_image: "role:a role:b"\n')
    await follow()
    assert.deepEqual(logged, [{ file: join(dir, 'policy.yaml'), rule: 'get_image', reason: 'unexpected "role:b"' }])
  })
})
