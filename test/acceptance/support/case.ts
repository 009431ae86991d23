import type { RecipeName } from './images.ts'
import type { NamespaceName } from './namespaces.ts'
import type { PersonaName } from './personas.ts'

/**
 * One request whose answer is the same from every implementation. In path, headers and body, `{image}` stands for the
 * image made for the case, `{id:NAME}` for a fixture, `{project:PERSONA}` for a project's id.
 */
export interface Case {
  /** Unique; says what is asked. */
  readonly name: string
  readonly as: PersonaName
  /** Makes such an image first, for this case alone. */
  readonly image?: RecipeName
  /** Makes such a namespace first, for this case alone. */
  readonly namespace?: NamespaceName
  /** The order of keys in JSON counts. */
  readonly ordered?: true
  /** Descriptions in JSON are each service's own words. */
  readonly freeWords?: true
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object or list is sent as JSON, a string as it stands. */
  readonly body?: unknown
  /** Requests that follow, whose answers count too. */
  readonly next?: readonly CaseRequest[]
}

export type CaseRequest = Pick<Case, 'as' | 'method' | 'path' | 'headers' | 'body'>

/** A short way to write a table: `[name, persona, method, path, rest]`. */
export type CaseRow = readonly [
  name: string,
  as: PersonaName,
  method: string,
  path: string,
  rest?: Pick<Case, 'image' | 'namespace' | 'ordered' | 'freeWords' | 'headers' | 'body' | 'next'>,
]

export function table(area: string, rows: readonly CaseRow[]): Case[] {
  return rows.map(([name, as, method, path, rest]) => ({ name: `${area}: ${name}`, as, method, path, ...rest }))
}
