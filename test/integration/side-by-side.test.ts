import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy } from '../acceptance/support/deployment.ts'
import { makePersonas } from '../acceptance/support/personas.ts'
import { glimpse, manage, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { until } from '../support/until.ts'

describe('Glimpse and the reference on one database and one folder', () => {
  let first: Deployment
  let second: Deployment
  /** The same two users, through either service. */
  let users: Record<'reference' | 'glimpse', { member: ImagesClient; other: ImagesClient; admin: ImagesClient }>
  let otherProject: string
  /** Both share it. */
  let staging: string

  before(async () => {
    const personas = await makePersonas((await peers('keystone')).keystone)
    staging = await mkdtemp(join(tmpdir(), 'glimpse-staging-'))
    const extra = { os_glance_staging_store: { filesystem_store_datadir: staging } }
    first = await deploy(reference, { extra })
    second = await deploy(glimpse, { extra, beside: first })
    const clients = (deployment: Deployment) => ({
      member: new ImagesClient(deployment, personas.member),
      other: new ImagesClient(deployment, personas.other),
      admin: new ImagesClient(deployment, personas.admin),
    })
    users = { reference: clients(first), glimpse: clients(second) }
    otherProject = personas.other.projectId
  })

  after(async () => {
    await second?.[Symbol.asyncDispose]()
    await first?.[Symbol.asyncDispose]()
    if (staging) await rm(staging, { recursive: true, force: true })
  })

  for (const [maker, taker] of [
    ['reference', 'glimpse'],
    ['glimpse', 'reference'],
  ] as const) {
    it(`an image of ${maker} is shown, listed and downloaded by ${taker}`, async () => {
      const image = await users[maker].member.createWithData(
        { name: `of ${maker}`, tags: ['a', 'b'], kind: 'test', min_disk: 3 },
        'the data',
      )
      assert.deepEqual(sorted(await users[taker].member.show(image.id)), sorted(image))
      const { images } = await users[taker].member.list(`?name=of%20${maker}`)
      assert.deepEqual(images.map(sorted), [sorted(image)])
      assert.equal((await users[taker].member.download(image.id)).toString(), 'the data')
    })

    it(`an image of ${maker} is changed by ${taker}, and ${maker} sees it`, async () => {
      const { id } = await users[maker].member.createWithData({ tags: ['old'], kind: 'x', gone: 'y' }, 'data')
      const changed = await users[taker].member.patch(id, [
        { op: 'replace', path: '/name', value: 'changed' },
        { op: 'replace', path: '/tags', value: ['new', 'newer'] },
        { op: 'replace', path: '/kind', value: 'z' },
        { op: 'remove', path: '/gone' },
        { op: 'add', path: '/gained', value: 'w' },
      ])
      assert.deepEqual(sorted(await users[maker].member.show(id)), sorted(changed))
      // What was removed may come back: both keep the old row and have to revive it.
      const restored = await users[maker].member.patch(id, [{ op: 'add', path: '/gone', value: 'back' }])
      assert.deepEqual(sorted(await users[taker].member.show(id)), sorted(restored))
    })

    it(`an image of ${maker} gets its data through ${taker}`, async () => {
      const { id } = await users[maker].member.create({ disk_format: 'raw', container_format: 'bare' })
      await users[taker].member.upload(id, 'late data')
      const image = await users[maker].member.show(id)
      assert.equal(image.status, 'active')
      assert.deepEqual(sorted(await users[taker].member.show(id)), sorted(image))
      assert.equal((await users[maker].member.download(id)).toString(), 'late data')
    })

    it(`an image of ${maker} is shared, deactivated and reactivated through ${taker}`, async () => {
      const { id } = await users[maker].member.createWithData({ visibility: 'shared' }, 'data')
      await users[taker].member.addMember(id, otherProject)
      await users[maker].other.setMemberStatus(id, { member: otherProject, status: 'accepted' })
      assert.equal((await users[taker].other.download(id)).toString(), 'data')
      await users[taker].admin.act(id, 'deactivate')
      assert.equal((await users[maker].member.show(id)).status, 'deactivated')
      await users[maker].admin.act(id, 'reactivate')
      assert.equal((await users[taker].member.show(id)).status, 'active')
    })

    it(`data staged at ${maker} is imported by ${taker}, and both show how it goes`, async () => {
      const { id } = await users[maker].member.create({ disk_format: 'raw', container_format: 'bare' })
      await users[maker].member.stage(id, 'staged data')
      assert.equal((await users[taker].member.show(id)).status, 'uploading')
      await users[taker].member.import(id, { method: { name: 'glance-direct' } })
      await until(async () => (await users[maker].member.show(id)).status === 'active')
      assert.equal((await users[maker].member.download(id)).toString(), 'staged data')
      await until(async () => (await users[maker].member.tasks(id))[0]?.status === 'success')
      assert.deepEqual(await users[maker].member.tasks(id), await users[taker].member.tasks(id))
      await until(async () => !(await readdir(staging)).some((name) => name.startsWith(id)))
    })

    it(`a namespace of ${maker} is shown, changed and deleted through ${taker}`, async () => {
      const path = `/v2/metadefs/namespaces`
      const namespace = `Beside::${maker}`
      const properties = { cores: { title: 'Cores', type: 'integer', minimum: 1 } }
      const made = await users[maker].admin.sendJson('POST', path, { namespace, visibility: 'public', properties })
      assert.equal(made.status, 201)
      const shown = () =>
        Promise.all(
          [maker, taker].map(async (name) =>
            JSON.parse((await users[name].admin.send({ method: 'GET', path: `${path}/${namespace}` })).body.toString()),
          ),
        )
      const [own, others] = await shown()
      assert.deepEqual(others, own)
      const change = { namespace, visibility: 'public', display_name: 'changed' }
      assert.equal((await users[taker].admin.sendJson('PUT', `${path}/${namespace}`, change)).status, 200)
      assert.deepEqual(
        (await shown()).map(({ display_name }) => display_name),
        ['changed', 'changed'],
      )
      assert.equal((await users[taker].admin.send({ method: 'DELETE', path: `${path}/${namespace}` })).status, 204)
      assert.equal((await users[maker].admin.send({ method: 'GET', path: `${path}/${namespace}` })).status, 404)
    })

    it(`an image of ${maker} is deleted through ${taker}, with its data`, async () => {
      const { id } = await users[maker].member.createWithData({}, 'data')
      assert.ok((await readdir(first.imagesDirectory)).includes(id))
      await users[taker].member.delete(id)
      const answer = await users[maker].member.send({ method: 'GET', path: `/v2/images/${id}` })
      assert.equal(answer.status, 404)
      assert.ok(!(await readdir(first.imagesDirectory)).includes(id))
    })
  }

  it('both find the database up to date', async () => {
    const { configPaths } = second.service
    const version = await manage(reference, first.service.configPaths, ['db', 'version'])
    assert.equal(await manage(glimpse, configPaths, ['db', 'version']), version)
    await manage(reference, first.service.configPaths, ['db_sync'])
    await manage(glimpse, configPaths, ['db_sync'])
    assert.equal(await manage(reference, first.service.configPaths, ['db', 'version']), version)
  })
})

/** Neither service promises an order of tags. */
function sorted(image: Readonly<Record<string, unknown>> & { readonly tags: readonly string[] }) {
  return { ...image, tags: [...image.tags].sort() }
}
