import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatLocation, parseLocation } from './location.ts'

describe('locations of RBD images', () => {
  it('quotes every part as the reference does', () => {
    const url = formatLocation({ fsid: 'f-1', pool: 'a/b', image: "it's (new) ~é", snapshot: 'snap' })
    assert.equal(url, 'rbd://f-1/a%2Fb/it%27s%20%28new%29%20~%C3%A9/snap')
    assert.deepEqual(parseLocation(url), { pool: 'a/b', image: "it's (new) ~é", snapshot: 'snap' })
  })

  it('reads a bare image name as it stands', () => {
    assert.deepEqual(parseLocation('rbd://a%20b'), { pool: null, image: 'a%20b', snapshot: null })
  })

  it('reads nothing else', () => {
    for (const url of [
      'rbd://',
      'rbd:x',
      'rbd://f/p/i',
      'rbd://f/p/i/s/t',
      'rbd://f//i/s',
      'rbd://f/p/%zz/s',
      'file:///x',
    ]) {
      assert.equal(parseLocation(url), undefined, url)
    }
  })
})
