import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChaos } from '../chaos/run.ts'

/** What `npm run chaos` does at large: see scripts/chaos.ts. */
test('loses no import and leaves nothing behind although workers and whole nodes are killed meanwhile', async (t) => {
  const result = await runChaos({
    ...{ imports: 6, atOnce: 6, seconds: 10, seed: 3, isLarge: false },
    ...{ leastMib: 4, mostMib: 12, mibPerSecond: 2 },
    tell: (line) => t.diagnostic(line),
  })
  const { outcomes, havoc, violations } = result
  assert.deepEqual(violations, [])
  assert.ok(havoc.workers + havoc.nodes > 0)
  for (const { plan, status, reason } of outcomes) assert.equal(status, 'active', `${plan.method}: ${reason}`)
})
