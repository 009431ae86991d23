import type { BlobStore } from '../../ports/blob-store.ts'
import type { IdRange } from '../../ports/image-walk.ts'
import type { Finding, PassScope, PassStep } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import type { StoreSet } from '../data/store-set.ts'
import { idPrefixes, idSlices } from '../passes/id-slices.ts'
import type { Program, StepTools } from '../passes/program.ts'
import { ImageAudit } from './audit-images.ts'
import { StoreAudit } from './audit-store.ts'
import { auditKinds } from './kinds.ts'
import type { AuditorConfig } from './options.ts'

export interface AuditorOptions {
  readonly repositories: Repositories
  readonly stores: StoreSet
  readonly digests: DigestPool
  readonly config: Pick<AuditorConfig, 'repair' | 'orphan_removal' | 'orphan_grace_time' | 'stuck_after'>
}

type StepInput =
  | { readonly part: 'images'; readonly range: { readonly from: string; readonly to: string | null } }
  | { readonly part: 'image'; readonly id: string }
  | { readonly part: 'store'; readonly storeId: string; readonly prefix: string }

const imagesPerStep = 500
/** Some stores can only be listed as a whole, whatever the prefix is. */
const blobsPerStep = 8000
/** A deletion in a store that is fast takes no longer. */
const confirmMs = 2_000

/** Compares the database with the stores. */
export class Auditor implements Program {
  readonly name = 'auditor'
  readonly #options: AuditorOptions
  readonly #images: ImageAudit
  readonly #stores: StoreAudit

  constructor(options: AuditorOptions) {
    const { repositories, stores, digests, config } = options
    this.#options = options
    this.#images = new ImageAudit({
      ...{ repositories, stores, digests, confirmMs },
      repairs: config.repair,
      stuckAfterMs: config.stuck_after * 1000,
    })
    this.#stores = new StoreAudit({
      ...{ repositories, stores, confirmMs },
      removal: config.orphan_removal as StoreAuditRemoval,
      graceMs: config.orphan_grace_time * 1000,
    })
  }

  async plan({ imageId, storeId }: PassScope): Promise<readonly PassStep[]> {
    const listed = this.#listed().filter(({ id }) => storeId === null || storeId === id)
    const storeSteps = (prefixes: readonly string[]) =>
      listed.flatMap(({ id }, i) =>
        prefixes.map((prefix) => step(`store ${i} ${prefix}`, { part: 'store', storeId: id, prefix })),
      )
    if (imageId !== null) return [step('image', { part: 'image', id: imageId }), ...storeSteps([imageId])]
    const count = await this.#options.repositories.walk.count()
    return [
      ...idSlices(count, { perSlice: imagesPerStep }).map((range: IdRange) =>
        step(`images ${range.from}`, { part: 'images', range: { ...range } }),
      ),
      ...storeSteps(idPrefixes(count, { perSlice: blobsPerStep })),
    ]
  }

  async run({ input }: PassStep, tools: StepTools): Promise<void> {
    const told = input as StepInput
    if (told.part === 'images') await this.#images.range(told.range, tools)
    else if (told.part === 'image') await this.#images.one(told.id, tools)
    else await this.#store(told, tools)
  }

  wouldSee({ kind }: Finding, { choices }: PassScope): boolean {
    return kind !== auditKinds.corrupt || choices.digests === true
  }

  async #store({ storeId, prefix }: StepInput & { part: 'store' }, tools: StepTools): Promise<void> {
    const store = this.#listed().find(({ id }) => id === storeId)
    if (store) return this.#stores.run(store, prefix, tools)
    await tools.see({ kind: auditKinds.storeUnavailable, storeId, detail: 'it is not configured on every node' })
  }

  #listed(): (BlobStore & Required<Pick<BlobStore, 'list'>>)[] {
    const stores = this.#options.stores.list().map(({ store }) => store)
    return stores.filter((store) => store.list !== undefined) as (BlobStore & Required<Pick<BlobStore, 'list'>>)[]
  }
}

type StoreAuditRemoval = ConstructorParameters<typeof StoreAudit>[0]['removal']

function step(name: string, input: StepInput): PassStep {
  return { name, input }
}
