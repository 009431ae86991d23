import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plainText } from './http.ts'

describe('text of an error', () => {
  test('is found in the HTML of the image service', () => {
    const html = `<html>\n <head>\n  <title>409 Conflict</title>\n </head>\n <body>\n  <h1>409 Conflict</h1>
  Image ID &#x27;a&#x27; already exists!<br /><br />\n\n\n </body>\n</html>`
    assert.equal(plainText(html), "Image ID 'a' already exists!")
  })

  test('is found in the JSON of Keystone', () => {
    assert.equal(plainText('{"error": {"code": 401, "message": "Who are you?"}}'), 'Who are you?')
  })

  test('is the text itself if it is neither', () => {
    assert.equal(plainText('502 upstream\n went away'), '502 upstream went away')
  })
})
