import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { startApi } from '../integration/support/api-server.ts'
import { conversionPlugin } from './conversion.ts'
import { hostileImages } from './hostile-images.ts'
import { until } from './until.ts'

// Stages every hostile image in a service of its own, imports it as it is and with a conversion, and tells why each import
// has failed, a line for each.
const token = 'project:member,reader'
const octets = { 'content-type': 'application/octet-stream' }
const converting = await startApi(
  {},
  { runsJobs: true, importPlugins: ({ stagingFolder: folder, log }) => [conversionPlugin({ folder, log })] },
)
const services = [await startApi({}, { runsJobs: true }), converting]

for (const api of services)
  for (const { name, diskFormat, containerFormat = 'bare', data, reason } of hostileImages()) {
    // These have to be known to the service before they can be declared.
    const disk_format = ['qed', 'luks'].includes(diskFormat) ? 'raw' : diskFormat
    const json = { disk_format, container_format: containerFormat }
    const { id } = (await (await api.call(token, 'POST', '/v2/images', { json })).json()) as { id: string }
    const staged = await api.call(token, 'PUT', `/v2/images/${id}/stage`, { body: data, headers: octets })
    assert.equal(staged.status, 204)
    const order = { json: { method: { name: 'glance-direct' } } }
    assert.equal((await api.call(token, 'POST', `/v2/images/${id}/import`, order)).status, 202)
    const task = async () => {
      const response = await api.call(token, 'GET', `/v2/images/${id}/tasks`)
      const { tasks } = (await response.json()) as { tasks: { status: string; message: string }[] }
      return tasks[0]
    }
    await until(async () => ['success', 'failure'].includes((await task())?.status ?? ''))
    const { status, message } = (await task()) ?? {}
    assert.equal(status, 'failure', name)
    // A conversion refuses what it is not made for first.
    const reasons =
      api === converting
        ? new RegExp(`${reason.source}|disk_format is raw|disk_format ploop cannot be converted`)
        : reason
    assert.match(message ?? '', reasons, name)
    const image = (await (await api.call(token, 'GET', `/v2/images/${id}`)).json()) as Record<string, unknown>
    assert.deepEqual([image.status, image.size, image.virtual_size], ['queued', null, null], name)
    console.log(`${name}: ${message}`)
  }
for (const api of services) {
  assert.deepEqual(await readdir(api.folder), [])
  assert.deepEqual(await readdir(api.stagingFolder), [])
  await api[Symbol.asyncDispose]()
}
