import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyJobHandler, JobHandler } from '../../src/domain/jobs/job-kind.ts'
import { JobQueue } from '../../src/domain/jobs/job-queue.ts'
import { JobRunner, type RunnerTimes } from '../../src/domain/jobs/job-runner.ts'
import { GlimpseError, hasCode } from '../../src/errors/error.ts'
import type { JobRepository, JobStatus } from '../../src/ports/jobs.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { until } from '../support/until.ts'

const quick: RunnerTimes = {
  ...{ leaseMs: 400, heartbeatMs: 50, firstPauseMs: 5, longestPauseMs: 20 },
  ...{ pollMs: 20, keepMs: 3_600_000 },
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

/** What runners promise over every database: each stands for a process, and two of them work on the same jobs. */
export function describeJobRunner(name: string, open: () => Promise<Repositories>): void {
  describe(`runners of jobs on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
      await repositories.prepare()
    })
    after(() => repositories.close())

    const kind = () => ({ name: randomUUID() })
    const orderOf = (input: string | null = null, imageId: string | null = null) => ({ input, project: 'p', imageId })
    /** Starts a runner as another process would; disposing it stops it. */
    const start = (
      handler: AnyJobHandler,
      { concurrency = 2, times = {} as Partial<RunnerTimes>, jobs = repositories.jobs } = {},
    ) => {
      const queue = new JobQueue(repositories.jobs)
      const runner = new JobRunner(jobs, {
        ...{ queue, handlers: [handler], concurrency, name: 'test', log: silent },
        times: { ...quick, ...times },
      })
      const stopping = new AbortController()
      const running = runner.run(stopping.signal)
      const stop = async () => {
        stopping.abort()
        await running
      }
      return { queue, stop, [Symbol.asyncDispose]: stop }
    }
    const ends = (id: string, status: JobStatus) =>
      until(async () => (await repositories.jobs.get(id))?.status === status)

    it('runs an ordered job at once, with its input', async () => {
      const seen: unknown[] = []
      const handler: JobHandler<string> = { kind: kind(), run: async ({ input }) => void seen.push(input) }
      await using runner = start(handler, { times: { pollMs: 600_000 } })
      await sleep(20)
      await ends(await runner.queue.enqueue(handler.kind, orderOf('hello')), 'succeeded')
      assert.deepEqual(seen, ['hello'])
    })

    it('finds the jobs of other processes', async () => {
      const handler: JobHandler<null> = { kind: kind(), run: async () => {} }
      await using _runner = start(handler)
      await ends(await new JobQueue(repositories.jobs).enqueue(handler.kind, orderOf()), 'succeeded')
    })

    it('never runs a job twice at the same time, nor more of them than it may', async () => {
      const busy = new Set<string>()
      let [most, done, twice] = [0, 0, 0]
      const handler: JobHandler<null> = {
        kind: kind(),
        async run({ id }) {
          if (busy.has(id)) twice += 1
          busy.add(id)
          most = Math.max(most, busy.size)
          // Longer than a lease, which the heartbeat prolongs.
          await sleep(500)
          busy.delete(id)
          done += 1
        },
      }
      await using one = start(handler)
      await using _two = start(handler)
      await Promise.all(Array.from({ length: 6 }, () => one.queue.enqueue(handler.kind, orderOf())))
      await until(() => done === 6)
      assert.deepEqual([most, twice], [4, 0])
    })

    it('takes over the job of a process that died, without the steps that it had finished', async () => {
      const handler: JobHandler<null> = {
        kind: kind(),
        async run({ step, attempts }) {
          assert.equal(await step('first', async () => 'new'), 'old')
          assert.equal(await step('second', async () => attempts), 2)
        },
      }
      const id = randomUUID()
      await repositories.jobs.enqueue({ id, kind: handler.kind.name, ...orderOf(), delayMs: 0 })
      // What a process leaves that dies after its first step.
      const dead = await repositories.jobs.claim({ kinds: [handler.kind.name], runner: 'dead', leaseMs: 300 })
      assert.ok(dead)
      await repositories.jobs.recordStep(dead.lease, { steps: { first: 'old' }, leaseMs: 300 })
      await using _runner = start(handler)
      await ends(id, 'succeeded')
      assert.deepEqual((await repositories.jobs.get(id))?.steps, { first: 'old', second: 2 })
    })

    it('tells a process that was frozen that its job is another’s now', async () => {
      const handler: JobHandler<null> = { kind: kind(), run: async () => {} }
      const reasons: unknown[] = []
      const frozen: JobHandler<null> = {
        kind: handler.kind,
        run: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason)
              reject(signal.reason)
            })
          }),
      }
      // Its heartbeat comes too late.
      await using one = start(frozen, { times: { leaseMs: 30, heartbeatMs: 150 } })
      const id = await one.queue.enqueue(frozen.kind, orderOf())
      await until(async () => (await repositories.jobs.get(id))?.status === 'running')
      await using _two = start(handler)
      await ends(id, 'succeeded')
      await until(() => reasons.length > 0)
      assert.ok(hasCode(reasons[0], 'job_lease_lost'))
    })

    it('stops a job that it cannot answer for before another process may take it', async () => {
      const handler: JobHandler<null> = { kind: kind(), run: async () => void events.push('taken over') }
      const events: string[] = []
      const cutOff: JobHandler<null> = {
        kind: handler.kind,
        run: ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              events.push('stopped')
              reject(signal.reason)
            })
          }),
      }
      const jobs: JobRepository = Object.create(repositories.jobs, {
        claim: { value: (...args: Parameters<JobRepository['claim']>) => repositories.jobs.claim(...args) },
        extend: { value: () => Promise.reject(new GlimpseError('database_unavailable', { reason: 'away' })) },
      })
      const times = { leaseMs: 950, heartbeatMs: 200, pollMs: 600_000 }
      await using one = start(cutOff, { times, jobs, concurrency: 1 })
      const id = await one.queue.enqueue(handler.kind, orderOf())
      await until(async () => (await repositories.jobs.get(id))?.status === 'running')
      await using _two = start(handler)
      await ends(id, 'succeeded')
      assert.deepEqual(events, ['stopped', 'taken over'])
    })

    it('tries again after a failure of a service, until it works', async () => {
      let failures = 2
      const handler: JobHandler<null> = {
        kind: kind(),
        async run() {
          if (failures-- > 0) throw new GlimpseError('store_unavailable', { store: 's', reason: 'away' })
        },
      }
      await using runner = start(handler)
      const id = await runner.queue.enqueue(handler.kind, orderOf())
      await ends(id, 'succeeded')
      assert.equal((await repositories.jobs.get(id))?.attempts, 3)
    })

    it('gives up after the last attempt, cleans up, and keeps the reason', async () => {
      const abandoned: string[] = []
      const handler: JobHandler<null> = {
        kind: kind(),
        maxAttempts: 2,
        run: async () => {
          throw new GlimpseError('store_unavailable', { store: 's', reason: 'away' })
        },
        abandon: async (_job, { verdict, reason }) => void abandoned.push(`${verdict}: ${reason}`),
      }
      await using runner = start(handler)
      const id = await runner.queue.enqueue(handler.kind, orderOf())
      await ends(id, 'failed')
      assert.deepEqual(abandoned, ['failed: Store s cannot be used: away'])
      assert.equal((await repositories.jobs.get(id))?.reason, 'Store s cannot be used: away')
    })

    it('fails at once where trying again is of no use, and shows no text of unknown errors', async () => {
      const refused: JobHandler<null> = {
        kind: kind(),
        run: async () => {
          throw new GlimpseError('bad_request', { reason: 'no such thing' })
        },
      }
      const broken: JobHandler<null> = {
        kind: kind(),
        maxAttempts: 1,
        run: async () => {
          throw new Error('password=secret')
        },
      }
      await using one = start(refused)
      await using two = start(broken)
      const ids = [
        await one.queue.enqueue(refused.kind, orderOf()),
        await two.queue.enqueue(broken.kind, orderOf()),
      ] as const
      await Promise.all(ids.map((id) => ends(id, 'failed')))
      assert.equal((await repositories.jobs.get(ids[0]))?.attempts, 1)
      assert.doesNotMatch((await repositories.jobs.get(ids[1]))?.reason ?? '', /secret/)
    })

    it('cleans up again when cleaning up failed', async () => {
      let failures = 1
      const handler: JobHandler<null> = {
        kind: kind(),
        run: async () => {
          throw new GlimpseError('bad_request', { reason: 'no' })
        },
        abandon: async () => {
          if (failures-- > 0) throw new Error('not yet')
        },
      }
      await using runner = start(handler)
      await ends(await runner.queue.enqueue(handler.kind, orderOf()), 'failed')
      assert.equal(failures, -1)
    })

    it('cancels a running job when its image is deleted, and one that waits', async () => {
      const abandoned: string[] = []
      const handler: JobHandler<null> = {
        kind: kind(),
        run: ({ signal }) => sleep(60_000, undefined, { signal }),
        abandon: async ({ id, signal }) => {
          signal.throwIfAborted()
          abandoned.push(id)
        },
      }
      const imageId = randomUUID()
      await using runner = start(handler, { concurrency: 1 })
      const ids = [
        await runner.queue.enqueue(handler.kind, orderOf(null, imageId)),
        await runner.queue.enqueue(handler.kind, orderOf(null, imageId)),
      ]
      await until(async () => (await repositories.jobs.openOf(imageId)).some(({ status }) => status === 'running'))
      await runner.queue.cancel(imageId, { reason: 'gone' })
      await Promise.all(ids.map((id) => ends(id, 'cancelled')))
      assert.deepEqual(new Set(abandoned), new Set(ids))
    })

    it('gives its jobs back when it is stopped, and another goes on at once', async () => {
      const handler: JobHandler<null> = { kind: kind(), run: ({ signal }) => sleep(60_000, undefined, { signal }) }
      const long = { leaseMs: 600_000, heartbeatMs: 100 }
      const one = start(handler, { times: long })
      const id = await one.queue.enqueue(handler.kind, orderOf())
      await until(async () => (await repositories.jobs.get(id))?.status === 'running')
      await one.stop()
      const job = await repositories.jobs.get(id)
      assert.deepEqual([job?.status, job?.attempts, job?.reason], ['queued', 0, null])
      await using _two = start({ ...handler, run: async () => {} }, { times: long })
      await ends(id, 'succeeded')
    })

    it('starts a held job when told, and never one that was withdrawn', async () => {
      const seen: string[] = []
      const handler: JobHandler<string> = { kind: kind(), run: async ({ input }) => void seen.push(input) }
      await using runner = start(handler)
      const withdrawn = await runner.queue.hold(handler.kind, orderOf('withdrawn'))
      const held = await runner.queue.hold(handler.kind, orderOf('held'))
      await withdrawn.withdraw()
      await held.start()
      await ends(held.id, 'succeeded')
      assert.deepEqual(seen, ['held'])
      assert.equal(await repositories.jobs.get(withdrawn.id), undefined)
    })
  })
}
