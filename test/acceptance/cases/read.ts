import { table } from '../support/case.ts'

const show = (name: string) => `/v2/images/{id:${name}}`

/** `GET /v2/images/{id}`: what each persona sees of each kind of image. */
export const showCases = table('show', [
  ['own queued image', 'member', 'GET', show('queued')],
  ['own image without formats', 'member', 'GET', show('bare')],
  ['own active image', 'member', 'GET', show('active')],
  ['own empty image', 'member', 'GET', show('empty')],
  ['own deactivated image', 'member', 'GET', show('deactivated')],
  ['a deactivated image, as admin', 'admin', 'GET', show('deactivated')],
  ['own image with all quotas used', 'member', 'GET', show('full')],
  ['a colleague sees it', 'colleague', 'GET', show('active')],
  ['a reader of the project sees it', 'reader', 'GET', show('active')],
  ['an admin sees it', 'admin', 'GET', show('active')],
  ['another project sees nothing', 'other', 'GET', show('active')],
  ['another project sees a public image', 'other', 'GET', show('public')],
  ['another project sees a hidden public image', 'other', 'GET', show('hidden')],
  ['another project sees a community image', 'other', 'GET', show('community')],
  ['an invited project sees a shared image', 'other', 'GET', show('pending')],
  ['a project that accepted sees it', 'other', 'GET', show('accepted')],
  ['a project that rejected sees it', 'other', 'GET', show('rejected')],
  ['a stranger does not see a shared image', 'stranger', 'GET', show('pending')],
  ['a deleted image is gone', 'member', 'GET', show('deleted')],
  ['a deleted image is gone for admins', 'admin', 'GET', show('deleted')],
  ['an id that was never given', 'member', 'GET', '/v2/images/00000000-0000-4000-8000-000000000000'],
  ['an id that is no UUID', 'member', 'GET', '/v2/images/mine'],
  ['an id with a quote', 'member', 'GET', "/v2/images/a'b"],
  ['an id with an encoded slash', 'member', 'GET', '/v2/images/a%2Fb'],
  ['an id with a zero byte', 'member', 'GET', '/v2/images/a%00b'],
  ['an id with a broken escape', 'member', 'GET', '/v2/images/%zz'],
  ['an id in upper case', 'member', 'GET', '/v2/images/00000000-0000-4000-8000-00000000000A'],
  ['with a slash at the end', 'member', 'GET', `${show('active')}/`],
  ['with a query that means nothing', 'member', 'GET', `${show('active')}?x=y`],
  ['as anything but JSON', 'member', 'GET', show('active'), { headers: { accept: 'text/html' } }],
])

/** `GET /v2/schemas/...` */
export const schemaCases = table('schemas', [
  ['of an image', 'member', 'GET', '/v2/schemas/image'],
  ['of images', 'member', 'GET', '/v2/schemas/images'],
  ['of a member', 'member', 'GET', '/v2/schemas/member'],
  ['of members', 'member', 'GET', '/v2/schemas/members'],
  ['as reader', 'reader', 'GET', '/v2/schemas/member'],
  ['that nobody knows', 'member', 'GET', '/v2/schemas/nonsense'],
  ['none by name', 'member', 'GET', '/v2/schemas'],
])
