import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkObjectQuery, readNamespaceQuery, readResourceType, readTagQuery } from './metadef-query.ts'
import { parseQueryString } from './query-string.ts'

const limits = { default: 25, maximum: 100 }
const newest = { sortKey: 'created_at', direction: 'desc' }
const namespaces = (query: string) => readNamespaceQuery(parseQueryString(query), limits)
const tags = (query: string) => readTagQuery(parseQueryString(query))

for (const [query, expected] of [
  ['', { ...newest, limit: 25 }],
  ['limit=7&limit=8', { ...newest, limit: 7 }],
  ['limit=1000', { ...newest, limit: 100 }],
  ['sort_key=owner&sort_dir=asc', { sortKey: 'owner', direction: 'asc', limit: 25 }],
  ['sort_key=id', { ...newest, limit: 25 }],
  ['marker=x&visibility=public', { ...newest, limit: 25, marker: 'x', visibility: 'public' }],
  ['resource_types=a,b', { ...newest, limit: 25, resourceTypes: ['a', 'b'] }],
  ['nothing=here', { ...newest, limit: 25 }],
] as const) {
  test(`reads a list of namespaces with ?${query}`, () => assert.deepEqual(namespaces(query), expected))
}

for (const query of ['limit=x', 'limit=-1', 'sort_key=nothing', 'sort_dir=up', 'visibility=shared']) {
  test(`refuses a list of namespaces with ?${query}`, () => {
    assert.throws(() => namespaces(query), { code: 'bad_request' })
  })
}

test('gives tags no limit unless told', () => {
  assert.deepEqual(tags(''), newest)
  assert.deepEqual(tags('limit=&marker='), newest)
  assert.deepEqual(tags('limit=0&marker=a&sort_key=name'), { ...newest, sortKey: 'name', limit: 0, marker: 'a' })
})

test('checks what a list of objects is asked, and uses none of it', () => {
  checkObjectQuery(parseQueryString('limit=1&marker=x&sort_key=y&visibility=shared'))
  for (const query of ['limit=0', 'limit=x', 'sort_dir=up', 'visibility=x']) {
    assert.throws(() => checkObjectQuery(parseQueryString(query)), { code: 'bad_request' })
  }
})

test('reads the resource type whose prefix counts', () => {
  assert.deepEqual(readResourceType(parseQueryString('resource_type=OS%3A%3ANova')), { resourceType: 'OS::Nova' })
  assert.deepEqual(readResourceType([]), {})
})
