import type { Case, CaseRow } from '../support/case.ts'
import { table } from '../support/case.ts'

const image = '/v2/images/{image}'
const patch = (path: string, value: unknown): NonNullable<CaseRow[4]> => ({
  headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
  body: [{ op: 'replace', path, value }],
})
const members = `${image}/members`
const data = { headers: { 'content-type': 'application/octet-stream' }, body: 'data' }

/** What changed rules are asked for, by several personas. */
export function policyCases(area: string): Case[] {
  const personas = ['admin', 'member', 'reader', 'other', 'auditor'] as const
  return table(
    area,
    personas.flatMap((as): CaseRow[] => [
      [`list, as ${as}`, as, 'GET', '/v2/images?name=in:private,public&owner={project:member}'],
      [`show a private image, as ${as}`, as, 'GET', '/v2/images/{id:private}'],
      [`show a shared image, as ${as}`, as, 'GET', '/v2/images/{id:accepted}'],
      [`download a public image, as ${as}`, as, 'GET', '/v2/images/{id:public}/file'],
      [`download a shared image, as ${as}`, as, 'GET', '/v2/images/{id:accepted}/file'],
      [`list members, as ${as}`, as, 'GET', '/v2/images/{id:accepted}/members'],
      [`list tasks, as ${as}`, as, 'GET', '/v2/tasks'],
      [`show the schema, as ${as}`, as, 'GET', '/v2/schemas/member'],
      [`create, as ${as}`, as, 'POST', '/v2/images', { body: { name: 'made' } }],
      [`rename, as ${as}`, as, 'PATCH', image, { image: 'bare', ...patch('/name', 'new') }],
      [`publish, as ${as}`, as, 'PATCH', image, { image: 'bare', ...patch('/visibility', 'public') }],
      [`make common, as ${as}`, as, 'PATCH', image, { image: 'bare', ...patch('/visibility', 'community') }],
      [`upload, as ${as}`, as, 'PUT', `${image}/file`, { image: 'queued', ...data }],
      [`add a member, as ${as}`, as, 'POST', members, { image: 'bare', body: { member: '{project:other}' } }],
      [`deactivate, as ${as}`, as, 'POST', `${image}/actions/deactivate`, { image: 'bare' }],
      [`delete, as ${as}`, as, 'DELETE', image, { image: 'bare' }],
    ]),
  )
}
