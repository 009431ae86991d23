import { type CaseRow, table } from '../../support/case.ts'

const namespaces = '/v2/metadefs/namespaces'
const one = `${namespaces}/{namespace}`
const seen = [{ as: 'admin', method: 'GET', path: one }] as const
const full = { namespace: 'full', ordered: true, next: seen } as const
const text = { title: 'T', type: 'string' }
const name = 'Test::{image}'
const disk = '\u{1f4be}'

/** A row for each body; the body names it. What is refused is asked of a namespace that all cases share. */
function bodies(method: string, path: string, given: { taken?: readonly unknown[]; refused?: readonly unknown[] }) {
  const row = (body: unknown): CaseRow => {
    const shown = typeof body === 'string' ? body : JSON.stringify(body)
    return [
      `${method} ${path.replace(namespaces, '')} ${shown.slice(0, 120)}`,
      'admin',
      method,
      path,
      { ...full, body },
    ]
  }
  const { taken = [], refused = [] } = given
  return [...taken.map(row), ...refused.map((body) => onFixture(row(body)))]
}

function onFixture([label, as, method, path, rest]: CaseRow): CaseRow {
  const { namespace: _, next: __, ...others } = rest ?? {}
  return [label, as, method, path.replace('{namespace}', '{namespace:full}'), others]
}

/** A row for each body that makes a namespace. */
function creations(list: readonly object[]): CaseRow[] {
  return list.map((body) => [
    `create ${JSON.stringify(body).slice(0, 120)}`,
    'admin',
    'POST',
    namespaces,
    { body, ordered: true, next: seen },
  ])
}

const propertyBodies = {
  taken: [
    { ...text, name: 'new' },
    { ...text, name: 'x'.repeat(80) },
    { ...text, name: 'new', enum: ['a', null] },
    { ...text, name: 'new', items: { type: 'string', enum: ['b'] } },
    { ...text, name: 'new', default: 5 },
    { ...text, name: 'new', default: true },
    { ...text, name: 'new', default: null },
    { ...text, name: 'new', default: { a: 'b' } },
    { ...text, name: 'new', minimum: 1.7, maximum: -2.9 },
    { ...text, name: 'new', maxLength: 2.0, minItems: 0, maxItems: 5 },
    { ...text, name: 'new', pattern: '(' },
    {
      additionalItems: false,
      uniqueItems: true,
      pattern: 'a',
      readonly: false,
      ...text,
      name: 'new',
      description: 'ü',
    },
  ],
  refused: [
    {},
    text,
    { ...text, name: 'alpha' },
    { ...text, name: 'ALPHA' },
    { ...text, name: 'x'.repeat(81) },
    { ...text, name: 5 },
    { ...text, name: 'new', type: 'text' },
    { ...text, name: 'new', type: null },
    { ...text, name: 'new', nothing: 1 },
    { ...text, name: 'new', confidential: true },
    { ...text, name: 'new', created_at: 'x' },
    { ...text, name: 'new', self: 'x' },
    { ...text, name: 'new', required: [] },
    { ...text, name: 'new', required: ['a'] },
    { ...text, name: 'new', enum: [1] },
    { ...text, name: 'new', enum: 'a' },
    { ...text, name: 'new', operators: [1] },
    { ...text, name: 'new', items: {} },
    { ...text, name: 'new', items: { type: 'string', more: 1 } },
    { ...text, name: 'new', default: 'ü' },
    { ...text, name: 'new', minimum: '1' },
    { ...text, name: 'new', minLength: -1 },
    { ...text, name: 'new', maxLength: 2.5 },
    { ...text, name: 'new', uniqueItems: 'yes' },
    { ...text, name: 'new', title: disk },
    { ...text, name: disk },
    [],
    '{"name',
    '"text"',
  ],
}

const objectBodies = {
  taken: [
    { name: 'new' },
    { name: 'new', required: [] },
    { name: 'new', required: ['b', 'a'] },
    { name: 'new', required: ['a,b', 'c'] },
    { name: 'new', description: 'long '.repeat(200) },
    { name: 'new', properties: {} },
    { name: 'new', properties: { z: text, a: { ...text, name: 'other' } } },
  ],
  refused: [
    {},
    { name: 'first' },
    { name: 'FIRST' },
    { name: 'x'.repeat(81) },
    { name: 'new', nothing: 1 },
    { name: 'new', self: 'x' },
    { name: 'new', required: ['a', 'a'] },
    { name: 'new', properties: [] },
    { name: 'new', properties: { a: { title: 'x' } } },
    { name: 'new', properties: { a: { ...text, confidential: true } } },
    { name: 'new', properties: { a: { ...text, nothing: 1 } } },
    { name: 'new', properties: { a: { ...text, required: ['x'] } } },
    { name: disk },
    [],
    '{"name',
  ],
}

const tagsBodies = {
  taken: [{ tags: [] }, { tags: [{ name: 'b' }, { name: 'a' }] }],
  refused: [
    {},
    { tags: [{ name: 'a' }, { name: 'a' }] },
    { tags: [{ name: 'x'.repeat(81) }] },
    { tags: [{}] },
    { tags: ['a'] },
    { tags: [{ name: 'a', more: 1 }] },
    { tags: 5 },
    { more: 5 },
    { created_at: 'x' },
    [],
  ],
}

const associationBodies = {
  taken: [{ name: 'OS::Test::New' }, { name: 'OS::Test::New', prefix: 'n_', properties_target: 'x' }],
  refused: [
    {},
    { name: 'OS::Test::Bare' },
    { name: 'os::test::bare' },
    { name: 'x'.repeat(81) },
    { name: 'a', more: 1 },
    { name: 'a', prefix: 5 },
    { name: 'a', prefix: 'x'.repeat(81) },
    { name: 'a', created_at: 'x' },
    { name: disk },
    [],
  ],
}

/** What may be written, and what may not. */
export const writeCases = table('metadefs write', [
  ...creations([
    {},
    [],
    { namespace: name },
    { namespace: 5 },
    { namespace: '' },
    { namespace: 'x'.repeat(81) },
    { namespace: name, nothing: 1 },
    { namespace: name, self: 'x' },
    { namespace: name, created_at: 'x' },
    { namespace: name, visibility: 'shared' },
    { namespace: name, visibility: 'public', protected: true, owner: 'anybody', display_name: 'ü', description: '' },
    { namespace: name, protected: 'yes' },
    { namespace: name, owner: 'x'.repeat(256) },
    { namespace: name, description: 'x'.repeat(501) },
    { namespace: name, display_name: null },
    { namespace: name, display_name: disk },
    { namespace: name, properties: { z: text, a: { ...text, name: 'other', confidential: true } } },
    { namespace: name, properties: { a: { title: 'x' } } },
    { namespace: name, properties: { a: { ...text, nothing: 1 } } },
    { namespace: name, properties: { a: { ...text, required: ['x'] } } },
    { namespace: name, properties: { a: { ...text, confidential: 'perhaps' } } },
    { namespace: name, properties: { ['x'.repeat(81)]: text } },
    { namespace: name, properties: {}, objects: [], tags: [], resource_type_associations: [] },
    { namespace: name, objects: [{ name: 'o', required: [], properties: {} }] },
    { namespace: name, objects: [{ description: 'no name' }] },
    { namespace: name, objects: [{ name: 'o', nothing: 1 }] },
    { namespace: name, objects: [{ name: 'o' }, { name: 'o' }] },
    { namespace: name, tags: [{ name: 'a' }, { name: 'A' }] },
    { namespace: name, tags: [{}] },
    { namespace: name, tags: [{ name: 'a', created_at: 'then' }] },
    { namespace: name, tags: [{ name: 5 }] },
    { namespace: name, resource_type_associations: [{ name: 'a' }, { name: 'a' }] },
    { namespace: name, resource_type_associations: [{ prefix: 'a' }] },
    { namespace: name, resource_type_associations: [{ name: 'OS::Test::Other', prefix: 'p', properties_target: 't' }] },
  ]),
  ['create one that is there', 'admin', 'POST', namespaces, { body: { namespace: '{namespace:full}' } }],
  ['create without a body', 'admin', 'POST', namespaces],
  ['create from broken JSON', 'admin', 'POST', namespaces, { body: '{"x' }],
  ['create a bad one, as a member', 'member', 'POST', namespaces, { body: {} }],
  ...bodies('PUT', one, {
    taken: [
      { namespace: '{namespace}' },
      { namespace: '{namespace}', display_name: 'x', description: 'y', visibility: 'public', owner: 'anybody' },
      { namespace: 'test::{image}' },
      { namespace: '{namespace}', properties: { a: text } },
      { namespace: '{namespace}', protected: true },
    ],
    refused: [
      {},
      { namespace: 'x', self: 'x' },
      { namespace: 'x', nothing: 1 },
      { namespace: '{namespace:empty}' },
      [],
    ],
  }),
  [
    'rename a namespace',
    'admin',
    'PUT',
    one,
    {
      namespace: 'full',
      ordered: true,
      body: { namespace: 'Renamed::{image}' },
      next: [
        { as: 'admin', method: 'GET', path: `${namespaces}/Renamed::{image}` },
        { as: 'admin', method: 'GET', path: one },
      ],
    },
  ],
  ...bodies('POST', `${one}/properties`, propertyBodies),
  ...bodies('PUT', `${one}/properties/zeta`, {
    taken: [
      { ...text, name: 'zeta' },
      { ...text, name: 'ZETA' },
    ],
    refused: [{}, text, { ...text, name: 'alpha' }],
  }),
  ...bodies('PUT', `${one}/properties/nothing`, { refused: [{ ...text, name: 'zeta' }] }),
  ...bodies('POST', `${one}/objects`, objectBodies),
  ...bodies('PUT', `${one}/objects/second`, {
    taken: [
      { name: 'second', description: 'new' },
      { name: 'new', required: ['z'], properties: { a: { ...text, confidential: true } } },
    ],
    refused: [{}, { name: 'first' }, { name: 'new', properties: { a: { ...text, nothing: 1 } } }],
  }),
  ...bodies('PUT', `${one}/objects/nothing`, { refused: [{ name: 'first' }] }),
  ...bodies('POST', `${one}/tags`, tagsBodies),
  ...['True', 'no', 'perhaps', ' yes '].map(
    (append): CaseRow => [
      `X-Openstack-Append: ${append}`,
      'admin',
      'POST',
      `${one}/tags`,
      { ...full, headers: { 'x-openstack-append': append }, body: { tags: [{ name: 'new' }] } },
    ],
  ),
  [
    'append a tag that is there',
    'admin',
    'POST',
    `${one}/tags`,
    { ...full, headers: { 'x-openstack-append': 'true' }, body: { tags: [{ name: 'new' }, { name: 'red' }] } },
  ],
  ...['red', 'RED', 'x'.repeat(80), 'x'.repeat(81), 'a%20b', ''].map(
    (tag): CaseRow => [`POST tag ${tag}`, 'admin', 'POST', `${one}/tags/${tag}`, full],
  ),
  ['POST tag with a body', 'admin', 'POST', `${one}/tags/new`, { ...full, body: {} }],
  ['a long tag, as another', 'other', 'POST', `${namespaces}/{namespace:public}/tags/${'x'.repeat(81)}`],
  ...bodies('PUT', `${one}/tags/red`, {
    taken: [{ name: 'new' }, { name: 'red' }, { name: 'Red' }],
    refused: [
      {},
      { name: 'blue' },
      { name: 'x'.repeat(81) },
      { name: 'new', more: 1 },
      { name: 'new', created_at: 'x' },
    ],
  }),
  ...bodies('PUT', `${one}/tags/nothing`, { refused: [{ name: 'new' }] }),
  ...bodies('POST', `${one}/resource_types`, associationBodies),
  ...['OS::Test::Bare', 'os::test::bare', 'nothing'].map(
    (type): CaseRow => [`DELETE resource type ${type}`, 'admin', 'DELETE', `${one}/resource_types/${type}`, full],
  ),
  ...['', '/properties', '/objects', '/tags', '/properties/zeta', '/objects/first', '/tags/red'].map(
    (rest): CaseRow => onFixture([`DELETE with a body: ${rest}`, 'admin', 'DELETE', one + rest, { ...full, body: {} }]),
  ),
  ...['/properties/nothing', '/objects/nothing', '/tags/nothing', '/resource_types/nothing'].flatMap(
    (rest): CaseRow[] => [
      onFixture([`DELETE ${rest}`, 'admin', 'DELETE', one + rest, full]),
      [`DELETE ${rest} of a protected one`, 'admin', 'DELETE', `${namespaces}/{namespace:protected}${rest}`],
      [`DELETE ${rest} of none`, 'admin', 'DELETE', `${namespaces}/nothing${rest}`],
    ],
  ),
])
