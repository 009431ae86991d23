import assert from 'node:assert/strict'
import { it } from 'node:test'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'
import { startApi } from './support/api-server.ts'

it('asks a store no longer for a client that has gone away', async () => {
  const open = new Set<unknown>()
  await using web = await startWebServer({
    '/image.raw': (request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': '1000' }).end()
      // The data never comes.
      open.add(request)
      request.once('close', () => open.delete(request))
    },
  })
  await using api = await startApi({ show_multiple_locations: true }, { webHosts: ['127.0.0.1'] })
  const json = { disk_format: 'raw', container_format: 'bare' }
  const { id } = (await (await api.call('p:member', 'POST', '/v2/images', { json })).json()) as { id: string }
  const value = { url: `${web.url}/image.raw`, metadata: {} }
  const patched = await api.call('p:member', 'PATCH', `/v2/images/${id}`, {
    headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
    json: [{ op: 'add', path: '/locations/-', value }],
  })
  assert.equal(patched.status, 200)
  const leaving = new AbortController()
  const download = fetch(`${api.url}/v2/images/${id}/file`, {
    headers: { 'x-auth-token': 'p:member' },
    signal: leaving.signal,
  })
  await until(() => open.size === 1)
  leaving.abort()
  await assert.rejects(download)
  await until(() => open.size === 0)
})
