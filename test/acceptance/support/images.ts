import { createHash } from 'node:crypto'
import type { Deployment, Target } from './deployment.ts'
import { expectStatus } from './http.ts'
import type { PersonaName, Personas } from './personas.ts'

/** How an image comes to be: its body, its owner, next its data and the further steps. */
export interface ImageRecipe {
  readonly as: PersonaName
  readonly body?: Readonly<Record<string, unknown>>
  readonly data?: string
  /** Members by persona, with the status they give themselves. */
  readonly members?: Readonly<Partial<Record<PersonaName, 'pending' | 'accepted' | 'rejected'>>>
  readonly deactivated?: true
  readonly deleted?: true
}

/** 64 bytes. */
export const sampleData = 'Sixty-four bytes of an image: 0123456789abcdefghijklmnopqrstuvwx'

const raw = { disk_format: 'raw', container_format: 'bare' }

/** What a case may ask to be made for it alone. */
export const recipes = {
  queued: { as: 'member', body: { name: 'queued', visibility: 'private', ...raw } },
  bare: { as: 'member', body: { name: 'without formats' } },
  active: {
    as: 'member',
    body: { name: 'active', visibility: 'private', tags: ['blue', 'green'], colour: 'red', ...raw },
    data: sampleData,
  },
  shared: { as: 'member', body: { name: 'shared', visibility: 'shared', ...raw }, data: sampleData },
  pending: {
    as: 'member',
    body: { name: 'pending', visibility: 'shared', ...raw },
    data: sampleData,
    members: { other: 'pending' },
  },
  accepted: {
    as: 'member',
    body: { name: 'accepted', visibility: 'shared', ...raw },
    data: sampleData,
    members: { other: 'accepted' },
  },
  rejected: {
    as: 'member',
    body: { name: 'rejected', visibility: 'shared', ...raw },
    data: sampleData,
    members: { other: 'rejected' },
  },
  crowded: {
    as: 'member',
    body: { name: 'crowded', visibility: 'shared', ...raw },
    members: { admin: 'pending', other: 'pending', lister: 'pending' },
  },
  private: { as: 'member', body: { name: 'private', visibility: 'private', ...raw }, data: sampleData },
  community: { as: 'member', body: { name: 'community', visibility: 'community', ...raw }, data: sampleData },
  public: { as: 'admin', body: { name: 'public', visibility: 'public', ...raw }, data: sampleData },
  hidden: { as: 'admin', body: { name: 'hidden', visibility: 'public', os_hidden: true, ...raw }, data: sampleData },
  protected: { as: 'member', body: { name: 'protected', protected: true, ...raw }, data: sampleData },
  deactivated: { as: 'member', body: { name: 'deactivated', ...raw }, data: sampleData, deactivated: true },
  full: {
    as: 'member',
    body: {
      name: 'full',
      tags: ['t1', 't2', 't3', 't4', 't5', 't6'],
      ...Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`property_${index}`, String(index)])),
      ...raw,
    },
  },
  empty: { as: 'member', body: { name: 'empty', ...raw }, data: '' },
  deleted: { as: 'member', body: { name: 'deleted', ...raw }, data: sampleData, deleted: true },
} as const satisfies Record<string, ImageRecipe>

export type RecipeName = keyof typeof recipes

/** Images of the persona `lister`, which the list cases select and sort. */
export const listed = {
  l1: { as: 'lister', body: { name: 'ash', min_disk: 1, min_ram: 512, tags: ['tree'], ...raw }, data: 'x'.repeat(10) },
  l2: { as: 'lister', body: { name: 'birch', min_disk: 2, tags: ['tree', 'white'], ...raw }, data: 'x'.repeat(20) },
  l3: { as: 'lister', body: { name: 'cedar', kind: 'conifer', protected: true, ...raw }, data: 'x'.repeat(30) },
  l4: {
    as: 'lister',
    body: { name: 'cedar', kind: 'conifer', disk_format: 'qcow2', container_format: 'bare', visibility: 'shared' },
    members: { other: 'accepted' },
  },
  l5: {
    as: 'lister',
    body: { name: 'elm, grey', disk_format: 'iso', container_format: 'bare', visibility: 'private' },
  },
  l6: { as: 'lister', body: { name: 'Fir', kind: 'a,b', visibility: 'community', ...raw }, data: 'x'.repeat(60) },
  l7: { as: 'lister', body: { kind: 'conifer', os_hidden: true, ...raw }, data: 'x'.repeat(70), deactivated: true },
  l8: { as: 'lister', body: { name: 'gone', ...raw }, deleted: true },
} as const satisfies Record<string, ImageRecipe>

/** The same id for the same name in every deployment, so that answers compare byte by byte. */
export function fixedId(name: string): string {
  const hex = createHash('md5').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join('-')
}

/** Makes an image over the API. */
export async function makeImage(
  target: Target,
  personas: Personas,
  { recipe, id }: { recipe: ImageRecipe; id: string },
): Promise<void> {
  const step = async (as: PersonaName, method: string, path: string, body?: unknown, status?: number) => {
    const isData = typeof body === 'string'
    const answer = await target.request(personas[as], {
      method,
      path: `/v2/images${path}`,
      ...(body !== undefined && {
        headers: { 'content-type': isData ? 'application/octet-stream' : 'application/json' },
        body: isData ? body : JSON.stringify(body),
      }),
    })
    if (status !== undefined) expectStatus(answer, status)
  }
  await step(recipe.as, 'POST', '', { ...recipe.body, id }, 201)
  if (recipe.data !== undefined) await step(recipe.as, 'PUT', `/${id}/file`, recipe.data, 204)
  for (const [name, status] of Object.entries(recipe.members ?? {})) {
    const member = personas[name as PersonaName].projectId
    await step(recipe.as, 'POST', `/${id}/members`, { member }, 200)
    if (status !== 'pending') await step(name as PersonaName, 'PUT', `/${id}/members/${member}`, { status }, 200)
  }
  if (recipe.deactivated) await step('admin', 'POST', `/${id}/actions/deactivate`, undefined, 204)
  if (recipe.deleted) await step(recipe.as, 'DELETE', `/${id}`, undefined, 204)
}

/**
 * Makes one image of each kind under `fixedId(name)`, and gives all of them past times in the database: the n-th was
 * created on the n-th of January 2020 and changed on the (100-n)-th second of 2021.
 */
export async function makeFixtures(deployment: Deployment, personas: Personas): Promise<void> {
  const all: Readonly<Record<string, ImageRecipe>> = { ...recipes, ...listed }
  for (const [name, recipe] of Object.entries(all)) {
    await makeImage(deployment, personas, { recipe, id: fixedId(name) })
  }
  for (const [index, name] of Object.keys(all).entries()) {
    const day = String(index + 1).padStart(2, '0')
    const second = String(59 - index).padStart(2, '0')
    await deployment.database.query(
      `UPDATE images SET created_at = '2020-01-${day} 00:00:00', updated_at = '2021-01-01 00:00:${second}' ` +
        `WHERE id = '${fixedId(name)}'`,
    )
    await deployment.database.query(
      `UPDATE image_members SET created_at = '2020-02-${day} 00:00:00', updated_at = '2021-02-${day} 00:00:00' ` +
        `WHERE image_id = '${fixedId(name)}'`,
    )
  }
}
