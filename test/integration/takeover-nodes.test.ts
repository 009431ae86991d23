import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rehearse } from '../support/takeover/rehearsal.ts'

describe('replacing Glance node by node as docs/operations.md tells, and back', () => {
  it('fails no request of a steady load, and each reads what the other has written', async (t) => {
    const load = await rehearse({ secondsPerPhase: 1, clients: 3 })
    t.diagnostic(load.figures())
    assert.deepEqual(
      load.samples.flatMap(({ fault }) => fault ?? []),
      [],
    )
    for (const crossing of ['reference>glimpse', 'glimpse>reference'])
      assert.ok((load.crossings.get(crossing) ?? 0) > 5, `${crossing}: ${load.crossings.get(crossing)}`)
  })
})
