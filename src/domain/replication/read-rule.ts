import { GlimpseError } from '../../errors/error.ts'
import { type Visibility, visibilities } from '../../ports/image.ts'
import type { ReplicationMatch, ReplicationRule } from '../../ports/replication.ts'

/** A rule in the words of the configuration and of the API. What is absent, null or empty makes no condition. */
export interface WrittenRule {
  readonly visibility?: readonly string[] | null
  readonly owner?: readonly string[] | null
  readonly properties?: Readonly<Record<string, string>> | null
  readonly min_size?: number | null
  readonly max_size?: number | null
  readonly min_age?: number | null
  readonly max_age?: number | null
  readonly stores?: readonly string[] | null
  readonly copies?: number | null
}

const names = /^[a-z0-9][a-z0-9_.-]{0,63}$/

/**
 * Takes a rule at its word.
 * @throws bad_request, with what is wrong
 */
export function readRule(name: string, written: Readonly<Record<string, unknown>>): ReplicationRule {
  if (!names.test(name)) {
    refuse('the name of a rule is made of at most 64 small letters, digits, dots, dashes and underscores')
  }
  for (const key of Object.keys(written)) if (!(key in readers)) refuse(`a rule has no ${key}`)
  for (const [key, read] of Object.entries(readers)) {
    const value = written[key]
    if (value !== undefined && value !== null) read(key, value)
  }
  return ruleOf(name, written as WrittenRule)
}

/** The rule in the words of the API: only what was said. */
export function writtenRule({ match, stores, copies }: ReplicationRule): WrittenRule {
  return {
    ...(match.visibility && { visibility: match.visibility }),
    ...(match.owners && { owner: match.owners }),
    ...(match.properties && { properties: match.properties }),
    ...(match.minSizeBytes !== undefined && { min_size: match.minSizeBytes }),
    ...(match.maxSizeBytes !== undefined && { max_size: match.maxSizeBytes }),
    ...(match.minAgeSeconds !== undefined && { min_age: match.minAgeSeconds }),
    ...(match.maxAgeSeconds !== undefined && { max_age: match.maxAgeSeconds }),
    stores,
    copies,
  }
}

function ruleOf(name: string, written: WrittenRule): ReplicationRule {
  const { visibility, owner, properties, min_size, max_size, min_age, max_age, stores, copies } = written
  if ((min_size ?? 0) > (max_size ?? Number.POSITIVE_INFINITY)) refuse('min_size is larger than max_size')
  if ((min_age ?? 0) > (max_age ?? Number.POSITIVE_INFINITY)) refuse('min_age is larger than max_age')
  const named = [...new Set(stores ?? [])]
  if (named.length > 0 && (copies ?? 1) > named.length) {
    refuse(`${copies} copies cannot be kept in ${named.length} stores`)
  }
  const match: ReplicationMatch = {
    ...(visibility?.length && { visibility: visibility as Visibility[] }),
    ...(owner?.length && { owners: owner }),
    ...(properties && Object.keys(properties).length > 0 && { properties }),
    ...(typeof min_size === 'number' && { minSizeBytes: min_size }),
    ...(typeof max_size === 'number' && { maxSizeBytes: max_size }),
    ...(typeof min_age === 'number' && { minAgeSeconds: min_age }),
    ...(typeof max_age === 'number' && { maxAgeSeconds: max_age }),
  }
  return { name, match, stores: named, copies: copies ?? null }
}

type Reader = (key: string, value: unknown) => void

const readTexts: Reader = (key, value) => {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) refuse(`${key} is a list of texts`)
}
const readVisibility: Reader = (key, value) => {
  readTexts(key, value)
  const isKnown = (item: string) => visibilities.some((known) => known === item)
  if (!(value as string[]).every(isKnown)) refuse(`${key} knows ${visibilities.join(', ')}`)
}
const readProperties: Reader = (key, value) => {
  const isObject = typeof value === 'object' && !Array.isArray(value)
  if (!isObject || !Object.values(value as object).every((item) => typeof item === 'string')) {
    refuse(`${key} is an object whose values are texts`)
  }
}
const readNumber: Reader = (key, value) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(`${key} is a whole number, not below 0`)
}
const readCopies: Reader = (key, value) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) refuse(`${key} is a whole number above 0`)
}

const readers: Readonly<Record<keyof WrittenRule, Reader>> = {
  visibility: readVisibility,
  owner: readTexts,
  properties: readProperties,
  min_size: readNumber,
  max_size: readNumber,
  min_age: readNumber,
  max_age: readNumber,
  stores: readTexts,
  copies: readCopies,
}

function refuse(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}
