import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { launcher, type Outcome, runCommand } from '../support/command.ts'
import { renderConfig, type Sections } from '../support/config-file.ts'

interface Check {
  readonly check: string
  readonly result: number
  readonly details: string | null
}

describe('glance-status upgrade check', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-status-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  async function write(sections: Sections): Promise<string> {
    const path = join(folder, 'glance-api.conf')
    await writeFile(path, renderConfig(sections))
    return path
  }

  function run(program: string, ...args: string[]): Promise<Outcome> {
    const { PATH } = process.env
    return runCommand(program, args, { cwd: folder, env: { PATH, HOME: folder } })
  }

  const checksOf = ({ stdout }: Outcome) => (JSON.parse(stdout) as { name: string; checks: Check[] }).checks
  const resultsOf = (checks: readonly Check[]) => checks.map(({ check, result }) => [check, result])

  it('has the checks of the reference with its results and exit code', async () => {
    const policy = join(folder, 'policy.json')
    await writeFile(policy, '{"get_images": ""}')
    const path = await write({
      DEFAULT: { owner_is_tenant: false },
      glance_store: { stores: 'file,sheepdog' },
      oslo_policy: { policy_file: policy },
    })
    const [ours, theirs] = await Promise.all([
      run(launcher('glance-status'), '--config-file', path, 'upgrade', 'check', '--json'),
      run('/usr/bin/glance-status', '--config-file', path, 'upgrade', 'check', '--json'),
    ])
    assert.equal(ours.code, 2, ours.stderr)
    assert.equal(theirs.code, 2, theirs.stderr)
    assert.deepEqual(resultsOf(checksOf(ours)).slice(0, 3), resultsOf(checksOf(theirs)))
  })

  it('finds all well when all is, and tells of a schema that is behind', async () => {
    const path = await write({
      database: { connection: `sqlite:///${join(folder, 'glance.sqlite')}` },
      glance_store: { filesystem_store_datadir: join(folder, 'images') },
    })
    const check = ['--config-file', path, 'upgrade', 'check']
    const before = await run(launcher('glance-status'), ...check)
    assert.equal(before.code, 1, before.stdout + before.stderr)
    assert.match(before.stdout, /\| Check: Database Schema +\|\n\| Result: Warning +\|\n\| Details: .*glance-manage db/)
    const synced = await run(launcher('glance-manage'), '--config-file', path, 'db_sync')
    assert.equal(synced.code, 0, synced.stderr)
    const after = await run(launcher('glance-status'), ...check)
    assert.equal(after.code, 0, after.stdout + after.stderr)
    const [rule, title] = after.stdout.split('\n')
    assert.match(rule ?? '', /^\+-+\+$/)
    assert.match(title ?? '', /^\| Upgrade Check Results +\|$/)
  })

  it('tells with 2 that the service would not start, or that nothing was asked', async () => {
    const path = await write({ DEFAULT: { workers: 'many' }, database: { connection: 'sqlite:///x' } })
    const outcome = await run(launcher('glance-status'), '--config-file', path, 'upgrade', 'check', '--json')
    assert.equal(outcome.code, 2, outcome.stderr)
    assert.match(checksOf(outcome).find(({ check }) => check === 'Configuration')?.details ?? '', /workers/)
    assert.equal((await run(launcher('glance-status'), 'upgrade')).code, 2)
  })
})
