import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bestOffer } from './accept.ts'
import { renderError, titleOf } from './render.ts'

const offers = ['text/html', 'application/json'] as const

for (const [accept, expected] of [
  ['*/*', 'text/html'],
  ['application/json', 'application/json'],
  ['application/*', 'application/json'],
  ['application/json;q=0.5, text/html;q=0.1', 'application/json'],
  ['text/html;q=0, */*', 'application/json'],
  ['image/png', undefined],
  ['garbage', 'text/html'],
  [undefined, 'text/html'],
] as const) {
  test(`prefers ${expected} for Accept: ${accept}`, () => {
    assert.equal(bestOffer(accept, offers), expected)
  })
}

test('renders HTML with the message escaped, in the layout that clients strip', () => {
  const { contentType, body } = renderError(404, "No 'image' <1>", '*/*')
  assert.equal(contentType, 'text/html; charset=UTF-8')
  assert.equal(
    body,
    '<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No &#x27;image&#x27; &lt;1&gt;<br /><br />\n\n\n\n </body>\n</html>',
  )
})

test('renders JSON with message, code and title', () => {
  const { contentType, body } = renderError(409, 'Taken', 'application/json')
  assert.equal(contentType, 'application/json')
  assert.deepEqual(JSON.parse(body), { message: 'Taken<br /><br />\n\n\n', code: '409 Conflict', title: 'Conflict' })
})

test('renders plain text when nothing else is acceptable and when nothing is asked for', () => {
  for (const accept of ['image/png', undefined, '']) {
    const { contentType, body } = renderError(400, 'a < b', accept)
    assert.equal(contentType, 'text/plain; charset=UTF-8')
    assert.match(body, /^400 Bad Request\n\na < b/)
  }
})

test("uses the reference's words for statuses that Node words differently", () => {
  assert.equal(titleOf(413), 'Request Entity Too Large')
  assert.equal(titleOf(414), 'Request-URI Too Long')
  assert.equal(titleOf(404), 'Not Found')
})
