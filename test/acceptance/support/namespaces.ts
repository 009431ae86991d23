import type { Target } from './deployment.ts'
import { expectStatus } from './http.ts'
import { fillProjects, type Personas } from './personas.ts'

const text = { title: 'A text', type: 'string' }

const contents = {
  resource_type_associations: [
    { name: 'OS::Test::Prefixed', prefix: 'pre_', properties_target: 'image' },
    { name: 'OS::Test::Bare' },
  ],
  properties: {
    zeta: { ...text, description: 'Größe', enum: ['a', 'b'], default: 'a', operators: ['<in>'] },
    alpha: { title: 'A number', type: 'integer', minimum: 1, maximum: 9, readonly: true },
    list: { title: 'A list', type: 'array', items: { type: 'string', enum: ['x'] }, uniqueItems: true, maxItems: 3 },
  },
  objects: [
    { name: 'second', description: 'Two of them', required: ['one'], properties: { one: text, other: text } },
    { name: 'first' },
  ],
  tags: [{ name: 'red' }, { name: 'blue' }],
}

/** Namespaces that cases start from; the member's project owns all but the foreign ones. */
const recipes = {
  full: { owner: '{project:member}', display_name: 'Full', description: 'Everything in it', ...contents },
  public: { owner: '{project:member}', visibility: 'public', ...contents },
  protected: { owner: '{project:member}', protected: true, ...contents },
  foreign: { owner: '{project:other}', ...contents },
  empty: { owner: '{project:member}' },
} as const

export type NamespaceName = keyof typeof recipes

/** What the namespaces are called that are there for all cases, which leave them as they are. */
export function fixtureName(recipe: string): string {
  return `Fixture::${recipe}`
}

/** Makes them, one after the other: lists show the newest first. */
export async function makeNamespaces(target: Target, personas: Personas): Promise<void> {
  for (const recipe of Object.keys(recipes) as NamespaceName[]) {
    await makeNamespace(target, personas, { recipe, name: fixtureName(recipe) })
  }
}

/** What the namespace of a case is called. */
export function namespaceName(freshId: string): string {
  return `Test::${freshId}`
}

/** Makes a namespace, as an administrator. */
export async function makeNamespace(
  target: Target,
  personas: Personas,
  { recipe, name }: { recipe: NamespaceName; name: string },
): Promise<void> {
  const answer = await target.request(personas.admin, {
    method: 'POST',
    path: '/v2/metadefs/namespaces',
    headers: { 'content-type': 'application/json' },
    body: fillProjects(JSON.stringify({ namespace: name, ...recipes[recipe] }), personas),
  })
  expectStatus(answer, 201)
}
