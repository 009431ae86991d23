import type { Case, CaseRow } from '../support/case.ts'
import { table } from '../support/case.ts'

const path = '/v2/images/{image}'
const patchTypes = {
  v20: { 'content-type': 'application/openstack-images-v2.0-json-patch' },
  v21: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
}
const seen = [{ as: 'member', method: 'GET', path }] as const
const patch = (name: string, body: unknown, rest: Partial<Case> = {}): CaseRow => [
  name,
  rest.as ?? 'member',
  'PATCH',
  path,
  { image: rest.image ?? 'active', headers: rest.headers ?? patchTypes.v21, body, next: seen },
]
const op = (op: string, path: string, value?: unknown) => ({ op, path, ...(value !== undefined && { value }) })

const accepted = table('change', [
  patch('nothing', []),
  patch('the name', [op('replace', '/name', 'new')]),
  patch('the name, by add', [op('add', '/name', 'new')]),
  patch('the name to null', [op('replace', '/name', null)]),
  patch('add a property', [op('add', '/flavour', 'sour')]),
  patch('add a property that is there', [op('add', '/colour', 'blue')]),
  patch('replace a property', [op('replace', '/colour', 'blue')]),
  patch('remove a property', [op('remove', '/colour')]),
  patch('several at once', [op('replace', '/min_disk', 5), op('add', '/a', 'b'), op('remove', '/colour')]),
  patch('add and remove the same', [op('add', '/a', 'b'), op('remove', '/a')]),
  patch('tags', [op('replace', '/tags', ['x', 'y', 'x'])]),
  patch('no tags', [op('replace', '/tags', [])]),
  patch('a pointer with escapes', [op('add', '/a~1b~0c', 'v')]),
  patch('visibility to shared', [op('replace', '/visibility', 'shared')]),
  patch('visibility to community', [op('replace', '/visibility', 'community')]),
  patch('visibility to public, as admin', [op('replace', '/visibility', 'public')], { as: 'admin' }),
  patch('the owner, as admin', [op('replace', '/owner', '{project:other}')], { as: 'admin' }),
  patch('by an admin', [op('replace', '/name', 'by admin')], { as: 'admin' }),
  patch('by a colleague', [op('replace', '/name', 'by colleague')], { as: 'colleague' }),
  patch('protected', [op('replace', '/protected', true)]),
  patch('unprotect', [op('replace', '/protected', false)], { image: 'protected' }),
  patch('a protected image', [op('replace', '/name', 'new')], { image: 'protected' }),
  patch('a deactivated image', [op('replace', '/name', 'new')], { image: 'deactivated' }),
  patch('hidden', [op('replace', '/os_hidden', true)]),
  patch(
    'formats of a queued image',
    [op('replace', '/disk_format', 'iso'), op('replace', '/container_format', 'ovf')],
    {
      image: 'bare',
    },
  ),
  patch('min_ram', [op('replace', '/min_ram', 64)]),
  patch('add in the old dialect', [{ add: '/flavour', value: 'sour' }], { headers: patchTypes.v20 }),
  patch('replace in the old dialect', [{ replace: '/name', value: 'old' }], { headers: patchTypes.v20 }),
  patch('remove in the old dialect', [{ remove: '/colour' }], { headers: patchTypes.v20 }),
  patch('with a charset', [op('replace', '/name', 'n')], {
    headers: { 'content-type': 'application/openstack-images-v2.1-json-patch; charset=utf-8' },
  }),
])

const refused = table('change', [
  patch('plain JSON', [], { headers: { 'content-type': 'application/json' } }),
  patch('the standard media type', [], { headers: { 'content-type': 'application/json-patch+json' } }),
  patch('no media type', '[]', { headers: { 'content-type': '' } }),
  patch('no body', '', {}),
  patch('broken JSON', '[{"op": ', {}),
  patch('an object', { op: 'add', path: '/a', value: 'b' }),
  patch('a list of text', ['add']),
  patch('without op', [{ path: '/a', value: 'b' }]),
  patch('an unknown op', [op('move', '/a', 'b')]),
  patch('op test', [op('test', '/name', 'active')]),
  patch('without a path', [{ op: 'add', value: 'b' }]),
  patch('without a value', [{ op: 'add', path: '/a' }]),
  patch('a path without a slash', [op('add', 'a', 'b')]),
  patch('an empty path', [op('add', '', 'b')]),
  patch('a path of a slash', [op('add', '/', 'b')]),
  patch('a path with two slashes', [op('add', '/a//b', 'b')]),
  patch('a path with a slash at the end', [op('add', '/a/', 'b')]),
  patch('a path of two steps', [op('add', '/a/b', 'b')]),
  patch('a path with a broken escape', [op('add', '/a~2', 'b')]),
  patch('a path of a number', [op('add', 5 as unknown as string, 'b')]),
  patch('one tag', [op('add', '/tags/-', 'b')]),
  patch('replace what is not there', [op('replace', '/nothing', 'b')]),
  patch('remove what is not there', [op('remove', '/nothing')]),
  patch('remove a base property', [op('remove', '/name')]),
  patch('remove tags', [op('remove', '/tags')]),
  patch('a property of a number', [op('add', '/a', 5)]),
  patch('a property of null', [op('add', '/a', null)]),
  patch('a name of 256 letters', [op('replace', '/name', 'x'.repeat(256))]),
  patch('a name with a letter of four bytes', [op('replace', '/name', '💾')]),
  patch('min_disk below zero', [op('replace', '/min_disk', -1)]),
  patch('min_disk beyond 32 bits', [op('replace', '/min_disk', 2147483648)]),
  patch('min_disk of text', [op('replace', '/min_disk', 'x')]),
  patch('protected of text', [op('replace', '/protected', 'x')]),
  patch('tags of text', [op('replace', '/tags', 'x')]),
  patch('more tags than allowed', [op('replace', '/tags', ['1', '2', '3', '4', '5', '6', '7'])]),
  patch('more properties than allowed', [op('add', '/one_more', 'x')], { image: 'full' }),
  patch('one in, one out at the limit', [op('remove', '/property_1'), op('add', '/one_more', 'x')], { image: 'full' }),
  patch('visibility public', [op('replace', '/visibility', 'public')]),
  patch('an unknown visibility', [op('replace', '/visibility', 'secret')]),
  patch('the owner', [op('replace', '/owner', '{project:other}')]),
  patch('the disk format of an active image', [op('replace', '/disk_format', 'iso')]),
  patch('the container format of an active image', [op('replace', '/container_format', 'ovf')]),
  patch('an unknown disk format', [op('replace', '/disk_format', 'floppy')], { image: 'queued' }),
  ...[
    'id',
    'status',
    'checksum',
    'size',
    'virtual_size',
    'created_at',
    'updated_at',
    'self',
    'file',
    'schema',
    'direct_url',
  ].map((name) => patch(`read-only: ${name}`, [op('replace', `/${name}`, 'x')])),
  ...['os_hash_algo', 'os_hash_value'].map((name) => patch(`read-only: ${name}`, [op('replace', `/${name}`, 'x')])),
  ...['location', 'deleted', 'deleted_at', 'os_glance_x'].map((name) =>
    patch(`reserved: ${name}`, [op('add', `/${name}`, 'x')]),
  ),
  patch('remove a read-only property', [op('remove', '/checksum')]),
  patch('stores', [op('replace', '/stores', 'x')]),
  patch('add a location', [op('add', '/locations/-', { url: 'http://127.0.0.1/x', metadata: {} })], {
    image: 'queued',
  }),
  patch('replace locations', [op('replace', '/locations', [])]),
  patch('remove a location', [op('remove', '/locations/0')]),
  patch('two add in the old dialect', [{ add: '/a', replace: '/b', value: 'x' }], { headers: patchTypes.v20 }),
  patch('the new form in the old dialect', [op('add', '/a', 'b')], { headers: patchTypes.v20 }),
  patch('by another project', [op('replace', '/name', 'x')], { as: 'other' }),
  patch('by a reader', [op('replace', '/name', 'x')], { as: 'reader' }),
  patch('a shared image, by its member', [op('replace', '/name', 'x')], { as: 'other', image: 'accepted' }),
  patch('a public image, by another project', [op('replace', '/name', 'x')], { as: 'other', image: 'public' }),
  patch('a second fault undoes the first change', [op('replace', '/name', 'x'), op('replace', '/nothing', 'x')]),
])

const unknown = table('change', [
  [
    'an image that is not there',
    'member',
    'PATCH',
    '/v2/images/00000000-0000-4000-8000-000000000000',
    {
      headers: patchTypes.v21,
      body: [op('replace', '/name', 'x')],
    },
  ],
  [
    'a deleted image',
    'member',
    'PATCH',
    '/v2/images/{id:deleted}',
    {
      headers: patchTypes.v21,
      body: [op('replace', '/name', 'x')],
    },
  ],
])

export const changeCases = [...accepted, ...refused, ...unknown]

const gone = { next: [{ as: 'admin', method: 'GET', path }] } as const

/** `DELETE /v2/images/{id}` */
export const deleteCases = table('delete', [
  ['a queued image', 'member', 'DELETE', path, { image: 'queued', ...gone }],
  ['an active image', 'member', 'DELETE', path, { image: 'active', ...gone }],
  ['a deactivated image', 'member', 'DELETE', path, { image: 'deactivated', ...gone }],
  ['a protected image', 'member', 'DELETE', path, { image: 'protected', ...gone }],
  ['a protected image, as admin', 'admin', 'DELETE', path, { image: 'protected', ...gone }],
  ['as admin', 'admin', 'DELETE', path, { image: 'active', ...gone }],
  ['as a colleague', 'colleague', 'DELETE', path, { image: 'active', ...gone }],
  ['as a reader', 'reader', 'DELETE', path, { image: 'active', ...gone }],
  ['as another project', 'other', 'DELETE', path, { image: 'active', ...gone }],
  ['a public image, as another project', 'other', 'DELETE', path, { image: 'public', ...gone }],
  ['a shared image, as its member', 'other', 'DELETE', path, { image: 'accepted', ...gone }],
  ['twice', 'member', 'DELETE', path, { image: 'queued', next: [{ as: 'member', method: 'DELETE', path }] }],
  ['an id that was never given', 'member', 'DELETE', '/v2/images/00000000-0000-4000-8000-000000000000'],
  ['an id that is no UUID', 'member', 'DELETE', '/v2/images/mine'],
])
