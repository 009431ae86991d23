import { randomUUID } from 'node:crypto'
import type { Json } from '../../ports/jobs.ts'
import type {
  Finding,
  FindingRepository,
  Pass,
  PassRepository,
  PassScope,
  PassState,
  ProgramName,
} from '../../ports/passes.ts'
import type { JobKind } from '../jobs/job-kind.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { PassObserver } from './observer.ts'
import { isWithin, type Program, uncheckedKinds } from './program.ts'

/** What a job of a pass is told; without a step it plans the pass. */
export type PassJobInput = {
  readonly passId: string
  readonly step: { readonly name: string; readonly input: Json } | null
}

export function passKind(program: ProgramName): JobKind<PassJobInput> {
  return { name: `pass_${program}` }
}

export interface PassesOptions {
  readonly passes: PassRepository
  readonly findings: FindingRepository
  readonly queue: JobQueue
  readonly observer: PassObserver
}

const dayMs = 24 * 3_600_000
/** Passes are kept for the eyes of operators. */
const keepPassesMs = 30 * dayMs
const keepFindingsMs = 90 * dayMs
const pageSize = 500

/** Begins passes and ends them; in between, jobs carry their steps out. */
export class Passes {
  readonly #options: PassesOptions

  constructor(options: PassesOptions) {
    this.#options = options
  }

  /** The open pass of that scope, or a new one. @throws database_unavailable */
  async start(program: ProgramName, scope: PassScope): Promise<Pass> {
    const { passes, queue } = this.#options
    const id = randomUUID()
    const order = { input: { passId: id, step: null }, project: null, imageId: null }
    const job = await queue.hold(passKind(program), order)
    const openId = await passes.begin({ id, program, scope })
    await (openId === id ? job.start() : job.withdraw())
    return this.get(openId)
  }

  /** @throws if it is gone */
  async get(id: string): Promise<Pass> {
    const pass = await this.#options.passes.get(id)
    if (!pass) throw new Error(`the pass ${id} is gone`)
    return pass
  }

  /** Begins the next pass if it is due and no other process has. */
  async startIfDue(program: ProgramName, options: { scope: PassScope; intervalMs: number }): Promise<void> {
    const { passes, findings } = this.#options
    if (!(await passes.takeTurn(program, options))) return
    await passes.purge({ ageMs: keepPassesMs })
    await findings.purge({ ageMs: keepFindingsMs })
    await this.start(program, options.scope)
  }

  /** Ends the passes of a program whose last step was recorded where the steps of others were not seen yet. */
  async endThoseDone(program: Program): Promise<void> {
    const open = await this.#options.passes.list({ program: program.name, state: 'open', limit: 100 })
    for (const { id } of open) await this.endIfDone(program, id)
  }

  /**
   * Ends a pass all of whose steps have ended: what it would have seen and has not seen is gone.
   * @returns the pass as it is then; undefined if there is none
   */
  async endIfDone(program: Program, id: string): Promise<Pass | undefined> {
    const { passes } = this.#options
    const pass = await passes.get(id)
    if (pass?.state !== 'open' || pass.plannedSteps === null || pass.doneSteps < pass.plannedSteps) return pass
    if (pass.failedSteps === 0) await this.#settleGone(program, pass)
    await this.#end(pass, pass.failedSteps === 0 ? 'done' : 'incomplete')
    return passes.get(id)
  }

  /** Gives a pass up that could not be planned. */
  async giveUp(id: string): Promise<void> {
    const pass = await this.#options.passes.get(id)
    if (pass?.state === 'open') await this.#end(pass, 'incomplete')
  }

  async #end({ id, program }: Pass, state: Exclude<PassState, 'open'>): Promise<void> {
    const { passes, findings, observer } = this.#options
    if (await passes.end(id, { state })) observer.ended({ program, state, open: await findings.openKinds(program) })
  }

  async #settleGone(program: Program, { id, scope }: Pass): Promise<void> {
    const { findings } = this.#options
    const unchecked = await this.#unchecked(program.name, id)
    const gone: string[] = []
    for await (const finding of this.#open(program.name)) {
      const isSeen = finding.lastPassId === id
      if (!isSeen && !unchecked(finding) && isWithin(finding, scope) && program.wouldSee(finding, scope)) {
        gone.push(finding.id)
      }
    }
    await findings.settle(gone, 'gone')
  }

  /** Tells findings of which the pass cannot know whether they still are so. */
  async #unchecked(program: ProgramName, passId: string): Promise<(finding: Finding) => boolean> {
    const stores = new Set<string | null>()
    const images = new Set<string | null>()
    for await (const { kind, storeId, imageId, lastPassId } of this.#open(program)) {
      if (lastPassId !== passId) continue
      if (kind === uncheckedKinds.store) stores.add(storeId)
      if (kind === uncheckedKinds.image) images.add(imageId)
    }
    return ({ storeId, imageId }) =>
      (storeId !== null && stores.has(storeId)) || (imageId !== null && images.has(imageId))
  }

  async *#open(program: ProgramName): AsyncGenerator<Finding, undefined> {
    for (let marker: string | undefined; ; ) {
      const query = { program, state: 'open', limit: pageSize, ...(marker === undefined ? {} : { marker }) } as const
      const page = await this.#options.findings.list(query)
      yield* page
      if (page.length < pageSize) return
      marker = page.at(-1)?.id
    }
  }
}
