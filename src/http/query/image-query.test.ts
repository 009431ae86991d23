import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageQuery } from '../../ports/repositories.ts'
import { readImageQuery } from './image-query.ts'
import { parseQueryString } from './query-string.ts'

const viewer = { projectId: 'p', isAdmin: false }
const limits = { default: 25, maximum: 1000 }
const read = (query: string): ImageQuery => readImageQuery(parseQueryString(query), { viewer, limits })

test('asks for visible images, newest first, when nothing is said', () => {
  assert.deepEqual(read(''), {
    viewer,
    osHidden: false,
    memberStatus: 'accepted',
    limit: 25,
    sort: [
      { key: 'created_at', direction: 'desc' },
      { key: 'id', direction: 'desc' },
    ],
  })
})

for (const [query, expected] of [
  ['name=in:a,%22b,c%22', { name: ['a', 'b,c'] }],
  ['name=in:', { name: [] }],
  ['id=eq:x', { id: ['x'] }],
  ['status=in:active,queued', { status: ['active', 'queued'] }],
  ['name=first&name=last', { name: ['last'] }],
  ['tag=a&tag=+b', { tags: ['a', 'b'] }],
  [
    'size_min=1&size_max=%2020',
    {
      ranges: [
        { column: 'size', op: 'gte', bound: 1 },
        { column: 'size', op: 'lte', bound: 20 },
      ],
    },
  ],
  ['virtual_size_min=1_0', { ranges: [{ column: 'virtual_size', op: 'gte', bound: 10 }] }],
  ['min_disk_max=5', { ranges: [{ column: 'min_disk', op: 'lte', bound: 5 }] }],
  ['min_ram_min=-1', { ranges: [{ column: 'min_ram', op: 'gte', bound: -1 }] }],
  ['min_ram_max=99999999999', { ranges: [{ column: 'min_ram', op: 'lte', bound: 2147483647 }] }],
  ['min_ram_min=99999999999', { id: [''], ranges: [{ column: 'min_ram', op: 'gte', bound: 2147483647 }] }],
  ['cpu_min=2', { properties: { cpu_min: '2' } }],
  ['protected=true', { protected: true }],
  ['os_hidden=TRUE', { osHidden: true }],
  ['visibility=all', { visibility: 'all' }],
  ['visibility=', { id: [''] }],
  ['member_status=all', { memberStatus: 'all' }],
  ['limit=5000', { limit: 1000 }],
  ['limit=0', { limit: 0 }],
  ['limit=1&limit=2', { limit: 1 }],
  ['marker=m', { marker: 'm' }],
  ['deleted=true', {}],
  ['owner=o&checksum=c', { owner: 'o', checksum: 'c' }],
  ['hw_x=1&os_distro=d', { properties: { hw_x: '1', os_distro: 'd' } }],
  [
    'created_at=gt:2020-01-01T00:00:00%2B02:00',
    { times: [{ column: 'created_at', op: 'gt', at: new Date('2019-12-31T22:00:00Z') }] },
  ],
  [
    'updated_at=2020-01-01T10:00:00Z',
    { times: [{ column: 'updated_at', op: 'eq', at: new Date('2020-01-01T10:00:00Z') }] },
  ],
] as const) {
  test(`reads ${query}`, () => {
    const { viewer: _viewer, sort: _sort, ...rest } = read(query)
    assert.deepEqual(rest, { osHidden: false, memberStatus: 'accepted', limit: 25, ...expected })
  })
}

for (const query of [
  'limit=x',
  'limit=-1',
  'limit=1.5',
  'limit=',
  'visibility=x',
  'os_hidden=x',
  'protected=True',
  'member_status=x',
  'member_status=',
  'name=neq:a',
  'name=x:y',
  'name=in:%22a',
  'name=in:a%22b%22',
  'size_min=x',
  'min_disk=x',
  'created_at=gt:x',
  'created_at=foo:2020-01-01',
  'created_at=gt:2020-13-01',
  'changes-since=2020-01-01',
  'name=%ff',
  'sort=',
  'sort=owner',
  'sort=name:up',
  'sort=name&sort_key=id',
  'sort_key=name&sort_dir=asc&sort_dir=desc',
]) {
  test(`refuses ${query}`, () => {
    assert.throws(() => read(query), { name: 'GlimpseError', status: 400 })
  })
}

const order = (query: string): string =>
  read(query)
    .sort.map(({ key, direction }) => `${key}:${direction}`)
    .join()

for (const [query, expected] of [
  ['sort=name:asc', 'name:asc,created_at:asc,id:asc'],
  ['sort=name', 'name:desc,created_at:desc,id:desc'],
  ['sort=name:asc,size', 'name:asc,size:desc,created_at:desc,id:desc'],
  ['sort=%20name%20:%20asc', 'name:asc,created_at:asc,id:asc'],
  ['sort_key=name', 'name:desc,created_at:desc,id:desc'],
  ['sort_dir=asc', 'created_at:asc,id:asc'],
  ['sort_key=name&sort_key=size&sort_dir=asc', 'name:asc,size:asc,created_at:asc,id:asc'],
  ['sort_key=name&sort_dir=asc&sort_key=size&sort_dir=desc', 'name:asc,size:desc,created_at:desc,id:desc'],
  ['sort=id:asc,created_at', 'id:asc,created_at:desc'],
] as const) {
  test(`orders by ${expected} for ${query}`, () => {
    assert.equal(order(query), expected)
  })
}
