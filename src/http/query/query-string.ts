import { isUtf8 } from 'node:buffer'
import { GlimpseError } from '../../errors/error.ts'

/** Names and values in the order of the request; a name may occur more than once. */
export type QueryPairs = readonly (readonly [name: string, value: string])[]

/** Bytes that `text` stands for; a percent sign without two digits stands for itself, as the reference reads it. */
function decodeBytes(text: string): string {
  const parts: Buffer[] = []
  let end = 0
  for (const match of text.matchAll(/(?:%[0-9a-f]{2})+/gi)) {
    parts.push(Buffer.from(text.slice(end, match.index)), Buffer.from(match[0].replaceAll('%', ''), 'hex'))
    end = match.index + match[0].length
  }
  parts.push(Buffer.from(text.slice(end)))
  const bytes = Buffer.concat(parts)
  if (!isUtf8(bytes)) {
    throw new GlimpseError('bad_request', {
      reason: 'The URL of the request contains characters that cannot be decoded as UTF-8.',
    })
  }
  return bytes.toString('utf8')
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  return spaced.includes('%') ? decodeBytes(spaced) : spaced
}

/** Splits the query string of a URL. @throws bad_request for bytes that are no UTF-8 */
export function parseQueryString(query: string): QueryPairs {
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    pairs.push(at === -1 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))])
  }
  return pairs
}

/** The pairs of a request's query string. @throws bad_request for bytes that are no UTF-8 */
export function queryOf({ url }: { readonly url: string }): QueryPairs {
  const at = url.indexOf('?')
  return at === -1 ? [] : parseQueryString(url.slice(at + 1))
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** The query string of `pairs`, in the form that Python's `urlencode` gives. */
export function formatQueryString(pairs: QueryPairs): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}
