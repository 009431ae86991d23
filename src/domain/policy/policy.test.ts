import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RemoteQuestion } from '../../ports/remote-check.ts'
import type { Credentials } from './credentials.ts'
import { Policy } from './policy.ts'
import type { RuleName } from './rules/index.ts'

const caller: Credentials = {
  userId: 'u1',
  projectId: 'p1',
  userDomainId: 'd1',
  projectDomainId: 'd1',
  domainId: null,
  roles: ['member', 'reader'],
  systemScope: null,
  serviceRoles: ['service'],
}
const admin: Credentials = { ...caller, roles: ['admin'] }
const options = { enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' }
const target = new Map<string, unknown>([
  ['project_id', 'p1'],
  ['owner', 'p2'],
  ['visibility', 'public'],
  ['protected', true],
  ['min_disk', 5],
  ['nothing', null],
  ['wanted', 'MEMBER'],
])

/** Decision of one rule; `get_image` is its name, for the sake of the typed interface. */
function decide(rule: unknown, { extra = {} }: { extra?: Record<string, unknown> } = {}) {
  const policy = new Policy({ ...options, builtIn: {} })
  const faults = policy.useRules([{ file: 'policy.yaml', rules: { get_image: rule, ...extra } }])
  return { allowed: policy.allows('get_image', caller, target), faults }
}

describe('the policy language', () => {
  const cases: readonly (readonly [rule: unknown, allowed: boolean])[] = [
    ['', true],
    [null, true],
    ['@', true],
    ['!', false],
    ['role:member', true],
    ['role:Member', true],
    ['role:admin', false],
    ['role:%(wanted)s', true],
    ['role:%(missing)s', false],
    ['project_id:%(project_id)s', true],
    ['project_id:%(owner)s', false],
    ['project_id:p1', true],
    ['project_id:p%%1', false],
    ['user_id:u%(missing)s', false],
    ['roles:reader', true],
    ['service_roles:service', true],
    ['domain_id:None', true],
    ['domain_id:%(nothing)s', true],
    ['is_admin:True', false],
    ['is_admin_project:True', true],
    ['unknown:x', false],
    ["'public':%(visibility)s", true],
    ['"shared":%(visibility)s', false],
    ['True:%(protected)s', true],
    ['None:%(nothing)s', true],
    ['None:%(missing)s', false],
    ['5:%(min_disk)s', true],
    ['not role:admin', true],
    ['not not role:admin', false],
    ['role:admin or role:member', true],
    ['role:admin OR role:member', true],
    ['role:admin and role:member', false],
    ['role:member or role:admin and !', true],
    ['(role:member or role:admin) and !', false],
    ['( role:member )', true],
    ['not (role:admin or role:member) or @', true],
    ['rule:helper', true],
    ['rule:absent', false],
    [[], true],
    [[[]], false],
    [['role:admin', 'role:member'], true],
    [[['role:admin', 'role:member']], false],
    [[['role:member', 'role:reader'], 'role:x'], true],
  ]
  for (const [rule, allowed] of cases) {
    it(`says ${allowed ? 'yes' : 'no'} to ${JSON.stringify(rule)}`, () => {
      assert.equal(decide(rule, { extra: { helper: 'role:reader' } }).allowed, allowed)
    })
  }

  it('asks the default rule in place of one that does not exist', () => {
    assert.equal(decide('rule:absent', { extra: { default: 'role:member' } }).allowed, true)
    assert.equal(decide('rule:absent', { extra: { default: 'role:admin' } }).allowed, false)
  })

  const broken: readonly (readonly [rule: unknown, reason: RegExp])[] = [
    ['role:member role:reader', /unexpected "role:reader"/],
    ['(role:member', /closing parenthesis/],
    ['role:member)', /unexpected "\)"/],
    ['role:member or', /a check is missing before the end/],
    ["'member'", /quoted word/],
    ['project_id:100%', /"%"/],
    ['roles.name:x', /has no parts/],
    [5, /not 5/],
    [[[5]], /not 5/],
    ['member', /no colon/],
    ['rule:absent', /"absent", which does not exist/],
    ['rule:get_image', /refers to itself/],
  ]
  for (const [rule, reason] of broken) {
    it(`denies ${JSON.stringify(rule)} and names the file and the rule`, () => {
      const { allowed, faults } = decide(rule)
      assert.equal(allowed, false)
      assert.deepEqual(
        faults.map(({ file, rule: name }) => [file, name]),
        [['policy.yaml', 'get_image']],
      )
      assert.match(faults[0]?.reason ?? '', reason)
    })
  }

  it('denies only the check that has no colon, not the rule around it', () => {
    assert.equal(decide('member or role:member').allowed, true)
  })
})

describe('Policy', () => {
  it('allows what older defaults allowed unless told to enforce the new ones', () => {
    const noRoles: Credentials = { ...caller, roles: [] }
    assert.equal(new Policy(options).allows('add_image', noRoles, target), true)
    assert.equal(new Policy({ ...options, enforceNewDefaults: true }).allows('add_image', noRoles, target), false)
  })

  it('takes a rule of a file as it is, without the older default', () => {
    const policy = new Policy(options)
    policy.useRules([{ file: 'policy.yaml', rules: { add_image: 'role:creator' } }])
    assert.equal(policy.allows('add_image', caller, target), false)
  })

  it('lets later files win over earlier ones, and forgets rules that a file no longer has', () => {
    const policy = new Policy(options)
    policy.useRules([
      { file: 'a.yaml', rules: { get_images: '!' } },
      { file: 'b.yaml', rules: { get_images: '@' } },
    ])
    assert.equal(policy.allows('get_images', caller), true)
    policy.useRules([{ file: 'a.yaml', rules: { get_images: '!' } }])
    assert.equal(policy.allows('get_images', caller), false)
    policy.useRules([])
    assert.equal(policy.allows('get_images', caller, target), true)
  })

  it('understands every rule that it ships', () => {
    assert.deepEqual(new Policy(options).useRules([]), [])
  })

  it('tells admins by rule context_is_admin', () => {
    const policy = new Policy(options)
    assert.equal(policy.isAdmin(admin), true)
    assert.equal(policy.isAdmin(caller), false)
    policy.useRules([{ file: 'policy.json', rules: { context_is_admin: 'role:reader and user_id:%(user)s' } }])
    assert.equal(policy.isAdmin(caller), true)
    assert.equal(policy.isAdmin(admin), false)
  })

  it('looks at the scope of the token only if told to', () => {
    const system: Credentials = { ...admin, projectId: null, systemScope: 'all' }
    assert.equal(new Policy(options).allows('publicize_image', system), true)
    const strict = new Policy({ ...options, enforceScope: true })
    assert.equal(strict.allows('publicize_image', system), false)
    assert.equal(strict.allows('publicize_image', { ...admin, domainId: 'd1' }), false)
    assert.equal(strict.allows('publicize_image', admin), true)
    assert.equal(strict.isAdmin(system), true)
  })

  it('asks a remote service when a rule says so, and only when the rest of the rule leaves it open', async () => {
    const asked: (readonly [string, RemoteQuestion])[] = []
    const remote = {
      allows: async (url: string, question: RemoteQuestion) => {
        asked.push([url, question])
        return url.endsWith('/public')
      },
    }
    const policy = new Policy({ ...options, remote })
    const rule = 'role:admin or not role:x and http://policy.test/%(visibility)s'
    policy.useRules([{ file: 'policy.yaml', rules: { get_image: rule, delete_image: 'not rule:get_image' } }])
    const ask = (name: RuleName, who: Credentials) => policy.allows(name, who, target)
    assert.equal(ask('get_image', admin), true)
    assert.equal(asked.length, 0)
    assert.equal(await ask('get_image', caller), true)
    assert.equal(await ask('delete_image', caller), false)
    assert.deepEqual(
      asked.map(([url, question]) => [url, question.rule]),
      [
        ['http://policy.test/public', 'get_image'],
        ['http://policy.test/public', 'delete_image'],
      ],
    )
    assert.equal(asked[0]?.[1].credentials.project_id, 'p1')
    assert.deepEqual(asked[0]?.[1].target, Object.fromEntries(target))
  })
})
