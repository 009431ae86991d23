import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy } from '../acceptance/support/deployment.ts'
import { makePersonas } from '../acceptance/support/personas.ts'
import { type CephPool, makeCephPool } from '../support/ceph.ts'
import type { Sections } from '../support/config-file.ts'
import { glimpse, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'

type Side = 'reference' | 'glimpse'
const directions: readonly (readonly [Side, Side])[] = [
  ['reference', 'glimpse'],
  ['glimpse', 'reference'],
]

const { keystone } = await peers('keystone')
const { member } = await makePersonas(keystone)

/** Where images go in both services, and how to see what lies there. */
interface SharedStore extends AsyncDisposable {
  readonly sections: Sections
  /** True if there is anything of the image. */
  holds(id: string): Promise<boolean>
}

/** Glimpse and the reference on one database and one store: each serves what the other has stored. */
function describeSideBySide<Store extends SharedStore>(
  name: string,
  open: () => Promise<Store>,
  more: (get: () => { store: Store; users: Record<Side, ImagesClient> }) => void = () => {},
): void {
  describe(`Glimpse and the reference on one ${name}`, () => {
    let store: Store
    let users: Record<Side, ImagesClient>
    const deployments: Deployment[] = []

    before(async () => {
      store = await open()
      const first = await deploy(reference, { extra: store.sections })
      deployments.push(first)
      const second = await deploy(glimpse, { extra: store.sections, beside: first })
      deployments.unshift(second)
      users = { reference: new ImagesClient(first, member), glimpse: new ImagesClient(second, member) }
    })

    after(async () => {
      for (const deployment of deployments) await deployment[Symbol.asyncDispose]()
      await store?.[Symbol.asyncDispose]()
    })

    for (const [maker, taker] of directions) {
      it(`an image that ${maker} stored is downloaded and deleted by ${taker}`, async () => {
        const data = randomBytes(9 * 2 ** 20 + 17)
        const { id } = await users[maker].createWithData({}, data)
        assert.ok(await store.holds(id))
        assert.ok((await users[taker].download(id)).equals(data))
        // The reference serves ranges from local files alone.
        if (taker === 'glimpse') {
          const range = { range: 'bytes=8388600-8388620' }
          const part = await users[taker].send({ method: 'GET', path: `/v2/images/${id}/file`, headers: range })
          assert.equal(part.status, 206)
          assert.ok(part.body.equals(data.subarray(8_388_600, 8_388_621)))
        }
        await users[taker].delete(id)
        assert.ok(!(await store.holds(id)))
      })
    }

    more(() => ({ store, users }))
  })
}

interface RbdStore extends SharedStore {
  readonly pool: CephPool
}

async function openRbd(form: 'backend' | 'single'): Promise<RbdStore> {
  const { ceph } = await peers('ceph')
  const pool = await makeCephPool(ceph)
  const options = {
    rbd_store_pool: pool.name,
    rbd_store_user: ceph.user,
    rbd_store_ceph_conf: ceph.configPath,
  }
  const sections: Sections =
    form === 'single'
      ? {
          DEFAULT: { enabled_backends: undefined },
          glance_store: { default_backend: undefined, stores: 'rbd', default_store: 'rbd', ...options },
        }
      : { DEFAULT: { enabled_backends: 'ceph1:rbd' }, glance_store: { default_backend: 'ceph1' }, ceph1: options }
  return {
    pool,
    sections,
    holds: async (id) => (await pool.images()).some((image) => image.includes(id)),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

describeSideBySide(
  'RBD pool',
  () => openRbd('backend'),
  (get) => {
    for (const [maker, taker] of directions) {
      it(`an image of ${maker} that is cloned is kept by both, whole`, async () => {
        const { store, users } = get()
        const data = randomBytes(100_000)
        const { id } = await users[maker].createWithData({}, data)
        await store.pool.rbd('clone', `${store.pool.name}/${id}@snap`, `${store.pool.name}/clone`)
        for (const side of [maker, taker]) {
          const answer = await users[side].send({ method: 'DELETE', path: `/v2/images/${id}` })
          assert.equal(answer.status, 409, side)
          assert.equal((await users[side].show(id)).status, 'active', side)
        }
        assert.ok((await users[taker].download(id)).equals(data))
        await store.pool.rbd('rm', 'clone')
        await users[taker].delete(id)
        assert.ok(!(await store.holds(id)))
      })
    }

    it('is described alike', async () => {
      const { users } = get()
      const [theirs, ours] = await Promise.all(
        [users.reference, users.glimpse].map((user) => user.send({ method: 'GET', path: '/v2/info/stores' })),
      )
      assert.deepEqual(JSON.parse(String(ours?.body)), JSON.parse(String(theirs?.body)))
    })
  },
)

describeSideBySide('RBD pool, in the form of a single store', () => openRbd('single'))
