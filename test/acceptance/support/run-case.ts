import type { Case, CaseRequest } from './case.ts'
import { type Outcome, outcomeOf } from './compare.ts'
import type { Target } from './deployment.ts'
import type { HttpRequest } from './http.ts'
import { fixedId, listed, makeImage, recipes } from './images.ts'
import { fixtureName, makeNamespace, namespaceName } from './namespaces.ts'
import { fillProjects, type Personas, personaNames } from './personas.ts'

const fixtureIds = [...Object.keys(recipes), ...Object.keys(listed)].map(fixedId)

/** Runs a case on one service and gives the outcome of its request and of those that follow. */
export async function runCase(
  target: Target,
  personas: Personas,
  { testCase, freshId }: { testCase: Case; freshId: string },
): Promise<Outcome[]> {
  if (testCase.image) await makeImage(target, personas, { recipe: recipes[testCase.image], id: freshId })
  const { namespace, ordered = false, freeWords = false } = testCase
  const names = new Map([
    ...target.addresses,
    [freshId, '<image>'],
    ...personaNames.toReversed().map((name) => [personas[name].projectId, `<project of ${name}>`] as const),
  ])
  const context = { names, knownIds: new Set(fixtureIds), ordered, freeWords }
  const fill = (text: string) =>
    fillProjects(text, personas)
      .replaceAll('{image}', freshId)
      .replaceAll('{namespace}', namespaceName(freshId))
      .replaceAll(/\{namespace:(\w+)\}/g, (_, recipe: string) => fixtureName(recipe))
      .replaceAll(/\{id:(\w+)\}/g, (_, name: string) => fixedId(name))
  if (namespace) await makeNamespace(target, personas, { recipe: namespace, name: namespaceName(freshId) })
  const outcomes: Outcome[] = []
  for (const request of [testCase, ...(testCase.next ?? [])]) {
    const answer = await target.request(personas[request.as], toHttp(request, fill))
    outcomes.push(outcomeOf(answer, context))
  }
  return outcomes
}

/** An empty content type in a case means that none is sent. */
function toHttp({ method, path, headers, body }: CaseRequest, fill: (text: string) => string): HttpRequest {
  const isJson = body !== undefined && typeof body !== 'string'
  const all = { ...(isJson && { 'content-type': 'application/json' }), ...headers }
  const filled = Object.fromEntries(
    Object.entries(all)
      .filter(([name, value]) => name !== 'content-type' || value !== '')
      .map(([name, value]) => [name, fill(value)]),
  )
  const content = body === undefined ? undefined : fill(isJson ? JSON.stringify(body) : (body as string))
  return { method, path: fill(path), headers: filled, ...(content !== undefined && { body: content }) }
}
