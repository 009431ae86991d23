import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy } from '../acceptance/support/deployment.ts'
import { expectStatus } from '../acceptance/support/http.ts'
import type { Sections } from '../support/config-file.ts'
import { glimpse, reference } from '../support/implementations.ts'
import type { TestUser } from '../support/keystone.ts'
import { newContainerName, type SwiftPeer, SwiftView, serviceView, swiftPeer } from '../support/swift.ts'

const segmentBytes = 1_024_000
/** Three segments, the last of odd size; and what is stored as one object. */
const sizes = { large: 2 * segmentBytes + 123_457, small: 10_007 }

describe('Glimpse and the reference on one database and one Swift', () => {
  let peer: SwiftPeer
  let first: Deployment
  let second: Deployment
  let member: TestUser
  let other: TestUser
  let directory: string
  let users: Record<'reference' | 'glimpse', { member: ImagesClient; other: ImagesClient }>
  let views: { service: SwiftView; member: SwiftView }
  const container = newContainerName()

  before(async () => {
    peer = await swiftPeer()
    directory = await mkdtemp(join(tmpdir(), 'glimpse-swift-'))
    const configFile = join(directory, 'swift-store.conf')
    const account = `auth_address = ${peer.keystone.authUrl}\nauth_version = 3\nuser = ${peer.user}\nkey = ${peer.key}\n`
    await writeFile(configFile, `[ref1]\n${account}`)
    const extra = sections(peer, { configFile, container })
    first = await deploy(reference, { extra })
    second = await deploy(glimpse, { extra, beside: first })
    const makeUser = () => peer.keystone.createUser({ roles: ['member', 'reader'] })
    ;[member, other] = await Promise.all([makeUser(), makeUser()])
    const [token, otherToken] = await Promise.all([member.token(), other.token()])
    const clients = (deployment: Deployment) => ({
      member: new ImagesClient(deployment, { token, projectId: member.projectId }),
      other: new ImagesClient(deployment, { token: otherToken, projectId: other.projectId }),
    })
    users = { reference: clients(first), glimpse: clients(second) }
    views = {
      service: await serviceView(peer),
      member: new SwiftView(peer, { projectId: member.projectId, token }),
    }
  })

  after(async () => {
    await second?.[Symbol.asyncDispose]()
    await first?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  for (const store of ['referenced', 'direct', 'tenants'] as const) {
    const things = () => views[store === 'tenants' ? 'member' : 'service'].things(`${container}-${store}`)
    for (const [maker, taker] of [
      ['reference', 'glimpse'],
      ['glimpse', 'reference'],
    ] as const) {
      it(`an image that ${maker} put into the store "${store}" is downloaded and deleted by ${taker}`, async () => {
        for (const size of [sizes.large, sizes.small]) {
          const data = randomBytes(size)
          const client = users[maker].member
          const { id } = await client.create({ disk_format: 'raw', container_format: 'bare' })
          await client.upload(id, data, { 'x-image-meta-store': store })
          assert.ok((await users[taker].member.download(id)).equals(data))
          assert.equal((await things()).length, size === sizes.large ? 4 : 1)
          await users[taker].member.delete(id)
          assert.deepEqual(await things(), [])
        }
        if (store === 'tenants') assert.deepEqual(await views.member.containers(`${container}-tenants`), [])
      })
    }
  }

  for (const service of ['reference', 'glimpse'] as const) {
    it(`whoever may have an image in its owner's account may read it there, as ${service} sees to it`, async () => {
      const { member: owner, other: reader } = users[service]
      const readAccess = async () => {
        const answer = await views.member.request('HEAD', `/${container}-tenants_${id}`)
        return answer.headers.get('x-container-read')
      }
      const { id } = await owner.create({ disk_format: 'raw', container_format: 'bare', visibility: 'shared' })
      await owner.upload(id, 'the data', { 'x-image-meta-store': 'tenants' })
      assert.equal(await readAccess(), null)
      await owner.addMember(id, other.projectId)
      assert.equal(await readAccess(), `${other.projectId}:*`)
      assert.equal((await reader.download(id)).toString(), 'the data')
      expectStatus(await owner.send({ method: 'DELETE', path: `/v2/images/${id}/members/${other.projectId}` }), 204)
      assert.equal(await readAccess(), null)
      await owner.patch(id, [{ op: 'replace', path: '/visibility', value: 'community' }])
      assert.equal(await readAccess(), '*:*')
      assert.equal((await reader.download(id)).toString(), 'the data')
      await owner.delete(id)
    })
  }
})

function sections(peer: SwiftPeer, { configFile, container }: { configFile: string; container: string }): Sections {
  const common = {
    swift_store_auth_version: '3',
    swift_store_create_container_on_put: true,
    swift_store_large_object_size: 1,
    swift_store_large_object_chunk_size: 1,
  }
  const account = {
    swift_store_auth_address: peer.keystone.authUrl,
    swift_store_user: peer.user,
    swift_store_key: peer.key,
  }
  return {
    DEFAULT: { enabled_backends: 'file1:file,referenced:swift,direct:swift,tenants:swift' },
    referenced: { ...common, swift_store_container: `${container}-referenced`, swift_store_config_file: configFile },
    direct: { ...common, ...account, swift_store_container: `${container}-direct` },
    tenants: { ...common, ...account, swift_store_container: `${container}-tenants`, swift_store_multi_tenant: true },
  }
}
