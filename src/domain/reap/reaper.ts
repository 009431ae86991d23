import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { IdRange } from '../../ports/image-walk.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Finding, PassScope, PassStep } from '../../ports/passes.ts'
import type { ProjectDirectory } from '../../ports/projects.ts'
import { type PurgedTable, purgedTables } from '../../ports/reap.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { DueImage } from '../../ports/scrub.ts'
import { recoverStore } from '../data/recover.ts'
import type { StoreSet } from '../data/store-set.ts'
import { idSlices } from '../passes/id-slices.ts'
import type { Program, StepTools } from '../passes/program.ts'
import { Scrubber } from '../scrub/scrubber.ts'
import { reapKinds } from './kinds.ts'
import type { ReaperConfig } from './options.ts'
import { ProjectReap, type ProjectReapOptions } from './reap-projects.ts'
import { reapStaging } from './reap-staging.ts'

export interface ReaperOptions {
  readonly repositories: Repositories
  readonly stores: StoreSet
  /** Undefined: nobody asks which projects there are. */
  readonly projects: ProjectDirectory | undefined
  readonly config: Omit<ReaperConfig, 'run_in_api' | 'interval' | 'workers' | 'items_per_second' | 'bytes_per_second'>
  /** `scrub_time` */
  readonly scrubDelayMs: number
  readonly log: Logger
}

type StepInput =
  | { readonly part: 'data'; readonly range: { readonly from: string; readonly to: string | null } }
  | { readonly part: 'uploads'; readonly storeId: string }
  | { readonly part: 'staging' | 'tasks' | 'projects' }
  | { readonly part: 'rows'; readonly table: PurgedTable }

const pageSize = 200
const batchRows = 500
const dayMs = 24 * 3_600_000

/** Removes what is left: data of deleted images, of dead uploads and of imports that will not come, and old rows. */
export class Reaper implements Program {
  readonly name = 'reaper'
  readonly #options: ReaperOptions
  readonly #scrubber: Scrubber
  readonly #projects: ProjectReap | undefined

  constructor(options: ReaperOptions) {
    const { repositories, stores, projects, config, scrubDelayMs, log } = options
    this.#options = options
    this.#scrubber = new Scrubber(repositories.scrub, { stores, log, delayMs: scrubDelayMs, poolSize: 1 })
    const action = config.unknown_projects as ProjectReapOptions['action']
    const delayMs = config.unknown_project_delay * 1000
    this.#projects = projects && new ProjectReap({ repositories, projects, action, delayMs })
  }

  async plan({ imageId, storeId }: PassScope): Promise<readonly PassStep[]> {
    const { stores, config } = this.#options
    const uploads = stores
      .all()
      .filter((store) => store.abandoned !== undefined && (storeId === null || store.id === storeId))
      .map(({ id }, i) => step(`uploads ${i}`, { part: 'uploads', storeId: id }))
    if (storeId !== null) return uploads
    const staging = step('staging', { part: 'staging' })
    if (imageId !== null) return [step('data', { part: 'data', range: { from: imageId, to: `${imageId}~` } }), staging]
    const tables = purgedTables.filter((table) => table !== 'images' || config.purge_images_after !== null)
    return [
      ...idSlices(pageSize, { perSlice: pageSize / 16 }).map((range: IdRange) =>
        step(`data ${range.from}`, { part: 'data', range: { ...range } }),
      ),
      ...uploads,
      staging,
      step('tasks', { part: 'tasks' }),
      ...tables.map((table) => step(`rows ${table}`, { part: 'rows', table })),
      ...(this.#projects ? [step('projects', { part: 'projects' })] : []),
    ]
  }

  async run({ input }: PassStep, tools: StepTools): Promise<void> {
    const told = input as StepInput
    switch (told.part) {
      case 'data':
        return this.#data(told.range, tools)
      case 'uploads':
        return this.#uploads(told.storeId, tools)
      case 'staging':
        return this.#staging(tools)
      case 'tasks':
        return this.#tasks(tools)
      case 'rows':
        return this.#rows(told.table, tools)
      case 'projects':
        return this.#projects?.run(tools)
    }
  }

  wouldSee({ kind }: Finding, { imageId }: PassScope): boolean {
    return imageId === null || kind === reapKinds.data || kind === reapKinds.staging
  }

  async close(): Promise<void> {
    await this.#options.projects?.close()
  }

  async #data(range: IdRange, tools: StepTools): Promise<void> {
    for await (const image of this.#due(range)) {
      await tools.admit({ items: 1 })
      const key = { kind: reapKinds.data, imageId: image.id }
      if (tools.isDryRun) await tools.see({ ...key, detail: `${image.locations.length} locations to remove` })
      else if (await this.#scrubber.scrub(image, { signal: tools.signal })) tools.count('images_scrubbed')
      else {
        tools.signal.throwIfAborted()
        await tools.see({ ...key, detail: 'its data cannot be removed; the log tells why' })
      }
    }
  }

  async *#due(range: IdRange): AsyncGenerator<DueImage, undefined> {
    const before = new Date(Date.now() - this.#options.scrubDelayMs)
    for (let after = ''; ; ) {
      const page = await this.#options.repositories.scrub.due({ before, range, limit: pageSize, after })
      yield* page
      if (page.length < pageSize) return
      after = page.at(-1)?.id ?? after
    }
  }

  async #uploads(storeId: string, tools: StepTools): Promise<void> {
    const { stores, repositories, log } = this.#options
    const store = stores.all().find(({ id }) => id === storeId)
    if (!store) return
    await tools.admit({ items: 1 })
    try {
      if (!tools.isDryRun) {
        tools.count('uploads_cleaned', await recoverStore(repositories.images, { store, stores, log }))
        return
      }
      for await (const write of store.abandoned?.() ?? []) {
        await write.release()
        await tools.see({ kind: reapKinds.deadUpload, imageId: write.key, storeId, detail: 'its process died' })
      }
    } catch (error) {
      await this.#unavailable(storeId, error, tools)
    }
  }

  async #staging(tools: StepTools): Promise<void> {
    const { stores, repositories, config } = this.#options
    const store = stores.reserved('os_glance_staging_store')
    if (!store) return
    try {
      await reapStaging(store, { repositories, graceMs: config.staging_grace_time * 1000, tools })
    } catch (error) {
      await this.#unavailable(store.id, error, tools)
    }
  }

  async #tasks(tools: StepTools): Promise<void> {
    const { reap } = this.#options.repositories
    if (tools.isDryRun) {
      const count = await reap.countExpiredTasks()
      if (count > 0) await tools.see({ kind: reapKinds.tasks, detail: `${count} tasks have expired` })
      return
    }
    for (let count = batchRows; count === batchRows; ) {
      count = await reap.expireTasks({ limit: batchRows })
      await tools.admit({ items: count })
      tools.count('tasks_expired', count)
    }
  }

  async #rows(table: PurgedTable, tools: StepTools): Promise<void> {
    const { repositories, config } = this.#options
    const days = table === 'images' ? config.purge_images_after : config.purge_rows_after
    if (days === null) return
    const before = new Date(Date.now() - days * dayMs)
    if (tools.isDryRun) {
      const count = await repositories.reap.countPurgeable(table, { before })
      if (count > 0) await tools.see({ kind: reapKinds.rows, subject: table, detail: `${count} rows to remove` })
      return
    }
    for (let count = batchRows; count === batchRows; ) {
      count = await repositories.reap.purge(table, { before, limit: batchRows })
      await tools.admit({ items: count })
      tools.count('rows_purged', count)
    }
  }

  async #unavailable(storeId: string, error: unknown, tools: StepTools): Promise<void> {
    tools.signal.throwIfAborted()
    if (!(error instanceof GlimpseError) || hasCode(error, 'database_unavailable')) throw error
    await tools.see({ kind: reapKinds.storeUnavailable, storeId, detail: error.message })
  }
}

function step(name: string, input: StepInput): PassStep {
  return { name, input }
}
