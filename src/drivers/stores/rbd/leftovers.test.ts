import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Leftovers } from './leftovers.ts'

describe('what could not be removed', () => {
  it('is tried again until it is gone', async () => {
    const leftovers = new Leftovers({ signal: new AbortController().signal, pauseMs: 1 })
    let tries = 0
    await new Promise<void>((resolve, reject) => {
      // Its own timers do not keep the process.
      const timer = setTimeout(reject, 5000, new Error('given up'))
      leftovers.add(async () => {
        tries++
        if (tries < 3) throw new Error('away')
        clearTimeout(timer)
        resolve()
      })
    })
    assert.equal(tries, 3)
  })

  it('is left when the store closes', async () => {
    const leftovers = new Leftovers({ signal: AbortSignal.abort(), pauseMs: 1 })
    leftovers.add(() => assert.fail('the store is closed'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  })
})
