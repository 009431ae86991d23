import type { Image } from '../../ports/image.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import { lockProperty } from './bookkeeping.ts'
import type { StagingArea } from './staging-area.ts'

/** What an image leaves that is deleted before or during its import. */
export class ForgetImport {
  readonly #jobs: JobQueue
  readonly #staging: StagingArea

  constructor(jobs: JobQueue, staging: StagingArea) {
    this.#jobs = jobs
    this.#staging = staging
  }

  /** Removes staged data, before the image goes: nobody would find it afterwards. @throws store_unavailable, storage_write_denied */
  async before(image: Image): Promise<void> {
    if (image.status === 'uploading') await this.#staging.remove(image.id)
  }

  /** Cancels the work, once the image is gone. @throws database_unavailable */
  async after(image: Image): Promise<void> {
    if (image.properties[lockProperty] === undefined) return
    await this.#jobs.cancel(image.id, { reason: 'The image was deleted.' })
  }
}
