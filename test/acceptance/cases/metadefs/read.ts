import { type CaseRow, table } from '../../support/case.ts'

const namespaces = '/v2/metadefs/namespaces'
const one = `${namespaces}/{namespace:full}`
const full = { ordered: true } as const

const get = (path: string): CaseRow => [path.replace('/v2/metadefs/', ''), 'admin', 'GET', path, full]

/** What lists and shows take from a query string. */
export const readCases = table('metadefs read', [
  ...[
    '?limit=2',
    '?limit=0',
    '?limit=99',
    '?limit=-1',
    '?limit=x',
    '?limit=1&limit=2',
    '?limit=1&marker={namespace:full}',
    '?limit=1&marker=nothing',
    '?sort_key=namespace&sort_dir=asc&limit=3',
    '?sort_key=owner&limit=3',
    '?sort_key=display_name&limit=3',
    '?sort_key=updated_at&sort_dir=asc&limit=3',
    '?sort_key=visibility&limit=3&marker={namespace:full}',
    '?sort_key=id&limit=2',
    '?sort_key=nothing',
    '?sort_dir=up',
    '?visibility=public&limit=2',
    '?visibility=private&limit=2',
    '?visibility=shared',
    '?visibility=&limit=1',
    '?visibility=public&visibility=private',
    '?resource_types=OS::Test::Prefixed&limit=2',
    '?resource_types=OS::Test::Bare,OS::Test::Other,x,y,z&limit=1',
    '?resource_types=nothing',
    '?resource_types=',
    '?nothing=to%20say&limit=1',
    '?limit=1&name=Gr%C3%B6%C3%9Fe',
  ].map((query) => get(namespaces + query)),
  ['list as a reader', 'reader', 'GET', `${namespaces}?limit=2`, full],
  ['list of others', 'stranger', 'GET', `${namespaces}?limit=3`, full],
  ['list with a body', 'admin', 'GET', `${namespaces}?limit=1`, { ...full, body: { a: 'b' } }],
  ['list from a hidden marker', 'stranger', 'GET', `${namespaces}?marker={namespace:full}`, full],
  ...[
    '',
    '?resource_type=OS::Test::Prefixed',
    '?resource_type=OS::Test::Bare',
    '?resource_type=nothing',
    '?resource_type=',
    '?visibility=nothing',
    '?nothing=here',
    '/properties',
    '/properties/alpha',
    '/properties/ALPHA',
    '/properties/nothing',
    '/properties/pre_alpha?resource_type=OS::Test::Prefixed',
    '/properties/alpha?resource_type=OS::Test::Prefixed',
    '/properties/alpha?resource_type=OS::Test::Bare',
    '/properties/alpha?resource_type=nothing',
    '/properties/alpha?resource_type=',
    '/properties/alpha?nothing=here',
    '/objects',
    '/objects?limit=1',
    '/objects?limit=0',
    '/objects?limit=x',
    '/objects?sort_dir=up',
    '/objects?sort_key=nothing&marker=nothing',
    '/objects?visibility=nothing',
    '/objects/first',
    '/objects/nothing',
    '/tags',
    '/tags?limit=1',
    '/tags?limit=0',
    '/tags?limit=',
    '/tags?limit=x',
    '/tags?limit=-1',
    '/tags?sort_key=name&sort_dir=asc',
    '/tags?sort_key=name&sort_dir=asc&marker=blue',
    '/tags?marker=red',
    '/tags?marker=nothing',
    '/tags?sort_key=nothing',
    '/tags?sort_dir=up',
    '/tags?visibility=nothing',
    '/tags/red',
    '/tags/RED',
    '/tags/nothing',
    '/resource_types',
    '/nothing',
  ].map((rest) => get(one + rest)),
  ...['', '/properties', '/objects', '/tags', '/resource_types', '/tags/red'].flatMap((rest): CaseRow[] => [
    [`of a namespace that there is not: ${rest}`, 'member', 'GET', `${namespaces}/nothing${rest}`, full],
    [`empty namespace: ${rest}`, 'member', 'GET', `${namespaces}/{namespace:empty}${rest}`, full],
    [`with a body: ${rest}`, 'member', 'GET', one + rest, { body: { a: 'b' } }],
  ]),
  ['a name with capitals instead', 'member', 'GET', `${namespaces}/FIXTURE::Full`, full],
  ['a name of no characters', 'member', 'GET', `${namespaces}/`],
  ['above all', 'member', 'GET', '/v2/metadefs'],
])

/** Methods that there are not. */
export const methodCases = table(
  'metadefs methods',
  [
    ['PATCH', namespaces],
    ['HEAD', namespaces],
    ['DELETE', namespaces],
    ['POST', one],
    ['HEAD', one],
    ['POST', '/v2/metadefs/resource_types'],
    ['PUT', `${one}/resource_types`],
    ['GET', `${one}/resource_types/OS::Test::Bare`],
    ['PUT', `${one}/properties`],
    ['POST', `${one}/properties/zeta`],
    ['PUT', `${one}/objects`],
    ['POST', `${one}/objects/first`],
    ['PUT', `${one}/tags`],
    ['PATCH', `${one}/tags/red`],
    ['POST', '/v2/schemas/metadefs/namespace'],
  ].map(([method = '', path = '']): CaseRow => [`${method} ${path}`, 'admin', method, path]),
)

const schemas = ['namespace', 'resource_type', 'property', 'object', 'tag']
const lists = ['namespaces', 'resource_types', 'properties', 'objects', 'tags']

export const schemaCases = table(
  'metadefs schemas',
  [...schemas, ...lists].map(
    (name): CaseRow => [name, 'member', 'GET', `/v2/schemas/metadefs/${name}`, { freeWords: true }],
  ),
)
