import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { replicationMetrics } from '../../src/main/passes/replication-metrics.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const admin = 'p0:admin'
const user = 'p1:member'

describe('the API of replication', () => {
  let api: ApiServer
  before(async () => {
    api = await startApi({}, { twoStores: true })
  })
  after(() => api[Symbol.asyncDispose]())

  const call = async (method: string, path: string, json?: unknown) => {
    const response = await api.call(admin, method, `/v2/glimpse/replication${path}`, json === undefined ? {} : { json })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  test('takes rules, shows them with the numbers of their images, and removes them', async () => {
    const golden = { visibility: ['public'], properties: { tier: 'gold' }, min_age: 60, stores: ['one', 'two'] }
    const made = await call('PUT', '/rules/golden', golden)
    assert.equal(made.status, 201)
    const { updated_at: at, ...rule } = made.body
    assert.ok(Date.parse(at) > 0)
    const images = { satisfied: 0, pending: 0, failing: 0 }
    assert.deepEqual(rule, { name: 'golden', source: 'api', ...golden, copies: null, images })
    assert.equal((await call('PUT', '/rules/golden', { ...golden, copies: 1 })).status, 200)
    const line = { rule: 'golden', state: 'failing', reason: 'store two does not answer' } as const
    const status = { goodCopies: 1, isDue: false, checkedAt: new Date(0) }
    await api.repositories.replication.record({ imageId: 'i1', rules: [line], ...status })
    replicationMetrics(api.metrics, api.repositories)
    assert.match(await api.metrics.metrics(), /^glimpse_replication_images\{rule="golden",state="failing"\} 1$/m)
    const all = await call('GET', '/rules')
    assert.deepEqual(
      all.body.rules.map((each: { copies: number; images: object }) => [each.copies, each.images]),
      [[1, { ...images, failing: 1 }]],
    )
    assert.deepEqual((await call('GET', '/images/i1')).body, {
      image: 'i1',
      good_copies: 1,
      due: false,
      checked_at: '1970-01-01T00:00:00.000Z',
      rules: [line],
    })
    assert.equal((await call('DELETE', '/rules/golden')).status, 204)
    assert.equal((await call('DELETE', '/rules/golden')).status, 404)
    assert.equal((await call('GET', '/rules/golden')).status, 404)
  })

  test('refuses rules that cannot be meant', async () => {
    for (const [path, body, reason] of [
      ['/rules/r', { colour: 'red' }, /has no colour/],
      ['/rules/r', { stores: ['three'] }, /three not found/],
      ['/rules/R', {}, /name of a rule/],
      ['/rules/r', [], /A rule is an object/],
    ] as const) {
      const response = await api.call(admin, 'PUT', `/v2/glimpse/replication${path}`, { json: body })
      assert.equal(response.status, 400)
      assert.match(await response.text(), reason)
    }
  })

  test('lists images by state and rule, page by page', async () => {
    const satisfied = { rule: 'r', state: 'satisfied', reason: null } as const
    const status = { goodCopies: 2, isDue: false, checkedAt: null }
    for (const imageId of ['j1', 'j2', 'j3']) {
      await api.repositories.replication.record({ imageId, rules: [satisfied], ...status })
    }
    const seen: string[] = []
    for (let path: string | undefined = '/v2/glimpse/replication/images?rule=r&state=satisfied&limit=2'; path; ) {
      const response = await api.call(admin, 'GET', path)
      const body = (await response.json()) as { images: { image: string }[]; next?: string }
      seen.push(...body.images.map(({ image }) => image))
      path = body.next
    }
    assert.deepEqual(seen, ['j1', 'j2', 'j3'])
    assert.deepEqual((await call('GET', '/images?rule=r&state=failing')).body, { images: [] })
    assert.equal((await call('GET', '/images?state=odd')).status, 400)
    assert.equal((await call('GET', '/images?limit=0')).status, 400)
    assert.equal((await call('GET', '/images?marker=x')).status, 400)
    assert.equal((await call('GET', '/images/unknown')).status, 404)
  })

  test('is for administrators', async () => {
    for (const [method, path] of [
      ['GET', '/rules'],
      ['GET', '/rules/r'],
      ['PUT', '/rules/r'],
      ['DELETE', '/rules/r'],
      ['GET', '/images'],
      ['GET', '/images/i1'],
    ] as const) {
      assert.equal((await api.call(user, method, `/v2/glimpse/replication${path}`)).status, 403)
    }
    assert.equal((await api.call(admin, 'POST', '/v2/glimpse/replication/rules')).status, 405)
  })
})
