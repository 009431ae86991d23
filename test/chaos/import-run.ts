import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageView, PatientClient } from './client.ts'
import type { Content } from './contents.ts'
import { pacedFile } from './paced.ts'

export const methods = ['glance-direct', 'web-download', 'copy-image', 'glance-download'] as const
export type Method = (typeof methods)[number]

export interface ImportPlan {
  readonly id: string
  readonly method: Method
  readonly content: Content
  /** Ids; undefined: all. */
  readonly stores: readonly string[] | undefined
  /** For web-download, and for the data that is copied afterwards. */
  readonly url: string
  /** For glance-download. */
  readonly remote: { readonly region: string; readonly imageId: string }
  readonly bytesPerSecond: number
}

/** How an import ended for its caller. */
export interface ImportOutcome {
  readonly plan: ImportPlan
  readonly status: string
  /** What the task says of a failure. */
  readonly reason: string
}

const mostRounds = 4

/** Imports one image as a careful caller does, who asks what has become of a request whose answer was lost. */
export async function runImport(plan: ImportPlan, client: PatientClient): Promise<ImportOutcome> {
  const { id, method, content, stores } = plan
  const json = { id, disk_format: content.diskFormat, container_format: 'bare' }
  const { status, body } = await client.insist('POST', '/v2/images', { json })
  // A 409 tells that a lost answer was a success.
  if (status !== 201 && status !== 409) throw new Error(`POST of an image gives ${status}: ${body}`)
  const target = stores ? { stores } : { all_stores: true }
  if (method === 'copy-image') {
    const only = { method: { name: 'web-download', uri: plan.url }, stores: ['one'] }
    for (let round = 0; round < mostRounds; round++) {
      if ((await order(plan, client, only)).status === 'active') break
    }
    return { plan, ...(await order(plan, client, { method: { name: method }, ...target })) }
  }
  if (method === 'glance-direct') await stage(plan, client)
  const { region, imageId } = plan.remote
  const details = {
    'web-download': { uri: plan.url },
    'glance-direct': {},
    'glance-download': { glance_region: region, glance_image_id: imageId, glance_service_interface: 'public' },
  }[method]
  return { plan, ...(await order(plan, client, { method: { name: method, ...details }, ...target })) }
}

/** Until the data is known to be in the staging area. */
async function stage({ id, content, bytesPerSecond }: ImportPlan, client: PatientClient): Promise<void> {
  const data = () => pacedFile(content.path, { bytesPerSecond })
  for (;;) {
    const answer = await client.once('PUT', `/v2/images/${id}/stage`, { data, timeoutMs: 120_000 })
    if (answer?.status === 204) return
    // Somebody finds out that the process is dead; until then the image is `uploading`.
    let image = await client.image(id)
    while (image.status === 'uploading' && image.size !== content.sizeBytes) {
      await sleep(500)
      image = await client.image(id)
    }
    if (image.status === 'uploading') return
    await sleep(250)
  }
}

/** Orders the import and waits for its end. */
async function order(
  { id }: ImportPlan,
  client: PatientClient,
  json: object,
): Promise<Pick<ImportOutcome, 'status' | 'reason'>> {
  const known = new Set((await client.tasks(id)).map((task) => task.id))
  const mine = async () => (await client.tasks(id)).find((task) => !known.has(task.id))
  for (;;) {
    const answer = await client.once('POST', `/v2/images/${id}/import`, { json })
    if (answer?.status === 202) break
    if (answer !== undefined && answer.status < 500 && answer.status !== 409) {
      return { status: (await client.image(id)).status, reason: `refused with ${answer.status}: ${answer.body}` }
    }
    // The answer was lost, or tells of an order that was.
    await sleep(1_000)
    if ((await client.image(id)).os_glance_import_task !== undefined || (await mine())) break
    if (answer?.status === 409) return { status: (await client.image(id)).status, reason: answer.body }
  }
  const image = await settled(id, client)
  // It is told after the image.
  let task = await mine()
  while (task !== undefined && task.status !== 'success' && task.status !== 'failure') {
    await sleep(250)
    task = await mine()
  }
  return { status: image.status, reason: task?.status === 'failure' ? task.message : '' }
}

/** Until nobody works on the image any more. */
async function settled(id: string, client: PatientClient): Promise<ImageView> {
  for (;;) {
    const image = await client.image(id)
    if (image.os_glance_import_task === undefined && ['active', 'queued'].includes(image.status)) return image
    await sleep(500)
  }
}
