import type { IdRange } from '../../ports/image-walk.ts'
import type { Finding, PassScope, PassStep } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { idSlices } from '../passes/id-slices.ts'
import type { Program, StepTools } from '../passes/program.ts'
import { CopyWorker, type CopyWorkerOptions } from './copy-worker.ts'
import { Looker, type LookerOptions } from './looker.ts'
import { replicationKinds } from './pass-work.ts'
import type { RuleBook } from './rule-book.ts'

export interface ReplicationOptions extends Omit<CopyWorkerOptions & LookerOptions, 'repositories'> {
  readonly repositories: Pick<Repositories, 'images' | 'replication' | 'walk' | 'passes' | 'findings' | 'audit'>
  readonly rules: RuleBook
  /** Images of one pass that are copied at the same time, over all nodes. */
  readonly parallel: number
}

const perSlice = 2_000

/** A stretch of images to look at. */
type LookInput = {
  readonly from: string
  readonly to: string | null
  /** Steps of the pass that look. */
  readonly looks: number
}

/**
 * Brings images to the stores where rules want them. The first steps of a pass look at all images and record how they stand;
 * those after them make copies, each time of the image that needs them most.
 */
export class Replication implements Program {
  readonly name = 'replication'
  readonly #options: ReplicationOptions
  readonly #looker: Looker
  readonly #copies: CopyWorker

  constructor(options: ReplicationOptions) {
    this.#options = options
    this.#looker = new Looker(options)
    this.#copies = new CopyWorker(options)
  }

  async plan({ imageId }: PassScope): Promise<PassStep[]> {
    const ranges =
      imageId === null ? idSlices(await this.#options.repositories.walk.count(), { perSlice }) : [only(imageId)]
    const copiers = imageId === null ? this.#options.parallel : 1
    return [
      ...ranges.map((range) => ({ name: `look ${range.from}`, input: { ...range, looks: ranges.length } })),
      ...Array.from({ length: copiers }, (_, i) => ({ name: `copy ${i}`, input: null })),
    ]
  }

  async run({ name, input }: PassStep, tools: StepTools): Promise<void> {
    const work = { rules: (await this.#options.rules.all()).map(({ rule }) => rule), tools }
    if (input !== null) {
      const told = input as LookInput
      await this.#looker.look(told, work)
      if (await this.#areCopiersToCome(told, tools)) return
    }
    if (!tools.isDryRun) await this.#copies.run(`${tools.passId}/${name}`, work)
  }

  wouldSee({ kind }: Finding, { storeId }: PassScope): boolean {
    return storeId === null && Object.values<string>(replicationKinds).includes(kind)
  }

  /** Steps that copy may have ended before the last of those that look: it copies what they have not seen. */
  async #areCopiersToCome({ looks }: LookInput, { passId }: StepTools): Promise<boolean> {
    const pass = await this.#options.repositories.passes.get(passId)
    return (pass?.doneSteps ?? 0) < looks
  }
}

function only(imageId: string): IdRange {
  // The next text after the id, in every order that databases know.
  return { from: imageId, to: `${imageId}0` }
}
