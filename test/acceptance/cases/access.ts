import type { Case, CaseRow } from '../support/case.ts'
import { table } from '../support/case.ts'
import type { RecipeName } from '../support/images.ts'
import type { PersonaName } from '../support/personas.ts'

/** With roles, projects and scopes of every kind. */
export const everybody: readonly PersonaName[] = [
  ...(['admin', 'member', 'colleague', 'reader', 'other', 'stranger', 'service', 'auditor'] as const),
  ...(['system', 'domain', 'unscoped', 'none'] as const),
]
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
const image = '/v2/images/{image}'
const member = `${image}/members/{project:other}`

type Rest = NonNullable<CaseRow[4]>
type Operation = readonly [name: string, method: string, path: string, rest?: Rest]

/** What only reads, from images that are there. */
const reads: readonly Operation[] = [
  ['list images of a name', 'GET', '/v2/images?name=private'],
  ['list shared images', 'GET', '/v2/images?visibility=shared&name=in:accepted,pending'],
  [
    'list shared images whatever the member says',
    'GET',
    '/v2/images?member_status=all&visibility=shared&name=rejected',
  ],
  ['list community images', 'GET', '/v2/images?visibility=community&name=community'],
  ['list everything', 'GET', '/v2/images?visibility=all&limit=6&sort=created_at:asc'],
  ['list hidden images', 'GET', '/v2/images?os_hidden=true&limit=6&sort=created_at:asc'],
  ['list images of a project', 'GET', '/v2/images?owner={project:member}&limit=6&sort=created_at:asc'],
  ['show a private image', 'GET', '/v2/images/{id:private}'],
  ['show a public image', 'GET', '/v2/images/{id:public}'],
  ['show a community image', 'GET', '/v2/images/{id:community}'],
  ['show a shared image', 'GET', '/v2/images/{id:accepted}'],
  ['show a deactivated image', 'GET', '/v2/images/{id:deactivated}'],
  ['download a private image', 'GET', '/v2/images/{id:private}/file'],
  ['download a public image', 'GET', '/v2/images/{id:public}/file'],
  ['download a shared image', 'GET', '/v2/images/{id:accepted}/file'],
  ['download a deactivated image', 'GET', '/v2/images/{id:deactivated}/file'],
  ['list members', 'GET', '/v2/images/{id:accepted}/members'],
  ['list members of a public image', 'GET', '/v2/images/{id:public}/members'],
  ['show a member', 'GET', '/v2/images/{id:accepted}/members/{project:other}'],
  ['list tasks', 'GET', '/v2/tasks'],
  ['show a task that is not there', 'GET', '/v2/tasks/00000000-0000-4000-8000-000000000000'],
  ['list tasks of an image', 'GET', '/v2/images/{id:private}/tasks'],
  ['tell the stores', 'GET', '/v2/info/stores'],
  ['tell the import methods', 'GET', '/v2/info/import'],
  ['tell the usage', 'GET', '/v2/info/usage'],
  ['read a schema', 'GET', '/v2/schemas/member'],
  ['read the schema of tasks', 'GET', '/v2/schemas/tasks'],
]

const changed = (as: PersonaName, path = image) => [{ as, method: 'GET', path }] as const
const patch = (...body: readonly unknown[]): Rest => ({ headers: patchType, body })
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })

/** What changes something, with an image of its own and who looks at it afterwards. */
const changes: readonly (readonly [...Operation, made?: RecipeName, by?: PersonaName])[] = [
  ['create', 'POST', '/v2/images', { body: { name: 'made' } }],
  ['create a public image', 'POST', '/v2/images', { body: { visibility: 'public' } }],
  ['create a community image', 'POST', '/v2/images', { body: { visibility: 'community' } }],
  ['create for another project', 'POST', '/v2/images', { body: { owner: '{project:lister}' } }],
  ['rename', 'PATCH', image, patch(replace('/name', 'new')), 'accepted', 'member'],
  ['rename a public image', 'PATCH', image, patch(replace('/name', 'new')), 'public', 'admin'],
  ['add a property', 'PATCH', image, patch({ op: 'add', path: '/p', value: 'v' }), 'community', 'member'],
  ['remove a property', 'PATCH', image, patch({ op: 'remove', path: '/colour' }), 'active', 'member'],
  ['publish', 'PATCH', image, patch(replace('/visibility', 'public')), 'active', 'admin'],
  ['make private', 'PATCH', image, patch(replace('/visibility', 'private')), 'public', 'admin'],
  ['make common', 'PATCH', image, patch(replace('/visibility', 'community')), 'accepted', 'member'],
  ['give away', 'PATCH', image, patch(replace('/owner', '{project:lister}')), 'active', 'admin'],
  ['hide', 'PATCH', image, patch(replace('/os_hidden', true)), 'active', 'admin'],
  ['delete', 'DELETE', image, {}, 'accepted', 'admin'],
  ['delete a public image', 'DELETE', image, {}, 'public', 'admin'],
  ['delete a protected image', 'DELETE', image, {}, 'protected', 'admin'],
  [
    'upload',
    'PUT',
    `${image}/file`,
    { headers: { 'content-type': 'application/octet-stream' }, body: 'data' },
    'queued',
    'admin',
  ],
  ['add a member', 'POST', `${image}/members`, { body: { member: '{project:stranger}' } }, 'shared', 'admin'],
  ['accept', 'PUT', member, { body: { status: 'accepted' } }, 'pending', 'admin'],
  ['reject', 'PUT', member, { body: { status: 'rejected' } }, 'accepted', 'admin'],
  ['take back an invitation', 'DELETE', member, {}, 'accepted', 'admin'],
  ['tag', 'PUT', `${image}/tags/new`, {}, 'accepted', 'admin'],
  ['untag', 'DELETE', `${image}/tags/blue`, {}, 'active', 'admin'],
  ['deactivate', 'POST', `${image}/actions/deactivate`, {}, 'accepted', 'admin'],
  ['reactivate', 'POST', `${image}/actions/reactivate`, {}, 'deactivated', 'admin'],
  ['delete from the only store', 'DELETE', '/v2/stores/file1/{image}', {}, 'active', 'admin'],
  ['delete from no store', 'DELETE', '/v2/stores/nonsense/{image}', {}, 'active', 'admin'],
  ['make a task of no type', 'POST', '/v2/tasks', { body: { type: 'nonsense', input: {} } }],
  ['delete a task', 'DELETE', '/v2/tasks/00000000-0000-4000-8000-000000000000', {}],
]

/** Each of the personas does everything. */
export function accessCases(area: string, personas: readonly PersonaName[]): Case[] {
  const reading = personas.flatMap((as) =>
    reads.map(([name, method, path]): CaseRow => [`${name}, as ${as}`, as, method, path]),
  )
  const changing = personas.flatMap((as) =>
    changes.map(([name, method, path, rest = {}, made, by]): CaseRow => {
      const next = made && by && { image: made, next: changed(by, path.endsWith('s') ? path : image) }
      return [`${name}, as ${as}`, as, method, path, { ...rest, ...next }]
    }),
  )
  return table(area, [...reading, ...changing])
}
