import fc from 'fast-check'

/** One request; `IMAGE` in the path stands for an image that exists. */
export interface WildRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const words = fc.constantFrom(
  ...['id', 'name', 'status', 'visibility', 'protected', 'tags', 'locations', 'size', 'min_disk', 'min_ram', 'owner'],
  ...[
    'checksum',
    'disk_format',
    'container_format',
    'os_hidden',
    'created_at',
    'updated_at',
    'os_hash_value',
    'stores',
  ],
  ...[
    'os_glance_x',
    'virtual_size',
    'member',
    'schema',
    'self',
    'file',
    'direct_url',
    '__proto__',
    'constructor',
    'a.b',
  ],
)
const text = fc.oneof(
  words,
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
)
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(2 ** 31, 2 ** 53, 2 ** 63, -1))
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null))
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 4 }),
  fc.dictionary(text, scalar, { maxKeys: 4 }),
  fc.jsonValue(),
)
const pointer = fc.oneof(
  fc
    .array(fc.oneof(words, fc.constantFrom('-', '0', '1', '~0', '~1', '~2', '')), { maxLength: 4 })
    .map((it) => `/${it.join('/')}`),
  text,
)

const operation = fc.record(
  {
    op: fc.constantFrom('add', 'replace', 'remove', 'test', 'move', 'copy', 'ADD', ''),
    path: pointer,
    value,
    from: pointer,
  },
  { requiredKeys: [] },
)
const legacy = fc.record({ add: pointer, replace: pointer, remove: pointer, value }, { requiredKeys: [] })
const patch = fc.oneof(fc.array(fc.oneof(operation, legacy, value), { maxLength: 5 }), value)
const image = fc.dictionary(fc.oneof({ weight: 4, arbitrary: words }, text), value, { maxKeys: 6 })
// Nothing is looked up or asked outside this machine.
const webUrl = fc
  .tuple(
    fc.constantFrom('http', 'https'),
    fc.constantFrom('127.0.0.1', '127.0.0.1:1', '[::1]', '2130706433', 'u:p@127.1'),
    fc.webPath(),
  )
  .map(([scheme, host, path]) => `${scheme}://${host}${path}`)
const location = fc.record(
  {
    url: fc.oneof(
      text,
      webUrl,
      text.map((it) => `file://${it}`),
    ),
    metadata: value,
    validation_data: value,
  },
  { requiredKeys: [] },
)
const member = fc.record({ member: value, status: value }, { requiredKeys: [] })
const importing = fc.record(
  {
    method: fc.record({
      name: fc.oneof(fc.constantFrom('glance-direct', 'web-download', 'copy-image'), text),
      uri: value,
    }),
    stores: value,
    all_stores: value,
    all_stores_must_succeed: value,
  },
  { requiredKeys: [] },
)
const task = fc.record({ type: fc.oneof(fc.constant('import'), text), input: value }, { requiredKeys: [] })

const json = (content: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 12, arbitrary: content.map((it) => JSON.stringify(it) ?? '') },
    { weight: 2, arbitrary: content.map((it) => (JSON.stringify(it) ?? '').slice(0, -1)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((it) => Buffer.from(it)) },
  )

const filterName = fc.oneof(
  ...[words, text],
  fc.constantFrom(
    'sort',
    'sort_key',
    'sort_dir',
    'limit',
    'marker',
    'tag',
    'member_status',
    'size_min',
    'size_max',
    'changes-since',
  ),
)
const filterValue = fc.oneof(
  text,
  number.map(String),
  fc.tuple(fc.constantFrom('in:', 'gt:', 'lte:', 'in:"', 'xx:'), text).map((it) => it.join('')),
  fc.constantFrom('true', 'all', 'name:asc,size:desc', 'name:up', 'gte:2020-01-01T00:00:00Z', 'IMAGE'),
)
const query = fc
  .array(fc.tuple(filterName, filterValue), { maxLength: 5 })
  .map((pairs) => pairs.map(([name, it]) => `${encode(name)}=${encode(it)}`).join('&'))

const id = fc.oneof({ weight: 6, arbitrary: fc.constant('IMAGE') }, { weight: 1, arbitrary: text.map(encode) })

const patchTypes = fc.constantFrom(
  'application/openstack-images-v2.1-json-patch',
  'application/openstack-images-v2.0-json-patch',
  'application/json',
)
const headerValue = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((it) => String.fromCharCode(it)),
  maxLength: 30,
})
const headers = fc.record(
  {
    'content-type': fc.oneof({ weight: 3, arbitrary: patchTypes }, headerValue),
    accept: headerValue,
    range: fc.oneof(
      headerValue,
      fc.tuple(fc.integer(), fc.integer()).map(([from, to]) => `bytes=${from}-${to}`),
    ),
    'content-range': fc.tuple(fc.integer(), fc.integer()).map(([from, to]) => `bytes ${from}-${to}/*`),
    'x-image-meta-store': headerValue,
    'x-openstack-request-id': headerValue,
    'x-openstack-image-size': headerValue,
    origin: headerValue,
    'accept-language': headerValue,
  },
  { requiredKeys: [] },
)

const content = json(value)
const binary = { 'content-type': 'application/octet-stream' }

interface Target {
  readonly method: string
  readonly path: fc.Arbitrary<string>
  readonly body?: fc.Arbitrary<string | Buffer>
  readonly headers?: fc.Arbitrary<Readonly<Record<string, string>>>
}

function target({ method, path, body, headers: natural }: Target): fc.Arbitrary<WildRequest> {
  return fc.record(
    {
      method: fc.constant(method),
      path,
      headers: natural ?? fc.constant({}),
      ...(body && { body }),
    },
    { requiredKeys: ['method', 'path', 'headers'] },
  )
}

const image1 = id.map((it) => `/v2/images/${it}`)
const under = (tail: fc.Arbitrary<string>) => fc.tuple(image1, tail).map((it) => it.join('/'))
const encoded = text.map(encode)
const patchHeaders = patchTypes.map((it) => ({ 'content-type': it }))

/** Paths with the methods and bodies that nearly fit them. */
const targets = fc.oneof(
  target({ method: 'GET', path: query.map((it) => `/v2/images?${it}`) }),
  target({ method: 'POST', path: fc.constant('/v2/images'), body: json(image) }),
  target({ method: 'GET', path: image1 }),
  { weight: 4, arbitrary: target({ method: 'PATCH', path: image1, body: json(patch), headers: patchHeaders }) },
  target({ method: 'PUT', path: under(fc.constant('file')), body: content, headers: fc.constant(binary) }),
  target({ method: 'GET', path: under(fc.constant('file')) }),
  target({ method: 'PUT', path: under(encoded.map((it) => `tags/${it}`)) }),
  target({ method: 'DELETE', path: under(encoded.map((it) => `tags/${it}`)) }),
  target({ method: 'POST', path: under(fc.constant('members')), body: json(member) }),
  target({ method: 'PUT', path: under(encoded.map((it) => `members/${it}`)), body: json(member) }),
  target({ method: 'POST', path: under(fc.constant('locations')), body: json(location) }),
  target({ method: 'POST', path: under(fc.constantFrom('actions/deactivate', 'actions/reactivate')) }),
  target({ method: 'PUT', path: under(fc.constant('stage')), body: content, headers: fc.constant(binary) }),
  target({ method: 'POST', path: under(fc.constant('import')), body: json(importing) }),
  target({ method: 'GET', path: query.map((it) => `/v2/tasks?${it}`) }),
  target({ method: 'POST', path: fc.constant('/v2/tasks'), body: json(task) }),
  target({ method: 'GET', path: encoded.map((it) => `/v2/tasks/${it}`) }),
  target({ method: 'DELETE', path: fc.tuple(encoded, id).map(([store, it]) => `/v2/stores/${store}/${it}`) }),
  target({ method: 'GET', path: encoded.map((it) => `/v2/schemas/${it}`) }),
  target({
    method: 'GET',
    path: fc.constantFrom('/', '/versions', '/v2', '/v2/info/import', '/v2/info/stores/detail'),
  }),
  target({ method: 'GET', path: fc.webPath() }),
)

const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE')

/** Requests of every route: most of them with the method that fits, with right and wrong headers, queries and bodies. */
export const wildRequests: fc.Arbitrary<WildRequest> = fc
  .tuple(targets, fc.option(methods, { freq: 7 }), fc.option(headers, { freq: 2 }))
  .map(([{ body, ...request }, otherMethod, otherHeaders]) => {
    const method = otherMethod === null || otherMethod === undefined ? request.method : otherMethod
    const bodyless = body === undefined || body === '' || method === 'GET' || method === 'HEAD'
    return { ...request, method, headers: { ...request.headers, ...otherHeaders }, ...(bodyless ? {} : { body }) }
  })

function encode(part: string): string {
  return encodeURIComponent(part.toWellFormed())
}
