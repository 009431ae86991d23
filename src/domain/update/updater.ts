import type { Image } from '../../ports/image.ts'
import type { IdRange } from '../../ports/image-walk.ts'
import type { PassScope, PassStep } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import type { StoreSet } from '../data/store-set.ts'
import { lacksDigests, missingDigests } from '../digests/missing-digests.ts'
import { JobQueue } from '../jobs/job-queue.ts'
import { idSlices } from '../passes/id-slices.ts'
import type { Program, StepTools } from '../passes/program.ts'
import { updateKinds } from './kinds.ts'
import { Outdated, type OutdatedOptions } from './outdated.ts'
import { Unfinished } from './unfinished.ts'

export interface UpdaterOptions {
  readonly repositories: Repositories
  readonly stores: StoreSet
  readonly digests: DigestPool
  /** `stuck_after` */
  readonly stuckAfterMs: number
  readonly prefixes: OutdatedOptions['prefixes']
}

type StepInput =
  | { readonly part: 'images'; readonly range: { readonly from: string; readonly to: string | null } }
  | { readonly part: 'image'; readonly id: string }
  | { readonly part: 'reservations' }

const imagesPerStep = 500
const pageSize = 200
/** Each reads a whole image: imports find room beside them, and the next pass orders more. */
const digestJobsPerStep = 20

/** Carries out what was put off, or what a failure has left half done. */
export class Updater implements Program {
  readonly name = 'updater'
  readonly #options: UpdaterOptions
  readonly #queue: JobQueue
  readonly #unfinished: Unfinished
  readonly #outdated: Outdated

  constructor(options: UpdaterOptions) {
    this.#options = options
    this.#queue = new JobQueue(options.repositories.jobs)
    this.#unfinished = new Unfinished(options)
    this.#outdated = new Outdated(options)
  }

  async plan({ imageId }: PassScope): Promise<readonly PassStep[]> {
    if (imageId !== null) return [step('image', { part: 'image', id: imageId })]
    const count = await this.#options.repositories.walk.count()
    return [
      ...idSlices(count, { perSlice: imagesPerStep }).map((range: IdRange) =>
        step(`images ${range.from}`, { part: 'images', range: { ...range } }),
      ),
      step('reservations', { part: 'reservations' }),
    ]
  }

  async run({ input }: PassStep, tools: StepTools): Promise<void> {
    const { images, quota } = this.#options.repositories
    const told = input as StepInput
    if (told.part === 'images') return this.#range(told.range, tools)
    if (told.part === 'image') {
      const image = await images.get(told.id)
      if (image) await this.#image(image, { tools, ordered: { count: 0 } })
    } else if (!tools.isDryRun) tools.count('reservations_removed', await quota.removeExpired())
  }

  wouldSee(): boolean {
    return true
  }

  async #range(range: IdRange, tools: StepTools): Promise<void> {
    const ordered = { count: 0 }
    for (let after: string | undefined; ; ) {
      const page = await this.#options.repositories.walk.page(range, { after, limit: pageSize })
      for (const image of page) {
        await tools.admit({ items: 1 })
        await this.#image(image, { tools, ordered })
      }
      if (page.length < pageSize) return
      after = page.at(-1)?.id
    }
  }

  async #image(image: Image, state: { tools: StepTools; ordered: { count: number } }): Promise<void> {
    await this.#unfinished.run(image, state.tools)
    await this.#outdated.run(image, state.tools)
    if (lacksDigests(image)) await this.#orderDigests(image, state)
  }

  /** The services carry such jobs out. */
  async #orderDigests(
    { id }: Image,
    { tools, ordered }: { tools: StepTools; ordered: { count: number } },
  ): Promise<void> {
    await tools.see({ kind: updateKinds.digests, imageId: id, detail: 'a job computes digests and sizes' })
    if (tools.isDryRun || ordered.count >= digestJobsPerStep) return
    const open = await this.#options.repositories.jobs.openOf(id)
    if (open.some(({ kind }) => kind === missingDigests.name)) return
    await this.#queue.enqueue(missingDigests, { input: { imageId: id }, project: null, imageId: id })
    ordered.count += 1
    tools.count('jobs_ordered')
  }
}

function step(name: string, input: StepInput): PassStep {
  return { name, input }
}
