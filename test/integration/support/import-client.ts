import assert from 'node:assert/strict'
import { lockProperty } from '../../../src/domain/import/bookkeeping.ts'
import { until } from '../../support/until.ts'
import type { WebServer } from '../../support/web-server.ts'
import type { ApiServer } from './api-server.ts'

export const member = 'project:member,reader'
export const admin = 'admins:admin'

export type View = Record<string, unknown> & { id: string; status: string }

/** Imports as clients order them, at the service and with the data of the moment. */
export function importClient(service: () => { readonly api: ApiServer; readonly web: WebServer }) {
  async function create(token = member): Promise<string> {
    const json = { disk_format: 'raw', container_format: 'bare' }
    const response = await service().api.call(token, 'POST', '/v2/images', { json })
    assert.equal(response.headers.get('openstack-image-import-methods'), 'glance-direct,web-download,copy-image')
    return ((await response.json()) as View).id
  }

  const stage = (id: string, body: Buffer | ReadableStream, token = member) =>
    service().api.call(token, 'PUT', `/v2/images/${id}/stage`, {
      body,
      headers: { 'content-type': 'application/octet-stream' },
    })
  const order = (id: string, json: object, token = member) =>
    service().api.call(token, 'POST', `/v2/images/${id}/import`, { json })
  const show = async (id: string) => (await (await service().api.call(admin, 'GET', `/v2/images/${id}`)).json()) as View
  const tasksOf = async (id: string) =>
    (
      (await (await service().api.call(admin, 'GET', `/v2/images/${id}/tasks`)).json()) as {
        tasks: Record<string, unknown>[]
      }
    ).tasks
  const webOrder = (path: string, more: object = {}) => ({
    method: { name: 'web-download', uri: service().web.url + path },
    ...more,
  })

  /** Waits until nothing imports into the image any more. */
  async function settled(id: string): Promise<View> {
    await until(async () => {
      const [tasks, image] = [await tasksOf(id), await show(id)]
      return (
        image[lockProperty] === undefined && tasks.every(({ status }) => status === 'success' || status === 'failure')
      )
    })
    return show(id)
  }

  async function downloaded(id: string): Promise<Buffer> {
    const response = await service().api.call(admin, 'GET', `/v2/images/${id}/file`)
    return Buffer.from(await response.arrayBuffer())
  }

  return { create, stage, order, show, tasksOf, webOrder, settled, downloaded }
}
