import { hasCode } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import type { Finding } from '../../ports/passes.ts'
import type { ProjectDirectory } from '../../ports/projects.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { StepTools } from '../passes/program.ts'
import { reapKinds } from './kinds.ts'
import type { projectActions } from './options.ts'

export interface ProjectReapOptions {
  readonly repositories: Pick<Repositories, 'images' | 'reap'>
  readonly projects: ProjectDirectory
  readonly action: (typeof projectActions)[number]
  /** `unknown_project_delay` */
  readonly delayMs: number
}

const pageSize = 200

/** Looks for projects that own images and that Keystone does not know. */
export class ProjectReap {
  readonly #options: ProjectReapOptions

  constructor(options: ProjectReapOptions) {
    this.#options = options
  }

  /** @throws identity_unavailable */
  async run(tools: StepTools): Promise<void> {
    const { projects } = this.#options
    const unknown: string[] = []
    let known = 0
    for await (const owner of this.#owners()) {
      await tools.admit({ items: 1 })
      if (await projects.knows(owner)) known += 1
      else unknown.push(owner)
    }
    // A Keystone that knows nobody is not the one that these images come from.
    const isStrange = known === 0
    for (const project of unknown) {
      const detail = isStrange ? 'Keystone knows no owner of any image: nothing is done' : 'Keystone does not know it'
      const finding = await tools.see({ kind: reapKinds.project, subject: project, detail })
      if (!isStrange && !tools.isDryRun) await this.#act(project, finding, tools)
    }
  }

  async #act(project: string, { passes, firstSeenAt }: Finding, tools: StepTools): Promise<void> {
    const { action, delayMs } = this.#options
    if ((action !== 'deactivate' && action !== 'delete') || passes < 2) return
    const deletes = action === 'delete' && Date.now() - firstSeenAt.getTime() >= delayMs
    for await (const image of this.#imagesOf(project)) {
      tools.signal.throwIfAborted()
      const done = await (deletes ? this.#delete(image) : this.#deactivate(image))
      if (done) tools.count(deletes ? 'images_deleted' : 'images_deactivated')
    }
  }

  async #deactivate({ id, status }: Image): Promise<boolean> {
    if (status !== 'active') return false
    const { images } = this.#options.repositories
    return unlessChanged(images.update(id, { fields: { status: 'deactivated' } }, { from: ['active'] }))
  }

  /** The scrubber, or a later step, removes the data after `scrub_time`; until then the image can be restored. */
  async #delete({ id, status, protected: isProtected, locations }: Image): Promise<boolean> {
    if (isProtected || (status !== 'active' && status !== 'deactivated' && status !== 'queued')) return false
    const to = locations.length > 0 ? 'pending_delete' : 'deleted'
    return unlessChanged(this.#options.repositories.images.delete(id, { from: [status], status: to }))
  }

  async *#owners(): AsyncGenerator<string, undefined> {
    for (let after = ''; ; ) {
      const page = await this.#options.repositories.reap.owners({ after, limit: pageSize })
      yield* page
      if (page.length < pageSize) return
      after = page.at(-1) ?? after
    }
  }

  async *#imagesOf(owner: string): AsyncGenerator<Image, undefined> {
    const { images } = this.#options.repositories
    const sort = [{ key: 'id', direction: 'asc' }] as const
    for (let marker: string | undefined; ; ) {
      const viewer = { projectId: null, isAdmin: true }
      const query = { viewer, owner, visibility: 'all', sort, limit: pageSize } as const
      const page = await images
        .list({ ...query, ...(marker === undefined ? {} : { marker }) })
        .catch((error: unknown) => {
          // The image of the marker was deleted just now.
          if (hasCode(error, 'marker_not_found')) return []
          throw error
        })
      yield* page
      if (page.length < pageSize) return
      marker = page.at(-1)?.id
    }
  }
}

async function unlessChanged(change: Promise<unknown>): Promise<boolean> {
  try {
    await change
    return true
  } catch (error) {
    if (hasCode(error, 'image_not_found') || hasCode(error, 'image_status_conflict')) return false
    throw error
  }
}
