import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { idSlices } from '../../src/domain/passes/id-slices.ts'
import { unobserved } from '../../src/domain/passes/observer.ts'
import type { Program } from '../../src/domain/passes/program.ts'
import { ProgramRunner } from '../../src/domain/passes/program-runner.ts'
import type { PassScope } from '../../src/ports/passes.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { until } from '../support/until.ts'

const silent = { info() {}, warn() {}, error() {}, debug() {}, child: () => silent }
const everything: PassScope = { imageId: null, storeId: null, choices: {} }
const key = { program: 'auditor', imageId: null, storeId: 's', locationId: null } as const
const noRates = { itemsPerSecond: 0, bytesPerSecond: 0 }

/** What passes may rely on. `open` gives repositories over a database of any content. */
export function describePasses(name: string, open: () => Promise<Repositories>): void {
  describe(`passes on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
      await repositories.prepare()
    })
    after(() => repositories.close())

    const begin = (scope = everything) => repositories.passes.begin({ id: randomUUID(), program: 'auditor', scope })
    const runner = (program: Program, runnerName = 'runner') =>
      new ProgramRunner(program, {
        repositories,
        workers: 2,
        rates: noRates,
        observer: unobserved,
        name: runnerName,
        log: silent,
        times: { leaseMs: 2000, heartbeatMs: 500, pollMs: 50 },
      })

    it('sums up the steps of a pass, each once', async () => {
      const id = await begin({ ...everything, imageId: 'sums' })
      await repositories.passes.planned(id, { steps: 2 })
      for (const step of ['a', 'b', 'a']) {
        await repositories.passes.endStep(id, { step, counts: { items: 3, odd: 1 }, isFailed: step === 'b' })
      }
      const open = await repositories.passes.get(id)
      assert.deepEqual([open?.doneSteps, open?.failedSteps, open?.counts], [2, 1, { items: 6, odd: 2 }])
      const ends = await Promise.all([1, 2].map(() => repositories.passes.end(id, { state: 'incomplete' })))
      assert.deepEqual(ends.sort(), [false, true])
      const ended = await repositories.passes.get(id)
      assert.deepEqual([ended?.state, ended?.doneSteps, ended?.counts], ['incomplete', 2, { items: 6, odd: 2 }])
      assert.ok(ended?.endedAt && ended.endedAt >= ended.startedAt)
      assert.equal((await repositories.passes.list({ program: 'auditor', limit: 1 }))[0]?.id, id)
    })

    it('begins one pass of a scope, however many begin it at once', async () => {
      const scope = { ...everything, imageId: 'at once' }
      const begun = await Promise.all(Array.from({ length: 8 }, () => begin(scope)))
      assert.equal(new Set(begun).size, 1)
      assert.equal((await repositories.passes.get(begun[0] as string))?.state, 'open')
    })

    it('gives the turn to begin a pass to one process, once in the interval, and to none while paused', async () => {
      const turns = () =>
        Promise.all([1, 2, 3].map(() => repositories.passes.takeTurn('reaper', { intervalMs: 60_000 })))
      assert.deepEqual((await turns()).sort(), [false, false, true])
      assert.deepEqual(await turns(), [false, false, false])
      await repositories.passes.setPaused('reaper', true)
      assert.equal(await repositories.passes.takeTurn('reaper', { intervalMs: 1 }), false)
      await repositories.passes.setPaused('reaper', false)
      assert.equal(await repositories.passes.takeTurn('reaper', { intervalMs: 1 }), true)
      assert.equal((await repositories.passes.program('reaper')).isPaused, false)
    })

    it('knows a finding again, and counts the passes that see it', async () => {
      const finding = { ...key, kind: 'orphan', subject: 'again', detail: 'first' }
      const first = await repositories.findings.see('one', finding)
      assert.deepEqual([first.state, first.passes, first.detail], ['open', 1, 'first'])
      assert.equal((await repositories.findings.see('one', finding)).passes, 1)
      const second = await repositories.findings.see('two', { ...finding, detail: 'second' })
      assert.deepEqual([second.id, second.passes, second.detail], [first.id, 2, 'second'])
      assert.deepEqual(second.firstSeenAt, first.firstSeenAt)
      await repositories.findings.settle([first.id], 'gone')
      assert.equal((await repositories.findings.find(finding))?.state, 'gone')
      const back = await repositories.findings.see('three', finding)
      assert.deepEqual([back.state, back.passes], ['open', 1])
      assert.ok(back.firstSeenAt >= second.lastSeenAt)
    })

    it('lists findings by what they are, page by page', async () => {
      for (const subject of ['a', 'b', 'c']) {
        await repositories.findings.see('listed', { ...key, kind: 'listed', subject, detail: 'd' })
      }
      const query = { program: 'auditor', kind: 'listed', lastPassId: 'listed', limit: 2 } as const
      const page = await repositories.findings.list(query)
      const rest = await repositories.findings.list({ ...query, marker: page.at(-1)?.id ?? '' })
      assert.deepEqual([...page, ...rest].map(({ subject }) => subject).sort(), ['a', 'b', 'c'])
      assert.deepEqual(await repositories.findings.list({ ...query, state: 'gone' }), [])
      assert.equal((await repositories.findings.openKinds('auditor')).listed, 3)
    })

    it('walks over living images by stretches of ids, each once', async () => {
      const ids = Array.from({ length: 40 }, () => randomUUID())
      for (const id of ids) await repositories.images.create({ id, status: 'queued', visibility: 'shared' })
      await repositories.images.delete(ids.pop() ?? '')
      const walked: string[] = []
      for (const range of idSlices(40, { perSlice: 10 })) {
        for (let after: string | undefined; ; ) {
          const page = await repositories.walk.page(range, { after, limit: 2 })
          if (page.length === 0) break
          walked.push(...page.map(({ id }) => id))
          after = page.at(-1)?.id
        }
      }
      assert.deepEqual(walked.sort(), ids.sort())
      assert.equal(await repositories.walk.count(), 39)
    })

    it('shares the steps of a pass among processes; none is done twice, and what is not seen again is gone', async () => {
      const done: string[] = []
      let sees = true
      const program: Program = {
        name: 'updater',
        plan: async () => Array.from({ length: 12 }, (_, i) => ({ name: `step ${i}`, input: i })),
        async run(step, tools) {
          await tools.admit({ items: 1 })
          done.push(step.name)
          if (sees && step.input === 3) await tools.see({ kind: 'odd', subject: 'three', detail: 'it is odd' })
          if (step.input === 5) await tools.see({ kind: 'odd', subject: 'five', detail: 'it is odd' })
        },
        wouldSee: () => true,
      }
      const signal = new AbortController().signal
      const once = () => Promise.all([1, 2].map((i) => runner(program, `node ${i}`).once(everything, { signal })))
      const [one, other] = await once()
      assert.equal(one?.id, other?.id)
      assert.deepEqual([one?.state, one?.counts], ['done', { items: 12, found: 2 }])
      assert.deepEqual(done.sort(), Array.from({ length: 12 }, (_, i) => `step ${i}`).sort())
      assert.deepEqual(await repositories.findings.openKinds('updater'), { odd: 2 })
      sees = false
      const [next] = await once()
      assert.notEqual(next?.id, one?.id)
      const open = await repositories.findings.list({ program: 'updater', state: 'open', limit: 10 })
      assert.deepEqual(
        open.map(({ subject, passes }) => [subject, passes]),
        [['five', 2]],
      )
    })

    it('goes on with the steps of a process that was stopped, and waits while the program is paused', async () => {
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
      let slow = true
      const done = new Set<unknown>()
      const program: Program = {
        name: 'replication',
        plan: async () => Array.from({ length: 4 }, (_, i) => ({ name: `${i}`, input: i })),
        async run({ input }, tools) {
          if (slow && input === 2) {
            reach()
            await until(() => tools.signal.aborted)
            tools.signal.throwIfAborted()
          }
          await tools.admit({ items: 1 })
          done.add(input)
        },
        wouldSee: () => false,
      }
      const stopping = new AbortController()
      const stopped = runner(program, 'first').once(everything, { signal: stopping.signal })
      await reached
      stopping.abort()
      const interrupted = await stopped
      assert.equal(interrupted.state, 'open')
      slow = false
      await repositories.passes.setPaused('replication', true)
      const before = done.size
      const signal = new AbortController().signal
      const resumed = runner(program, 'second').once(everything, { signal })
      setTimeout(() => {
        assert.equal(done.size, before)
        void repositories.passes.setPaused('replication', false)
      }, 300)
      const pass = await resumed
      assert.deepEqual([pass.id, pass.state], [interrupted.id, 'done'])
      assert.deepEqual([...done].sort(), [0, 1, 2, 3])
    })
  })
}
