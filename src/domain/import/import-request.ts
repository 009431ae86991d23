import { createHash } from 'node:crypto'
import type { Json } from '../../ports/jobs.ts'
import type { ExpectedDigests } from '../data/expected-digests.ts'
import type { JobKind } from '../jobs/job-kind.ts'
import type { TaskOrder } from './import-tasks.ts'
import type { RemoteOrder } from './remote-image.ts'

export const importMethods = ['glance-direct', 'web-download', 'copy-image', 'glance-download'] as const
export type ImportMethod = (typeof importMethods)[number]

/** The image of another service that a caller asks for. */
export interface RemoteRequest {
  readonly region: string
  readonly imageId: string
  readonly face: string
}

/** What a caller asks for; the parts have the right types, whether they fit together is judged later. */
export interface ImportRequest {
  readonly method: ImportMethod
  readonly uri: string | null
  /** Absent: not given. */
  readonly stores?: readonly string[]
  /** `x-image-meta-store`; absent: not given. */
  readonly headerStore?: string
  readonly allStores: boolean
  readonly allStoresMustSucceed: boolean
  /** Of the data at its source; empty: none. */
  readonly expected: ExpectedDigests
  /** As it was received, for the task. */
  readonly body: { readonly [name: string]: Json }
}

/** What the job is told. */
export type ImportInput = {
  readonly method: ImportMethod
  readonly uri: string | null
  /** Ids; null: the one store of a service without several. */
  readonly stores: readonly string[] | null
  readonly allStoresMustSucceed: boolean
  readonly requester: {
    readonly userId: string | null
    readonly projectId: string | null
    readonly requestId: string
    readonly roles: readonly string[]
  }
  readonly body: { readonly [name: string]: Json }
  /** Of the data at its source. Absent: none. */
  readonly expected?: ExpectedDigests
  /** `worker_self_reference_url` of the node whose disk has the staged data. Absent: it is to be found everywhere. */
  readonly stageHost?: string
  /** For `glance-download`. */
  readonly remote?: RemoteOrder
  /** Input of a task of type `import`, whose image goes if it cannot be imported. Absent: the image was there before. */
  readonly task?: { readonly [name: string]: Json }
}

/**
 * The kind of import jobs. Data that was staged on a node's own disk can be imported by that node alone: those jobs have a
 * kind that only it runs. @param stageHost `worker_self_reference_url` of that node; null: any node
 */
export function importKind(stageHost: string | null): JobKind<ImportInput> {
  if (stageHost === null) return { name: 'image-import' }
  return { name: `image-import@${createHash('sha256').update(stageHost).digest('hex').slice(0, 32)}` }
}

/** The task that stands for an import. @see glance `api/v2/images.py` `import_image` */
export function taskOf(id: string, { imageId, input }: { imageId: string; input: ImportInput }): TaskOrder {
  const { requester, stores, body, task } = input
  if (task !== undefined) return { id, type: 'import', imageId, input: task, requester }
  const told = { image_id: imageId, import_req: body, backend: stores ?? [null] }
  return { id, type: 'api_image_import', imageId, input: told, requester }
}
