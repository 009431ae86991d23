import type { HttpAnswer } from './http.ts'

/** What two services have to agree on, after what differs by nature (times, made-up ids, addresses) is replaced. */
export interface Outcome {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Parsed JSON, `<text>` for a message to people, `<N bytes of ...>` for data, `` for nothing. */
  readonly body: unknown
}

const comparedHeaders = [
  'content-type',
  'allow',
  'www-authenticate',
  'location',
  'accept-patch',
  'content-range',
  'content-md5',
  'openstack-image-import-methods',
  'openstack-image-store-ids',
] as const

interface Context {
  /** What stands in the place of texts that are new in each run: addresses, ids of projects and of the case's own image. */
  readonly names: ReadonlyMap<string, string>
  readonly knownIds: ReadonlySet<string>
  /** The order of keys in JSON counts. */
  readonly ordered: boolean
  /** Descriptions in JSON do not count. */
  readonly freeWords: boolean
}

export function outcomeOf(answer: HttpAnswer, context: Context): Outcome {
  const clean = (text: string) => normalise(text, context)
  const type = answer.headers['content-type'] ?? ''
  const headers = Object.fromEntries(
    comparedHeaders.flatMap((name) => {
      // The type of nothing says nothing: the reference sends one with some empty answers.
      const value = name === 'content-type' && answer.body.length === 0 ? undefined : answer.headers[name]
      return value === undefined ? [] : [[name, withoutReserved(clean(String(value)))]]
    }),
  )
  return { status: answer.status, headers, body: bodyOf(answer, { ...context, type, clean }) }
}

function bodyOf(
  answer: HttpAnswer,
  { type, clean, ordered, freeWords }: Context & { type: string; clean: (text: string) => string },
): unknown {
  if (answer.body.length === 0) return ''
  // An error's words are each service's own; that there are some is what counts.
  if (answer.status >= 400) return meaningfulText(answer.body.toString('utf8')) ? '<text>' : '<no message>'
  if (type.startsWith('application/json')) {
    const text = clean(answer.body.toString('utf8'))
    if (freeWords) return JSON.parse(text, hideDescriptions)
    return ordered ? inOrder(JSON.parse(text, sortAssociations)) : JSON.parse(text, sortTags)
  }
  if (type.startsWith('application/octet-stream')) return answer.body.toString('latin1')
  return clean(answer.body.toString('utf8')).trim()
}

function hideDescriptions(key: string, value: unknown): unknown {
  return key === 'description' && typeof value === 'string' ? '<text>' : value
}

/** The reference gives these in whatever order its database finds them. */
function sortAssociations(key: string, value: unknown): unknown {
  if (key !== 'resource_type_associations' || !Array.isArray(value)) return value
  const names = (value as { name: string }[]).map(({ name }) => name).sort()
  return names.map((name) => (value as { name: string }[]).find((one) => one.name === name))
}

/** Objects as lists of keys and values, so that their order counts. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  return { entries: Object.entries(value).map(([key, part]) => [key, inOrder(part)]) }
}

/** The reference gives tags in no order. */
function sortTags(key: string, value: unknown): unknown {
  return key === 'tags' && Array.isArray(value) ? value.sort() : value
}

/** True if something is left to read after markup, the status line and its number are taken away. */
function meaningfulText(body: string): boolean {
  const words = body
    .replaceAll(/<title>.*?<\/title>|<h1>.*?<\/h1>/gs, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .match(/[A-Za-z]{2,}/g)
  return (words?.length ?? 0) >= 2
}

/** After some requests 25.1 names its staging folders among the stores. */
function withoutReserved(ids: string): string {
  return ids.replaceAll(/,os_glance_\w+/g, '')
}

function normalise(text: string, { names, knownIds }: Pick<Context, 'names' | 'knownIds'>): string {
  return [...names]
    .reduce((done, [value, name]) => done.replaceAll(value, name), text)
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, (id) =>
      knownIds.has(id) ? id : '<id>',
    )
    .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (time) =>
      Math.abs(Date.now() - Date.parse(time)) < 600_000 ? '<now>' : time,
    )
}
