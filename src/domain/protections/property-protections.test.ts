import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import { Policy } from '../policy/policy.ts'
import { PropertyProtections } from './property-protections.ts'
import { propertyActions, type RuleFormat, readPropertyRules } from './rules.ts'

function caller(roles: string[], serviceRoles: string[] = []): RequestContext {
  return {
    roles,
    serviceRoles,
    projectId: 'p',
    userId: 'u',
    systemScope: null,
    domainId: null,
  } as unknown as RequestContext
}

function policyWith(rules: Record<string, string>): Policy {
  const policy = new Policy({ enforceNewDefaults: false, enforceScope: true, defaultRule: 'default' })
  policy.useRules([{ file: 'policy.yaml', rules }])
  return policy
}

const section = (name: string, who: string) => `[${name}]\n${propertyActions.map((it) => `${it} = ${who}\n`).join('')}`

function protect(
  text: string,
  { format = 'roles', rules = {} }: { format?: RuleFormat; rules?: Record<string, string> } = {},
) {
  return new PropertyProtections(readPropertyRules(text, { file: 'f', format }), policyWith(rules))
}

const may = (protections: PropertyProtections, roles: string[], name: string) =>
  protections.allows(caller(roles), { name, action: 'read' })

describe('property protections by roles', () => {
  test('let those pass who have one of the roles, whatever their case', () => {
    const protections = protect(section('^x', 'Admin, SUPPORT'))
    assert.equal(may(protections, ['support'], 'x_a'), true)
    assert.equal(may(protections, ['member'], 'x_a'), false)
  })

  test('judge each action by its own line', () => {
    const protections = protect('[x]\ncreate = a\nread = b\nupdate = c\ndelete = d\n')
    const allowed = (role: string) =>
      propertyActions.filter((action) => protections.allows(caller([role]), { name: 'x', action }))
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map(allowed),
      propertyActions.map((action) => [action]),
    )
  })

  test('let everybody pass for @, and nobody for ! or for nothing', () => {
    const protections = protect(section('all', '@, admin') + section('none', '!, admin') + section('empty', ''))
    assert.deepEqual(
      ['all', 'none', 'empty'].map((name) => may(protections, ['admin'], name)),
      [true, false, false],
    )
  })

  test('go by the first section that matches, and deny what none matches', () => {
    const protections = protect(section('^a', '!') + section('^ab', '@'))
    assert.deepEqual(
      ['abc', 'b'].map((name) => may(protections, ['admin'], name)),
      [false, false],
    )
    assert.equal(may(protect(''), ['admin'], 'x'), false)
  })

  test('count the roles of a service that passes the request on', () => {
    const protections = protect(section('x', 'service'))
    assert.equal(protections.allows(caller(['member'], ['service']), { name: 'x', action: 'update' }), true)
  })

  test("leave the service's own properties alone, whatever the file says of them", () => {
    const protections = protect(section('os_glance.*', '!') + section('.*', '!'))
    assert.equal(may(protections, [], 'os_glance_importing_to_stores'), true)
    assert.equal(may(protections, [], 'not_os_glance'), false)
  })

  test('keep giving the same answers for more names than are remembered', () => {
    const protections = protect(section('^a', 'member'))
    for (let index = 0; index < 2500; index += 1) {
      assert.equal(may(protections, ['member'], `a${index}`), true)
      assert.equal(may(protections, ['member'], `b${index}`), false)
    }
  })

  test('show an image with what may be read', () => {
    const image = { properties: { a: '1', b: null, c: '3' } } as unknown as Image
    const protections = protect(section('a|b', 'member') + section('c', 'admin'))
    assert.deepEqual(protections.readable(caller(['member']), image), { properties: { a: '1', b: null } })
    assert.equal(protections.readable(caller(['member', 'admin']), image), image)
  })
})

describe('property protections by policies', () => {
  const format = 'policies'
  const rules = { support: 'role:support or role:service', remote: 'http://127.0.0.1:1/' }

  test('ask the rule that the file names', () => {
    const protections = protect(section('x', 'support'), { format, rules })
    assert.deepEqual(
      [['support'], ['member']].map((roles) => may(protections, roles, 'x')),
      [true, false],
    )
    assert.equal(protections.allows(caller(['member'], ['service']), { name: 'x', action: 'read' }), true)
  })

  test('ask it in any scope', () => {
    const protections = protect(section('x', 'add_image'), { format, rules: { add_image: 'role:support' } })
    const system = { ...caller(['support']), systemScope: 'all' } as RequestContext
    assert.equal(protections.allows(system, { name: 'x', action: 'read' }), true)
  })

  test('know @ and !', () => {
    const protections = protect(section('all', '@') + section('none', '!'), { format })
    assert.deepEqual(
      ['all', 'none'].map((name) => may(protections, ['admin'], name)),
      [true, false],
    )
  })

  test('fall back on the default rule where there is no such rule', () => {
    const protections = protect(section('x', 'missing'), { format, rules: { default: 'role:boss' } })
    assert.deepEqual(
      [['boss'], ['admin']].map((roles) => may(protections, roles, 'x')),
      [true, false],
    )
  })

  test('wait for rules that are asked elsewhere', async () => {
    const remote = { allows: async (url: string) => url.endsWith('/yes') }
    const policy = new Policy({ enforceNewDefaults: false, enforceScope: false, defaultRule: 'default', remote })
    policy.useRules([{ file: 'policy.yaml', rules: { yes: 'http://h/yes', no: 'http://h/no' } }])
    const text = section('a', 'yes') + section('b', 'no')
    const protections = new PropertyProtections(readPropertyRules(text, { file: 'f', format }), policy)
    const image = { properties: { a: '1', b: '2' } } as unknown as Image
    assert.deepEqual(await protections.readable(caller([]), image), { properties: { a: '1' } })
    await assert.rejects(async () => protections.require(caller([]), { name: 'b', action: 'create' }), { status: 403 })
  })
})

describe('a protection file', () => {
  const actions = 'create = a\nread = a\nupdate = a\n'
  for (const [what, text, format, message] of [
    ['an action is missing', `[x]\n${actions}`, 'roles', /f cannot be used: section \[x\].*delete/],
    ['@ and ! stand together', section('x', '@, !'), 'roles', /section \[x\], create = @, !/],
    ['two policies stand together', section('x', 'a,b'), 'policies', /section \[x\], create = a,b: only one rule/],
    ['a section is no regular expression', section('(x', 'a'), 'roles', /section \[\(x\] is no regular expression/],
    ['it is no configuration', 'create = a\n', 'roles', /f cannot be used: line 1/],
  ] as const) {
    test(`is refused if ${what}, naming file and section`, () => {
      assert.throws(() => readPropertyRules(text, { file: 'f', format }), {
        code: 'property_protections_invalid',
        message,
      })
    })
  }
})
