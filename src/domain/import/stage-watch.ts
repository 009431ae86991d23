import type { JobRepository } from '../../ports/jobs.ts'
import type { Logger } from '../../ports/logger.ts'
import type { NodeProbe } from '../../ports/node-probe.ts'
import type { JobHandler, JobKind, RunningJob } from '../jobs/job-kind.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import { importKind } from './import-request.ts'

/** What a watch is about. */
export type StageWatchInput = {
  readonly jobId: string
  /** `worker_self_reference_url` of the node that has the staged data. */
  readonly stageHost: string
}

export const stageWatch: JobKind<StageWatchInput> = { name: 'image-import-watch' }

export interface StageWatchOptions {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly probe: NodeProbe
  /** Time between two looks. */
  readonly everyMs: number
  readonly log: Logger
}

/**
 * Looks after an import that only the node with its staged data can carry out. While that node does not answer, any other
 * one may take the import: it has the data too if the folder is shared after all, and else can say what is missing.
 */
export class StageWatch implements JobHandler<StageWatchInput> {
  readonly kind = stageWatch
  readonly #options: StageWatchOptions

  constructor(options: StageWatchOptions) {
    this.#options = options
  }

  async run({ input, project }: RunningJob<StageWatchInput>): Promise<void> {
    const { jobs, queue, probe, everyMs, log } = this.#options
    const { jobId, stageHost } = input
    const job = await jobs.get(jobId)
    if (job?.kind !== importKind(stageHost).name || (job.status !== 'queued' && job.status !== 'running')) return
    if (!(await probe.answers(stageHost)) && (await jobs.assign(jobId, { kind: importKind(null).name }))) {
      log.warn({ jobId, imageId: job.imageId, stageHost }, 'the node with the staged data of an import does not answer')
      queue.wake()
      return
    }
    await queue.enqueue(stageWatch, { input, project, imageId: null, delayMs: everyMs })
  }
}
