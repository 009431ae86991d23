import type { Difference } from '../../differences.ts'

const strangeBodies = [
  'metadefs write: create []',
  'metadefs write: create {"namespace":"Test::{image}","properties":{"a":{"title":"T","type":"string","nothing":1}}}',
  'metadefs write: create {"namespace":"Test::{image}","properties":{"a":{"title":"T","type":"string","required":["x"]}}}',
  'metadefs write: create {"namespace":"Test::{image}","properties":{"a":{"title":"T","type":"string","confidential":"perhaps"}}}',
  'metadefs write: create {"namespace":"Test::{image}","objects":[{"description":"no name"}]}',
  'metadefs write: create {"namespace":"Test::{image}","objects":[{"name":"o","nothing":1}]}',
  'metadefs write: create {"namespace":"Test::{image}","tags":[{}]}',
  'metadefs write: create {"namespace":"Test::{image}","resource_type_associations":[{"prefix":"a"}]}',
  'metadefs write: PUT /{namespace} []',
  'metadefs write: POST /{namespace}/properties {"title":"T","type":"string","name":"new","required":["a"]}',
  'metadefs write: POST /{namespace}/properties {"title":"T","type":"string","name":"new","enum":[1]}',
  'metadefs write: POST /{namespace}/properties {"title":"T","type":"string","name":"new","items":{}}',
  'metadefs write: POST /{namespace}/properties {"title":"T","type":"string","name":"new","items":{"type":"string","more":1}}',
  'metadefs write: POST /{namespace}/properties []',
  'metadefs write: POST /{namespace}/objects {"name":"new","properties":{"a":{"title":"T","type":"string","required":["x"]}}}',
  'metadefs write: POST /{namespace}/objects []',
  'metadefs write: PUT /{namespace}/objects/second {"name":"new","properties":{"a":{"title":"T","type":"string","nothing":1}}}',
  'metadefs write: POST /{namespace}/tags {}',
  `metadefs write: POST /{namespace}/tags {"tags":[{"name":"${'x'.repeat(81)}"}]}`,
  'metadefs write: POST /{namespace}/tags []',
  'metadefs write: POST /{namespace}/resource_types {"name":"\u{1f4be}"}',
  'metadefs write: POST /{namespace}/resource_types []',
]

const longProperty = `metadefs write: create {"namespace":"Test::{image}","properties":{"${'x'.repeat(81)}":{"title":"T","type":"string"}}}`

const emptyName = ['metadefs write: create {"namespace":""}']

const unknownParameter = [
  'metadefs read: namespaces/{namespace:full}?nothing=here',
  'metadefs read: namespaces/{namespace:full}/properties/alpha?nothing=here',
]

/** Where Glimpse answers otherwise to requests for metadata definitions, on purpose. */
export const metadefDifferences: readonly Difference[] = [
  {
    cases: [...strangeBodies, longProperty.slice(0, 'metadefs write: create '.length + 120)],
    field: 'status',
    glimpse: 400,
    reason: 'The reference fails with 500 where its model cannot hold what its schema has let pass.',
  },
  {
    cases: [longProperty.slice(0, 'metadefs write: create '.length + 120)],
    field: 'next 1 status',
    glimpse: 404,
    reason: 'The reference leaves a half-made namespace behind when it fails.',
  },
  {
    cases: [longProperty.slice(0, 'metadefs write: create '.length + 120)],
    field: 'next 1 content-type',
    glimpse: 'text/plain; charset=UTF-8',
    reason: 'Follows from the status.',
  },
  {
    cases: [longProperty.slice(0, 'metadefs write: create '.length + 120)],
    field: 'next 1 body',
    glimpse: '<text>',
    reason: 'Follows from the status.',
  },
  {
    cases: [
      'metadefs read: namespaces?limit=x',
      'metadefs read: namespaces?sort_key=nothing',
      'metadefs read: namespaces/{namespace:full}/tags?sort_key=nothing',
    ],
    field: 'status',
    glimpse: 400,
    reason: 'The reference fails with 500 on such a query.',
  },
  {
    cases: /^metadefs write: DELETE with a body: \/(properties(\/zeta)?|objects|tags)$/,
    field: 'status',
    glimpse: 400,
    reason: 'The reference fails with 500 on some routes and says 400 on the others.',
  },
  {
    cases: ['metadefs read: list from a hidden marker'],
    field: 'status',
    glimpse: 404,
    reason: 'The answer does not tell that a hidden namespace exists.',
  },
  {
    cases: unknownParameter,
    field: 'status',
    glimpse: 200,
    reason: 'The reference fails with 500 when there is a query without resource_type.',
  },
  {
    cases: unknownParameter,
    field: 'content-type',
    glimpse: 'application/json',
    reason: 'Follows from the status.',
  },
  { cases: unknownParameter, field: 'body', reason: 'Follows from the status.' },
  {
    cases: emptyName,
    field: 'status',
    glimpse: 400,
    reason: 'Nobody could ever reach, change or delete a namespace without a name.',
  },
  { cases: emptyName, field: 'content-type', glimpse: 'text/plain; charset=UTF-8', reason: 'Follows from the status.' },
  { cases: emptyName, field: 'location', glimpse: undefined, reason: 'Follows from the status.' },
  { cases: emptyName, field: 'body', glimpse: '<text>', reason: 'Follows from the status.' },
]
