import type { Case, CaseRequest } from '../../support/case.ts'
import type { NamespaceName } from '../../support/namespaces.ts'
import type { PersonaName } from '../../support/personas.ts'

const namespaces = '/v2/metadefs/namespaces'
const one = `${namespaces}/{namespace}`
const property = { name: 'new', title: 'New', type: 'string' }

/** Every route: a request that works for whoever may. */
const requests: Readonly<Record<string, Pick<CaseRequest, 'method' | 'path' | 'body'>>> = {
  'list namespaces': { method: 'GET', path: `${namespaces}?limit=1` },
  'create a namespace': { method: 'POST', path: namespaces, body: { namespace: 'Other::{image}' } },
  'show a namespace': { method: 'GET', path: one },
  'change a namespace': { method: 'PUT', path: one, body: { namespace: '{namespace}', display_name: 'Changed' } },
  'delete a namespace': { method: 'DELETE', path: one },
  'list resource types': { method: 'GET', path: '/v2/metadefs/resource_types' },
  'list associations': { method: 'GET', path: `${one}/resource_types` },
  'create an association': { method: 'POST', path: `${one}/resource_types`, body: { name: 'OS::Test::New' } },
  'delete an association': { method: 'DELETE', path: `${one}/resource_types/OS::Test::Bare` },
  'list properties': { method: 'GET', path: `${one}/properties` },
  'create a property': { method: 'POST', path: `${one}/properties`, body: property },
  'delete all properties': { method: 'DELETE', path: `${one}/properties` },
  'show a property': { method: 'GET', path: `${one}/properties/zeta` },
  'change a property': { method: 'PUT', path: `${one}/properties/zeta`, body: property },
  'delete a property': { method: 'DELETE', path: `${one}/properties/zeta` },
  'list objects': { method: 'GET', path: `${one}/objects` },
  'create an object': { method: 'POST', path: `${one}/objects`, body: { name: 'new' } },
  'delete all objects': { method: 'DELETE', path: `${one}/objects` },
  'show an object': { method: 'GET', path: `${one}/objects/second` },
  'change an object': { method: 'PUT', path: `${one}/objects/second`, body: { name: 'new' } },
  'delete an object': { method: 'DELETE', path: `${one}/objects/second` },
  'list tags': { method: 'GET', path: `${one}/tags` },
  'create tags': { method: 'POST', path: `${one}/tags`, body: { tags: [{ name: 'new' }, { name: 'newer' }] } },
  'delete all tags': { method: 'DELETE', path: `${one}/tags` },
  'show a tag': { method: 'GET', path: `${one}/tags/red` },
  'create a tag': { method: 'POST', path: `${one}/tags/new` },
  'change a tag': { method: 'PUT', path: `${one}/tags/red`, body: { name: 'new' } },
  'delete a tag': { method: 'DELETE', path: `${one}/tags/red` },
}

/** Whom a route treats in ways of their own, and in which namespace. */
const askers: readonly (readonly [as: PersonaName, namespace: NamespaceName])[] = [
  ['admin', 'full'],
  ['member', 'full'],
  ['member', 'foreign'],
  ['reader', 'full'],
  ['other', 'full'],
  ['other', 'public'],
  ['none', 'public'],
]

/** Where something changes, it changes in a namespace of the case's own. */
function accessCase(what: string, as: PersonaName, namespace: NamespaceName): Case {
  const request = requests[what] as Pick<CaseRequest, 'method' | 'path' | 'body'>
  const common = { name: `metadefs: ${what}, as ${as}, namespace ${namespace}`, as, ordered: true as const }
  if (as === 'admin' && request.method !== 'GET') {
    return { ...common, namespace, ...request, next: [{ as, method: 'GET', path: one }] }
  }
  const path = request.path.replace('{namespace}', `{namespace:${namespace}}`)
  const body = JSON.stringify(request.body)?.replace('{namespace}', `{namespace:${namespace}}`)
  const json = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }
  return { ...common, method: request.method, path, ...json }
}

/** Who may do what: every route, each persona, each kind of namespace; and what nobody may delete. */
export const accessCases: readonly Case[] = Object.entries(requests).flatMap(([what, { method }]) => [
  ...askers.map(([as, namespace]) => accessCase(what, as, namespace)),
  ...(method === 'DELETE' ? [accessCase(what, 'admin', 'protected')] : []),
])
