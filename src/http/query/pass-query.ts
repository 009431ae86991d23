import { GlimpseError } from '../../errors/error.ts'
import {
  type FindingQuery,
  type FindingState,
  findingStates,
  type PassQuery,
  type ProgramName,
  programNames,
} from '../../ports/passes.ts'
import type { ListLimits } from './image-query.ts'
import { readPageSize } from './limit.ts'
import type { QueryPairs } from './query-string.ts'

/** The names that a query string may have, each once. @throws bad_request */
function valuesOf(pairs: QueryPairs, names: readonly string[]): ReadonlyMap<string, string> {
  for (const [name] of pairs) {
    if (!names.includes(name)) throw new GlimpseError('bad_request', { reason: `The query knows no ${name}.` })
  }
  return new Map(pairs)
}

function oneOf<Value extends string>(text: string | undefined, values: readonly Value[]): Value | undefined {
  if (text === undefined || values.includes(text as Value)) return text as Value | undefined
  throw new GlimpseError('bad_request', { reason: `Expected one of ${values.join(', ')}, not ${text}.` })
}

function limitOf(text: string | undefined, limits: ListLimits): number {
  return Math.min(text === undefined ? limits.default : readPageSize(text, { least: 1 }), limits.maximum)
}

/** A program that a path names. @throws not_found */
export function readProgram(text: string): ProgramName {
  if (programNames.includes(text as ProgramName)) return text as ProgramName
  throw new GlimpseError('not_found', { reason: `There is no program ${text}.` })
}

/** @throws bad_request */
export function readPassQuery(pairs: QueryPairs, limits: ListLimits): PassQuery {
  const given = valuesOf(pairs, ['program', 'state', 'limit'])
  const program = oneOf(given.get('program'), programNames)
  const state = oneOf(given.get('state'), ['open', 'done', 'incomplete'] as const)
  return { limit: limitOf(given.get('limit'), limits), ...(program && { program }), ...(state && { state }) }
}

const findingFields = {
  kind: 'kind',
  image: 'imageId',
  store: 'storeId',
  pass: 'lastPassId',
  marker: 'marker',
} as const

/** @throws bad_request */
export function readFindingQuery(pairs: QueryPairs, limits: ListLimits): FindingQuery {
  const given = valuesOf(pairs, ['program', 'state', 'limit', ...Object.keys(findingFields)])
  const program = oneOf(given.get('program'), programNames)
  const state: FindingState | undefined = oneOf(given.get('state'), findingStates)
  const texts = Object.entries(findingFields).flatMap(([name, field]) => {
    const value = given.get(name)
    return value === undefined ? [] : [[field, value]]
  })
  return {
    limit: limitOf(given.get('limit'), limits),
    ...(program && { program }),
    ...(state && { state }),
    ...(Object.fromEntries(texts) as Partial<FindingQuery>),
  }
}
