import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(join(root, 'bin', program), args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('glance-policy', () => {
  let folder: string
  let config: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-policy-'))
    config = join(folder, 'glance-api.conf')
    await writeFile(config, '[oslo_policy]\nenforce_new_defaults = true\nenforce_scope = true\n')
    await writeFile(
      join(folder, 'policy.yaml'),
      '"publicize_image": "role:publisher"\n"own": "rule:publicize_image"\n"by_service": "service_roles:service"\n',
    )
  })
  after(() => rm(folder, { recursive: true }))

  const check = async (rule: string, ...args: string[]) =>
    (await run('glance-policy', ['--config-file', config, '--check', rule, ...args])).code

  it('prints the sample of the rules', async () => {
    const sample = await readFile(join(root, 'etc/policy.yaml.sample'), 'utf8')
    assert.deepEqual(await run('glance-policy', []), { code: 0, stdout: sample, stderr: '' })
  })

  it('tells by its exit code whether a caller may', async () => {
    const allowed = await run('glance-policy', ['--config-file', config, '--check', 'delete_image', '--role', 'Member'])
    assert.deepEqual(allowed, { code: 0, stdout: 'delete_image: allowed\n', stderr: '' })
    const denied = await run('glance-policy', ['--config-file', config, '--check', 'delete_image', '--role', 'reader'])
    assert.deepEqual(denied, { code: 1, stdout: 'delete_image: denied\n', stderr: '' })
  })

  it('asks about the object that is described', async () => {
    const foreign = ['--target', 'project_id=other']
    assert.equal(await check('get_image', '--role', 'reader', '--target', 'visibility=private'), 0)
    assert.equal(await check('get_image', '--role', 'reader', ...foreign, '--target', 'visibility=private'), 1)
    assert.equal(await check('get_image', '--role', 'reader', ...foreign, '--target', 'visibility=public'), 0)
    assert.equal(await check('modify_image', '--role', 'member', ...foreign), 1)
    assert.equal(await check('modify_image', '--role', 'member', '--project-id', 'other', ...foreign), 0)
    assert.equal(await check('modify_member', '--role', 'member', ...foreign, '--target', 'member_id=project'), 0)
  })

  it('asks the rules of the configured files, and rules of the operator too', async () => {
    assert.equal(await check('publicize_image', '--role', 'publisher,member'), 0)
    assert.equal(await check('publicize_image', '--role', 'admin'), 1)
    assert.equal(await check('own', '--role', 'publisher'), 0)
  })

  it('looks at the scope and at the roles of a service', async () => {
    assert.equal(await check('get_images', '--role', 'admin'), 0)
    assert.equal(await check('get_images', '--role', 'admin', '--system-scope', 'all'), 1)
    assert.equal(await check('by_service', '--service-role', 'service'), 0)
    assert.equal(await check('by_service', '--role', 'service'), 1)
  })

  it('tells of every rule what a role may do', async () => {
    const { code, stdout } = await run('glimpse', ['policy', '--config-file', config, '--table', '--role', 'reader'])
    const rules = new Map(stdout.split('\n').map((line) => [line.split(/ +/)[1], line.split(/ +/)[0]]))
    assert.equal(code, 0)
    assert.deepEqual(
      ['get_image', 'delete_image', 'publicize_image'].map((rule) => rules.get(rule)),
      ['allowed', 'denied', 'denied'],
    )
    assert.match(stdout, /^denied +delete_image +DELETE \/v2\/images\/\{image_id\}$/m)
  })

  it('explains itself', async () => {
    const { code, stdout } = await run('glance-policy', ['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /Exit codes: 0 allowed/)
  })

  it('gives 2 for what it cannot answer', async () => {
    const broken = join(folder, 'broken.conf')
    await writeFile(broken, '[oslo_policy]\nenforce_scope = perhaps\n')
    for (const [args, message] of [
      [['--check', 'nothing_such'], /no rule nothing_such/],
      [['--check', 'get_image', '--target', 'visibility'], /key=value/],
      [['--check', 'get_image', '--system-scope', 'project'], /Allowed choices are all/],
      [['--check', 'get_image', '--table'], /cannot be used with/],
      [['--config-file', broken, '--table'], /enforce_scope/],
    ] as const) {
      const { code, stderr } = await run('glance-policy', args)
      assert.equal(code, 2, stderr)
      assert.match(stderr, message)
    }
  })
})
