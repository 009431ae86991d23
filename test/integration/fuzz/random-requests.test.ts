import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { until } from '../../support/until.ts'
import { type ApiServer, startApi } from '../support/api-server.ts'
import { wildRequests } from './requests.ts'

const tokens = ['p1:member,reader', 'p2:reader', 'p0:admin,member,reader', null]
const hasData = new Set(['active', 'deactivated'])

describe('random requests', () => {
  let api: ApiServer
  before(async () => {
    api = await startApi({ show_multiple_locations: true, show_image_direct_url: true }, { runsJobs: true })
  })
  after(() => api[Symbol.asyncDispose]())

  async function makeImage(): Promise<string> {
    const json = { name: 'n', hw_x: 'y', tags: ['t'], disk_format: 'raw', container_format: 'bare' }
    const response = await api.call('p1:member,reader', 'POST', '/v2/images', { json })
    return ((await response.json()) as { id: string }).id
  }

  it('are answered without an error of the service', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wildRequests, { minLength: 10, maxLength: 30, size: 'max' }), async (requests) => {
        const id = await makeImage()
        for (const [index, { method, path, ...options }] of requests.entries()) {
          const token = tokens[index % tokens.length] ?? null
          const response = await api.call(token, method, path.replaceAll('IMAGE', id), options)
          const answer = await response.text()
          const right = response.status < 500 || response.status === 501
          assert.ok(right, `${method} ${path} of ${token} got ${response.status}: ${answer}`)
          const isJson = response.headers.get('content-type')?.startsWith('application/json')
          if (isJson && method !== 'HEAD') JSON.parse(answer)
        }
      }),
      { numRuns: 250, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: false },
    )
  })

  it('log no error', () => {
    assert.deepEqual(
      api.lines.filter(({ level }) => level === 'error'),
      [],
    )
  })

  it('leave no image half done, and no file without an image', async () => {
    const statusById = async () => {
      const response = await api.call('p0:admin,member,reader', 'GET', '/v2/images?visibility=all&limit=1000')
      const { images } = (await response.json()) as { images: { id: string; status: string }[] }
      assert.ok(images.length > 10)
      return new Map(images.map(({ id, status }) => [id, status]))
    }
    await until(async () => ![...(await statusById()).values()].includes('importing'))
    const statuses = await statusById()
    assert.ok(![...statuses.values()].includes('saving'))
    for (const id of await readdir(api.folder)) assert.ok(hasData.has(statuses.get(id) ?? ''), `${id} has data`)
    for (const id of await readdir(api.stagingFolder)) assert.equal(statuses.get(id), 'uploading', `${id} is staged`)
  })
})
