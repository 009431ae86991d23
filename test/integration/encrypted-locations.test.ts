import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy } from '../acceptance/support/deployment.ts'
import { makePersonas } from '../acceptance/support/personas.ts'
import { glimpse, type Implementation, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'

const extra = {
  DEFAULT: {
    metadata_encryption_key: '0123456789abcdef01234567',
    show_multiple_locations: true,
    show_image_direct_url: true,
    delayed_delete: true,
  },
}

describe('encrypted locations, beside the reference on one database and one folder', () => {
  let first: Deployment
  let second: Deployment
  let users: Record<'reference' | 'glimpse', ImagesClient>

  before(async () => {
    const { member } = await makePersonas((await peers('keystone')).keystone)
    first = await deploy(reference, { extra })
    second = await deploy(glimpse, { beside: first, extra })
    users = { reference: new ImagesClient(first, member), glimpse: new ImagesClient(second, member) }
  })

  after(async () => {
    await second?.[Symbol.asyncDispose]()
    await first?.[Symbol.asyncDispose]()
  })

  const storedOf = (id: string) =>
    first.database.query<{ value: string; status: string }>(
      `select value, status from image_locations where image_id = '${id}'`,
    )
  const scrub = ({ service }: Deployment, { api }: Implementation) =>
    promisify(execFile)(
      join(dirname(api), 'glance-scrubber'),
      service.configPaths.flatMap((path) => ['--config-file', path]),
    )

  for (const [maker, taker] of [
    ['reference', 'glimpse'],
    ['glimpse', 'reference'],
  ] as const) {
    it(`${taker} reads, lists and deletes what ${maker} has written`, async () => {
      const image = await users[maker].createWithData({ name: `of ${maker}` }, 'the data')
      const [stored] = await storedOf(image.id)
      assert.match(stored?.value ?? '', /^[\w-]{44,}={0,2}$/)
      const url = `file://${first.imagesDirectory}/${image.id}`
      assert.equal(image.direct_url, url)
      const shown = await users[taker].show(image.id)
      assert.equal(shown.direct_url, url)
      assert.deepEqual(shown.locations, image.locations)
      const { images } = await users[taker].list(`?name=of%20${maker}`)
      assert.deepEqual(
        images.map(({ direct_url }) => direct_url),
        [url],
      )
      assert.equal((await users[taker].download(image.id)).toString(), 'the data')
      // A change of anything else leaves the location what it is.
      await users[taker].patch(image.id, [{ op: 'replace', path: '/name', value: 'changed' }])
      assert.equal((await users[maker].show(image.id)).direct_url, url)
      await users[taker].delete(image.id)
      assert.deepEqual(
        (await storedOf(image.id)).map(({ status }) => status),
        ['pending_delete'],
      )
    })
  }

  it("glance-scrubber removes data whose location is encrypted, the reference's too", async () => {
    const ids: string[] = []
    for (const user of [users.reference, users.glimpse]) {
      const { id } = await user.createWithData({}, 'data')
      await user.delete(id)
      ids.push(id)
    }
    const files = async () => (await readdir(first.imagesDirectory)).filter((name) => ids.includes(name))
    assert.equal((await files()).length, 2)
    await scrub(second, glimpse)
    assert.deepEqual(await files(), [])
  })

  it('the scrubber of the reference removes data that Glimpse has written', async () => {
    const { id } = await users.glimpse.createWithData({}, 'data')
    await users.glimpse.delete(id)
    await scrub(first, reference)
    assert.ok(!(await readdir(first.imagesDirectory)).includes(id))
  })

  it('a location that was written without a key stays readable', async () => {
    const { id, direct_url: url } = await users.glimpse.createWithData({}, 'data')
    await first.database.query(`update image_locations set value = '${String(url)}' where image_id = '${id}'`)
    assert.equal((await users.glimpse.show(id)).direct_url, url)
    assert.equal((await users.glimpse.download(id)).toString(), 'data')
  })
})
