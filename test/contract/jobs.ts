import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { hasCode } from '../../src/errors/error.ts'
import type { ClaimedJob, NewJob } from '../../src/ports/jobs.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { until } from '../support/until.ts'

const long = 60_000

/** What every repository of jobs promises. `open` gives repositories over a database of any content. */
export function describeJobs(name: string, open: () => Promise<Repositories>): void {
  describe(`jobs on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
      await repositories.prepare()
    })
    after(() => repositories.close())

    const enqueue = async (values: Partial<NewJob> = {}) => {
      const job = { kind: randomUUID(), project: null, imageId: null, input: null, delayMs: 0, ...values }
      const id = randomUUID()
      await repositories.jobs.enqueue({ id, ...job })
      return { id, kind: job.kind }
    }
    const claim = (kind: string, leaseMs = long) =>
      repositories.jobs.claim({ kinds: [kind], runner: 'host:1', leaseMs })
    const claimed = async (kind: string, leaseMs = long): Promise<ClaimedJob> => {
      const taken = await claim(kind, leaseMs)
      assert.ok(taken)
      return taken
    }
    const lost = (error: unknown) => hasCode(error, 'job_lease_lost')

    it('gives a job as it was enqueued to who claims it', async () => {
      const input = { url: 'http://x/ü😀\0', deep: [1, null, { a: true }] }
      const { id, kind } = await enqueue({ project: 'p', imageId: 'i', input })
      const { job } = await claimed(kind)
      const { createdAt, ...rest } = job
      assert.deepEqual(rest, {
        ...{ id, kind, project: 'p', imageId: 'i', input, steps: {}, progress: null, status: 'running' },
        ...{ verdict: null, reason: null, attempts: 1, runner: 'host:1' },
      })
      assert.ok(Math.abs(createdAt.getTime() - Date.now()) < 10_000)
    })

    it('changes an image for a job only as long as nobody else has taken the job', async () => {
      const { images, jobs } = repositories
      const { id } = await images.create({ id: randomUUID(), status: 'queued', visibility: 'shared' })
      const { id: jobId, kind } = await enqueue()
      const rename = (name: string, token: string | null) =>
        images.update(id, { fields: { name } }, { job: { jobId, token } })
      assert.equal((await rename('waiting', null)).name, 'waiting')
      await assert.rejects(rename('no', randomUUID()), lost)
      let first: ClaimedJob | undefined
      // A change for a job that waits puts it off by a millisecond.
      await until(async () => {
        first = await claim(kind, 1)
        return first !== undefined
      })
      const token = first?.lease.token ?? ''
      await assert.rejects(rename('no', null), lost)
      await until(async () => (await rename('held', token).then(() => claim(kind))) !== undefined)
      await assert.rejects(rename('no', token), lost)
      await assert.rejects(images.update(id, {}, { job: { jobId: randomUUID(), token: null } }), lost)
      assert.equal((await images.get(id))?.name, 'held')
      await jobs.cancel(id, { reason: 'over' })
    })

    it('makes a job of another kind unless somebody holds it', async () => {
      const { id, kind } = await enqueue()
      const other = randomUUID()
      assert.ok(await repositories.jobs.assign(id, { kind: other }))
      assert.equal(await claim(kind), undefined)
      const { lease } = await claimed(other)
      assert.ok(!(await repositories.jobs.assign(id, { kind })))
      await repositories.jobs.finish(lease, { as: 'succeeded' })
      assert.ok(!(await repositories.jobs.assign(id, { kind })))
    })

    it('gives a job to one of many who claim at the same time', async () => {
      const { kind } = await enqueue()
      const all = await Promise.all(Array.from({ length: 10 }, () => claim(kind)))
      assert.equal(all.filter((taken) => taken !== undefined).length, 1)
    })

    it('gives each job once when many claim many', async () => {
      const kind = randomUUID()
      for (let i = 0; i < 12; i++) await enqueue({ kind, project: `p${i % 3}` })
      const ids: string[] = []
      const work = async () => {
        for (let taken = await claim(kind); taken; taken = await claim(kind)) ids.push(taken.job.id)
      }
      await Promise.all([work(), work(), work(), work()])
      assert.equal(ids.length, 12)
      assert.equal(new Set(ids).size, 12)
    })

    it('claims only jobs of the kinds asked for, and none before its time', async () => {
      const { id, kind } = await enqueue({ delayMs: long })
      assert.equal(await claim(randomUUID()), undefined)
      assert.equal(await claim(kind), undefined)
      assert.equal(await repositories.jobs.hasten(id), true)
      assert.equal((await claimed(kind)).job.id, id)
      assert.equal(await repositories.jobs.hasten(id), false)
    })

    it('takes over when the lease has run out, and the old lease is void', async () => {
      const { id, kind } = await enqueue()
      const first = await claimed(kind, 1)
      let second: ClaimedJob | undefined
      await until(async () => {
        second = await claim(kind)
        return second !== undefined
      })
      assert.equal(second?.job.id, id)
      assert.equal(second.job.attempts, 2)
      const { jobs } = repositories
      await assert.rejects(jobs.extend(first.lease, { leaseMs: long, progress: 1 }), lost)
      await assert.rejects(jobs.recordStep(first.lease, { steps: { a: 1 }, leaseMs: long }), lost)
      await assert.rejects(jobs.release(first.lease, { delayMs: 0 }), lost)
      await assert.rejects(jobs.decide(first.lease, { verdict: 'failed', reason: 'x' }), lost)
      await assert.rejects(jobs.finish(first.lease, { as: 'succeeded' }), lost)
      assert.equal(await jobs.finish(second.lease, { as: 'succeeded' }), true)
    })

    it('keeps a job from others as long as its lease is prolonged', async () => {
      const { id, kind } = await enqueue()
      const { lease } = await claimed(kind, 1)
      assert.equal(await repositories.jobs.extend(lease, { leaseMs: long, progress: 7 }), null)
      assert.equal(await claim(kind), undefined)
      assert.equal((await repositories.jobs.get(id))?.progress, 7)
      assert.equal(await repositories.jobs.extend(lease, { leaseMs: long, progress: null }), null)
      assert.equal((await repositories.jobs.get(id))?.progress, 7)
    })

    it('shows the recorded steps to the next runner, and counts its attempts from there', async () => {
      const { kind } = await enqueue()
      for (let i = 0; i < 3; i++) await repositories.jobs.release((await claimed(kind)).lease, { delayMs: 0 })
      const { job, lease } = await claimed(kind)
      assert.equal(job.attempts, 4)
      await repositories.jobs.recordStep(lease, { steps: { read: { bytes: 5 } }, leaseMs: long })
      await repositories.jobs.release(lease, { delayMs: 0, reason: 'it broke 😀', uncounted: true })
      const next = await claimed(kind)
      assert.deepEqual(next.job.steps, { read: { bytes: 5 } })
      assert.deepEqual([next.job.attempts, next.job.reason], [1, 'it broke \ufffd'])
    })

    it('waits before it gives a released job again', async () => {
      const { id, kind } = await enqueue()
      await repositories.jobs.release((await claimed(kind)).lease, { delayMs: long })
      assert.equal(await claim(kind), undefined)
      assert.equal((await repositories.jobs.get(id))?.status, 'queued')
    })

    it('gives an ended job to nobody', async () => {
      const { id, kind } = await enqueue({ imageId: randomUUID() })
      const { lease } = await claimed(kind, 1)
      await repositories.jobs.decide(lease, { verdict: 'failed', reason: 'no use' })
      assert.equal(await repositories.jobs.finish(lease, { as: 'succeeded' }), false)
      assert.equal(await repositories.jobs.finish(lease, { as: 'failed' }), true)
      assert.equal(await claim(kind), undefined)
      const job = await repositories.jobs.get(id)
      assert.deepEqual([job?.status, job?.reason], ['failed', 'no use'])
    })

    it('lets the first verdict stand', async () => {
      const { id, kind } = await enqueue()
      const { lease } = await claimed(kind)
      await repositories.jobs.decide(lease, { verdict: 'failed', reason: 'first' })
      await repositories.jobs.decide(lease, { verdict: 'cancelled', reason: 'second' })
      const job = await repositories.jobs.get(id)
      assert.deepEqual([job?.verdict, job?.reason], ['failed', 'first'])
    })

    it('cancels the open jobs of one image, waiting and running ones', async () => {
      const [imageId, kind] = [randomUUID(), randomUUID()]
      await enqueue({ imageId, kind })
      const running = await claimed(kind)
      const waiting = await enqueue({ imageId, kind, delayMs: long })
      const other = await enqueue({ imageId: randomUUID(), kind, delayMs: long })
      assert.deepEqual(
        new Set((await repositories.jobs.openOf(imageId)).map(({ id }) => id)),
        new Set([running.job.id, waiting.id]),
      )
      assert.equal(await repositories.jobs.cancel(imageId, { reason: 'deleted' }), 2)
      assert.equal(await repositories.jobs.cancel(imageId, { reason: 'again' }), 0)
      assert.equal(await repositories.jobs.extend(running.lease, { leaseMs: long, progress: null }), 'cancelled')
      assert.equal(await repositories.jobs.finish(running.lease, { as: 'succeeded' }), false)
      assert.equal(await repositories.jobs.finish(running.lease, { as: 'cancelled' }), true)
      const taken = await claimed(kind)
      assert.deepEqual([taken.job.id, taken.job.verdict], [waiting.id, 'cancelled'])
      assert.equal((await repositories.jobs.get(other.id))?.verdict, null)
    })

    it('lets projects take turns, however many jobs one of them has', async () => {
      const kind = randomUUID()
      const [many, few, one] = ['many', 'few', 'one'].map((project) => `${project} ${kind}`)
      for (const project of [many, many, many, many, many, few, few, one]) {
        await enqueue({ kind, project: project ?? null })
      }
      const order: (string | null)[] = []
      for (let i = 0; i < 8; i++) order.push((await claimed(kind)).job.project)
      assert.deepEqual(order.slice(0, 3).sort(), [few, many, one])
      assert.deepEqual(order.slice(3, 5).sort(), [few, many])
      assert.deepEqual(order.slice(5), [many, many, many])
    })

    it('withdraws a job that nobody has begun', async () => {
      const { id, kind } = await enqueue()
      assert.equal(await repositories.jobs.withdraw(id), true)
      assert.equal(await repositories.jobs.get(id), undefined)
      const begun = await enqueue({ kind })
      await claimed(kind)
      assert.equal(await repositories.jobs.withdraw(begun.id), false)
    })

    it('removes jobs that ended long ago, and no others', async () => {
      const { id, kind } = await enqueue()
      const open = await enqueue()
      await repositories.jobs.finish((await claimed(kind)).lease, { as: 'succeeded' })
      await repositories.jobs.purge({ ageMs: long })
      assert.equal((await repositories.jobs.get(id))?.status, 'succeeded')
      await until(async () => {
        await repositories.jobs.purge({ ageMs: 0 })
        return (await repositories.jobs.get(id)) === undefined
      })
      assert.ok(await repositories.jobs.get(open.id))
    })
  })
}
