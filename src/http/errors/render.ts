import { STATUS_CODES } from 'node:http'
import { bestOffer } from './accept.ts'

/** Reason phrases of the reference's HTTP library where they differ from Node's. */
const titles: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Request Range Not Satisfiable',
}

/** Reason phrase of a status, as clients of the reference see it. */
export function titleOf(status: number): string {
  return titles[status] ?? STATUS_CODES[status] ?? 'Unknown'
}

export interface RenderedError {
  readonly title: string
  readonly contentType: string
  readonly body: string
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}

/** What follows the message in every form: clients strip the tag and the empty lines. */
const tail = '<br /><br />\n\n\n'

/**
 * Renders an error in the form that `accept` prefers: HTML or JSON, or plain text when neither is acceptable or the
 * request has no such header. The layout is the one the OpenStack clients take messages from.
 * @see webob `exc.WSGIHTTPException.generate_response`
 */
export function renderError(status: number, message: string, accept: string | undefined): RenderedError {
  const title = titleOf(status)
  const line = `${status} ${title}`
  switch (accept ? bestOffer(accept, ['text/html', 'application/json']) : 'text/plain') {
    case 'text/html':
      return {
        title,
        contentType: 'text/html; charset=UTF-8',
        body: `<html>\n <head>\n  <title>${line}</title>\n </head>\n <body>\n  <h1>${line}</h1>\n  ${escapeHtml(message)}${tail}\n </body>\n</html>`,
      }
    case 'application/json':
      return {
        title,
        contentType: 'application/json',
        body: JSON.stringify({ message: message + tail, code: line, title }),
      }
    default:
      return { title, contentType: 'text/plain; charset=UTF-8', body: `${line}\n\n${message}\n\n\n` }
  }
}
