import { table } from '../support/case.ts'

const path = '/v2/images'
const json = { 'content-type': 'application/json' }
const long = (length: number) => 'x'.repeat(length)

/** `POST /v2/images` that makes an image. */
const accepted = table('create', [
  ['an empty object', 'member', 'POST', path, { body: {} }],
  ['a name', 'member', 'POST', path, { body: { name: 'plain' } }],
  [
    'every base property',
    'member',
    'POST',
    path,
    {
      body: {
        name: 'whole',
        disk_format: 'qcow2',
        container_format: 'bare',
        visibility: 'private',
        min_disk: 3,
        min_ram: 1024,
        protected: false,
        os_hidden: false,
        tags: ['one', 'two'],
      },
    },
  ],
  ['custom properties', 'member', 'POST', path, { body: { name: 'p', architecture: 'x86_64', hw_disk_bus: 'virtio' } }],
  ['a name of null', 'member', 'POST', path, { body: { name: null } }],
  ['an empty name', 'member', 'POST', path, { body: { name: '' } }],
  ['a name of 255 letters', 'member', 'POST', path, { body: { name: long(255) } }],
  ['a name with letters of all kinds', 'member', 'POST', path, { body: { name: 'Grüße, Дом, 画像' } }],
  ['the same tag twice', 'member', 'POST', path, { body: { tags: ['a', 'a', 'b'] } }],
  ['a tag of 255 letters', 'member', 'POST', path, { body: { tags: [long(255)] } }],
  ['visibility community', 'member', 'POST', path, { body: { visibility: 'community' } }],
  ['visibility public, as admin', 'admin', 'POST', path, { body: { visibility: 'public' } }],
  ['for another project, as admin', 'admin', 'POST', path, { body: { owner: '{project:member}' } }],
  ['with the own project as owner', 'member', 'POST', path, { body: { owner: '{project:member}' } }],
  ['hidden', 'member', 'POST', path, { body: { os_hidden: true } }],
  ['protected', 'member', 'POST', path, { body: { protected: true } }],
  [
    'every disk format in turn: vhdx',
    'member',
    'POST',
    path,
    { body: { disk_format: 'vhdx', container_format: 'ovf' } },
  ],
  ['amis belong together', 'member', 'POST', path, { body: { disk_format: 'ami', container_format: 'ami' } }],
  ['formats of null', 'member', 'POST', path, { body: { disk_format: null, container_format: null } }],
  [
    'as many properties as allowed',
    'member',
    'POST',
    path,
    {
      body: Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`p${index}`, 'v'])),
    },
  ],
  ['a property of 255 letters', 'member', 'POST', path, { body: { [long(255)]: 'v' } }],
  ['an empty property value', 'member', 'POST', path, { body: { kind: '' } }],
  ['without a content type', 'member', 'POST', path, { headers: { 'content-type': '' }, body: '{"name": "typeless"}' }],
  ['as text', 'member', 'POST', path, { headers: { 'content-type': 'text/plain' }, body: '{"name": "text"}' }],
  [
    'chunked',
    'member',
    'POST',
    path,
    { headers: { ...json, 'transfer-encoding': 'chunked' }, body: '{"name": "chunked"}' },
  ],
  [
    'virtual hosts in locations',
    'member',
    'POST',
    path,
    { headers: { 'x-forwarded-proto': 'https' }, body: { name: 'x' } },
  ],
])

/** `POST /v2/images` that is refused. */
const refused = table('create', [
  ['no body', 'member', 'POST', path, { headers: json }],
  ['an empty body', 'member', 'POST', path, { headers: json, body: '' }],
  ['broken JSON', 'member', 'POST', path, { headers: json, body: '{"name": ' }],
  ['no JSON at all', 'member', 'POST', path, { headers: json, body: 'name=x' }],
  ['a list', 'member', 'POST', path, { body: [] }],
  ['a list of images', 'member', 'POST', path, { body: [{ name: 'x' }] }],
  ['a string', 'member', 'POST', path, { headers: json, body: '"name"' }],
  ['a number', 'member', 'POST', path, { headers: json, body: '12' }],
  ['null', 'member', 'POST', path, { headers: json, body: 'null' }],
  ['as reader', 'reader', 'POST', path, { body: { name: 'x' } }],
  ['an id that is taken', 'member', 'POST', path, { body: { id: '{id:active}' } }],
  ['an id that another project has', 'other', 'POST', path, { body: { id: '{id:private}' } }],
  ['an id that was deleted', 'member', 'POST', path, { body: { id: '{id:deleted}' } }],
  ['an id that is no UUID', 'member', 'POST', path, { body: { id: 'mine' } }],
  ['an id of a number', 'member', 'POST', path, { body: { id: 12 } }],
  ['an unknown disk format', 'member', 'POST', path, { body: { disk_format: 'floppy' } }],
  ['an unknown container format', 'member', 'POST', path, { body: { container_format: 'box' } }],
  [
    'an ami disk in a bare container',
    'member',
    'POST',
    path,
    { body: { disk_format: 'ami', container_format: 'bare' } },
  ],
  ['an unknown visibility', 'member', 'POST', path, { body: { visibility: 'secret' } }],
  ['visibility public, as member', 'member', 'POST', path, { body: { visibility: 'public' } }],
  ['for another project', 'member', 'POST', path, { body: { owner: '{project:other}' } }],
  ['a name of 256 letters', 'member', 'POST', path, { body: { name: long(256) } }],
  ['a name of a number', 'member', 'POST', path, { body: { name: 5 } }],
  ['a name with a letter of four bytes', 'member', 'POST', path, { body: { name: 'disk 💾' } }],
  ['min_disk below zero', 'member', 'POST', path, { body: { min_disk: -1 } }],
  ['min_disk of text', 'member', 'POST', path, { body: { min_disk: '10' } }],
  ['min_disk beyond 32 bits', 'member', 'POST', path, { body: { min_disk: 2147483648 } }],
  ['min_ram with a fraction', 'member', 'POST', path, { body: { min_ram: 1.5 } }],
  ['min_ram of null', 'member', 'POST', path, { body: { min_ram: null } }],
  ['protected of text', 'member', 'POST', path, { body: { protected: 'yes' } }],
  ['tags of text', 'member', 'POST', path, { body: { tags: 'one' } }],
  ['a tag of a number', 'member', 'POST', path, { body: { tags: [1] } }],
  ['a tag of 256 letters', 'member', 'POST', path, { body: { tags: [long(256)] } }],
  ['more tags than allowed', 'member', 'POST', path, { body: { tags: ['1', '2', '3', '4', '5', '6', '7'] } }],
  [
    'more properties than allowed',
    'member',
    'POST',
    path,
    {
      body: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`p${index}`, 'v'])),
    },
  ],
  ['a property of 256 letters', 'member', 'POST', path, { body: { [long(256)]: 'v' } }],
  ['a property of a number', 'member', 'POST', path, { body: { kind: 5 } }],
  ['a property of null', 'member', 'POST', path, { body: { kind: null } }],
  ['a property of a list', 'member', 'POST', path, { body: { kind: ['a'] } }],
  ['a property that is an object', 'member', 'POST', path, { body: { kind: { a: 'b' } } }],
  ['a property with a letter of four bytes', 'member', 'POST', path, { body: { kind: '💾' } }],
  ...['status', 'checksum', 'size', 'virtual_size', 'created_at', 'updated_at', 'os_hash_algo', 'os_hash_value'].map(
    (name) =>
      [`read-only: ${name}`, 'member', 'POST', path, { body: { [name]: name.includes('size') ? 1 : 'x' } }] as const,
  ),
  ...['self', 'file', 'schema', 'direct_url', 'stores'].map(
    (name) => [`not for clients: ${name}`, 'member', 'POST', path, { body: { [name]: '/x' } }] as const,
  ),
  ...['location', 'deleted', 'deleted_at', 'os_glance_importing_to_stores'].map(
    (name) => [`reserved: ${name}`, 'member', 'POST', path, { body: { [name]: 'x' } }] as const,
  ),
  [
    'locations that are not shown',
    'member',
    'POST',
    path,
    {
      body: { locations: [{ url: 'http://127.0.0.1/x', metadata: {} }] },
    },
  ],
  ['locations of text', 'member', 'POST', path, { body: { locations: 'http://127.0.0.1/x' } }],
])

export const createCases = [...accepted, ...refused]
