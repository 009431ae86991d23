import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job, JobRepository, NewJob } from '../../ports/jobs.ts'
import type { Logger } from '../../ports/logger.ts'
import type { RunningJob } from '../jobs/job-kind.ts'
import { JobQueue } from '../jobs/job-queue.ts'
import { importKind } from './import-request.ts'
import { StageWatch, type StageWatchInput } from './stage-watch.ts'

const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const stageHost = 'http://node:9292'
const bound = importKind(stageHost).name
const input = { jobId: 'j', stageHost }

/** What a watch does about a job, with a node that answers or not. */
async function watch(
  found: Partial<Job> | undefined,
  { answers, mayAssign = true }: { answers: boolean; mayAssign?: boolean },
) {
  const assigned: string[] = []
  const enqueued: NewJob[] = []
  const jobs = {
    get: async () => found,
    assign: async (_id: string, { kind }: { kind: string }) => mayAssign && assigned.push(kind) > 0,
    enqueue: async (job: NewJob) => void enqueued.push(job),
  } as unknown as JobRepository
  const options = { jobs, queue: new JobQueue(jobs), probe: { answers: async () => answers }, everyMs: 7, log }
  await new StageWatch(options).run({ input, project: 'p' } as unknown as RunningJob<StageWatchInput>)
  return { assigned, again: enqueued.map(({ input: told, delayMs }) => [told, delayMs]) }
}

const waiting = { kind: bound, status: 'queued' } as const
const again = [[input, 7]]

test('an import whose node does not answer is given to any other node', async () => {
  assert.deepEqual(await watch(waiting, { answers: false }), { assigned: [importKind(null).name], again: [] })
})

test('an import stays with a node that answers or works on it, and is looked at again', async () => {
  assert.deepEqual(await watch(waiting, { answers: true }), { assigned: [], again })
  assert.deepEqual(await watch({ ...waiting, status: 'running' }, { answers: false, mayAssign: false }), {
    assigned: [],
    again,
  })
})

test('an import that is over, or was given away, is looked at no more', async () => {
  for (const found of [
    undefined,
    { kind: bound, status: 'succeeded' } as const,
    { kind: 'image-import', status: 'queued' } as const,
  ]) {
    assert.deepEqual(await watch(found, { answers: false }), { assigned: [], again: [] })
  }
})
