import { table } from '../support/case.ts'

const image = '/v2/images/{id:active}'

/** The version documents, the health check, and paths that lead nowhere. */
export const rootCases = table('roots', [
  ['the root lists the versions', 'none', 'GET', '/'],
  ['the root lists the versions to a member too', 'member', 'GET', '/'],
  ['versions by name', 'none', 'GET', '/versions'],
  ['versions by name, with a slash', 'none', 'GET', '/versions/'],
  ['v2 alone, without a token', 'none', 'GET', '/v2'],
  ['v2 alone', 'member', 'GET', '/v2'],
  ['v2 with a slash', 'member', 'GET', '/v2/'],
  ['v1 is gone', 'member', 'GET', '/v1/images'],
  ['v3 never was', 'member', 'GET', '/v3'],
  ['a minor version in the path', 'member', 'GET', '/v2.5/images?name=nothing'],
  ['a minor version that never was', 'member', 'GET', '/v2.99/images?name=nothing'],
  ['an unknown path', 'member', 'GET', '/nonsense'],
  ['an unknown path without a token', 'none', 'GET', '/nonsense'],
  ['an unknown path below v2', 'member', 'GET', '/v2/nonsense'],
  ['an unknown path below v2 without a token', 'none', 'GET', '/v2/nonsense'],
  ['an unknown path below an image', 'member', 'GET', `${image}/nonsense`],
  ['locations of an image', 'member', 'GET', `${image}/locations`],
  ['an upper-case path', 'member', 'GET', '/v2/IMAGES'],
  ['POST to the root', 'none', 'POST', '/'],
  [
    'the version by media type',
    'member',
    'GET',
    '/images?name=nothing',
    {
      headers: { accept: 'application/vnd.openstack.images-v2.0' },
    },
  ],
  ['health', 'none', 'GET', '/healthcheck'],
  ['health as JSON', 'none', 'GET', '/healthcheck', { headers: { accept: 'application/json' } }],
  ['health with HEAD', 'none', 'HEAD', '/healthcheck'],
  ['health with POST', 'none', 'POST', '/healthcheck'],
])

/** Methods that a route does not have. */
export const methodCases = table('methods', [
  ['PUT on images', 'member', 'PUT', '/v2/images', { body: {} }],
  ['DELETE on images', 'member', 'DELETE', '/v2/images'],
  ['PATCH on images', 'member', 'PATCH', '/v2/images', { body: [] }],
  ['HEAD on images', 'member', 'HEAD', '/v2/images'],
  ['DELETE on images without a token', 'none', 'DELETE', '/v2/images'],
  ['an unknown method on images', 'member', 'PROPFIND', '/v2/images'],
  ['POST on an image', 'member', 'POST', image, { body: {} }],
  ['PUT on an image', 'member', 'PUT', image, { body: {} }],
  ['HEAD on an image', 'member', 'HEAD', image],
  ['POST on data', 'member', 'POST', `${image}/file`],
  ['PATCH on data', 'member', 'PATCH', `${image}/file`],
  ['DELETE on data', 'member', 'DELETE', `${image}/file`],
  ['GET on an action', 'member', 'GET', `${image}/actions/deactivate`],
  ['PUT on an action', 'member', 'PUT', `${image}/actions/reactivate`],
  ['an unknown action', 'admin', 'POST', `${image}/actions/explode`],
  ['GET on tags', 'member', 'GET', `${image}/tags`],
  ['GET on a tag', 'member', 'GET', `${image}/tags/blue`],
  ['POST on a tag', 'member', 'POST', `${image}/tags/blue`],
  ['PUT on members', 'member', 'PUT', `${image}/members`, { body: {} }],
  ['DELETE on members', 'member', 'DELETE', `${image}/members`],
  ['POST on a member', 'member', 'POST', `${image}/members/{project:other}`, { body: {} }],
  ['PATCH on a member', 'member', 'PATCH', `${image}/members/{project:other}`, { body: {} }],
  ['POST on a schema', 'member', 'POST', '/v2/schemas/image', { body: {} }],
  ['DELETE on a schema', 'member', 'DELETE', '/v2/schemas/images'],
  ['PUT on the members schema', 'member', 'PUT', '/v2/schemas/members', { body: {} }],
])

/** Tokens that are missing or no good, and headers that only the token check may set. */
export const tokenCases = table('tokens', [
  ['none on list', 'none', 'GET', '/v2/images'],
  ['none on show', 'none', 'GET', image],
  ['none on create', 'none', 'POST', '/v2/images', { body: { name: 'x' } }],
  ['none on change', 'none', 'PATCH', image, { body: [] }],
  ['none on delete', 'none', 'DELETE', image],
  ['none on upload', 'none', 'PUT', `${image}/file`, { body: 'data' }],
  ['none on download', 'none', 'GET', `${image}/file`],
  ['none on members', 'none', 'GET', `${image}/members`],
  ['none on a tag', 'none', 'PUT', `${image}/tags/x`],
  ['none on a schema', 'none', 'GET', '/v2/schemas/image'],
  ['an invalid one', 'invalid', 'GET', '/v2/images'],
  ['an invalid one on upload', 'invalid', 'PUT', `${image}/file`, { body: 'data' }],
  ['a revoked one', 'revoked', 'GET', '/v2/images'],
  ['an empty one', 'none', 'GET', '/v2/images', { headers: { 'x-auth-token': '' } }],
  ['one of 4000 letters', 'none', 'GET', '/v2/images', { headers: { 'x-auth-token': 'a'.repeat(4000) } }],
  ['one with odd characters', 'none', 'GET', '/v2/images', { headers: { 'x-auth-token': '../../v3/users?x=%00&y' } }],
  [
    'an identity claimed without a token',
    'none',
    'GET',
    '/v2/images',
    {
      headers: {
        'x-identity-status': 'Confirmed',
        'x-roles': 'admin',
        'x-project-id': '{project:member}',
        'x-user-id': 'u',
      },
    },
  ],
  ['roles claimed beside a token', 'other', 'GET', '/v2/images/{id:private}', { headers: { 'x-roles': 'admin' } }],
  [
    'a project claimed beside a token',
    'other',
    'GET',
    '/v2/images/{id:private}',
    {
      headers: { 'x-project-id': '{project:member}', 'x-tenant-id': '{project:member}' },
    },
  ],
  [
    'an invalid service token beside a token',
    'member',
    'GET',
    image,
    { headers: { 'x-service-token': 'gAAAAABinvalid' } },
  ],
])

/** Requests that are too large or broken as HTTP. */
export const limitCases = table('limits', [
  ['a header of 8000 bytes', 'member', 'GET', image, { headers: { 'x-long': 'a'.repeat(8000) } }],
  ['a header of 20000 bytes', 'member', 'GET', image, { headers: { 'x-long': 'a'.repeat(20_000) } }],
  ['a path of 20000 bytes', 'member', 'GET', `/v2/images/${'a'.repeat(20_000)}`],
  ['a query of 7000 bytes', 'member', 'GET', `/v2/images?name=${'a'.repeat(7000)}`],
  ['a request id is taken over', 'member', 'GET', image, { headers: { 'x-openstack-request-id': 'req-of-mine' } }],
  ['a request id of 65 letters', 'member', 'GET', image, { headers: { 'x-openstack-request-id': 'r'.repeat(65) } }],
])
