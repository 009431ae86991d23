import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { SwiftStoreConfig } from '../../src/drivers/stores/swift/options.ts'
import { openSwiftStore } from '../../src/drivers/stores/swift/swift-store.ts'
import { hasErrorCode, pieces, put } from '../contract/store-fixture.ts'
import type { TestUser } from '../support/keystone.ts'
import { peers } from '../support/peers.ts'
import {
  newContainerName,
  type SwiftPeer,
  SwiftView,
  serviceView,
  swiftPeer,
  swiftStoreConfig,
} from '../support/swift.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const segmentBytes = 1_024_000
const smallSegments = { swift_store_large_object_size: 1, swift_store_large_object_chunk_size: 1 }
const noAccount = { swift_store_auth_address: null, swift_store_user: null, swift_store_key: null }

let peer: SwiftPeer
let view: SwiftView
let directory: string
before(async () => {
  peer = await swiftPeer()
  view = await serviceView(peer)
  directory = await mkdtemp(join(tmpdir(), 'glimpse-swift-'))
})
after(() => rm(directory, { recursive: true, force: true }))

async function open(t: TestContext, options: Partial<SwiftStoreConfig> = {}) {
  const container = newContainerName()
  const config = swiftStoreConfig(peer, { swift_store_container: container, ...options })
  const store = await openSwiftStore('swift', { config, authAddress: peer.keystone.authUrl })
  t.after(() => store.close())
  return { store, container: config.swift_store_container }
}

/** Tokens that Keystone took back are refused as soon as nobody remembers them. */
async function requireRefused(user: TestUser, token: string): Promise<void> {
  await forgetTokens()
  await assert.rejects(new SwiftView(peer, { projectId: user.projectId, token }).containers(''), /401/)
}

async function forgetTokens(): Promise<void> {
  const { memcached } = await peers('memcached')
  const socket = connect(memcached.port, memcached.host)
  socket.end('flush_all\r\nquit\r\n')
  await buffer(socket)
}

describe('the accounts of Swift stores', () => {
  it('stand in a file, and locations name them without a secret', async (t) => {
    const path = join(directory, 'accounts.conf')
    const account = `auth_address = ${peer.keystone.authUrl}\nuser = ${peer.user}\nkey = "${peer.key}"\n`
    await writeFile(
      path,
      `[one]\n${account}[two]\n${account}project_domain_name = Default\nuser_domain_name = Default\n`,
    )
    const options = { ...noAccount, swift_store_config_file: path, default_swift_reference: 'two' }
    const { store, container } = await open(t, options)
    const key = randomUUID()
    const { url } = await put(await store.create(key, { sizeBytes: 3 }), [Buffer.from('abc')])
    assert.equal(url, `swift+config://two/${container}/${key}`)
    for (const reference of ['one', 'two']) {
      const read = await buffer(await store.open(`swift+config://${reference}/${container}/${key}`, {}))
      assert.equal(read.toString(), 'abc')
    }
    await assert.rejects(store.size(`swift+config://three/${container}/${key}`), hasErrorCode('store_unavailable'))
  })

  it('stand in locations without a file, and keep working there after their key has changed', async (t) => {
    const { store, container } = await open(t)
    const key = randomUUID()
    const { url } = await put(await store.create(key, { sizeBytes: 3 }), [Buffer.from('abc')])
    const place = `127.0.0.1:${new URL(peer.keystone.authUrl).port}/v3/${container}/${key}`
    const user = encodeURIComponent(peer.user)
    assert.equal(url, `swift+http://${user}:${peer.key}@${place}`)
    assert.equal(await store.size(`swift+http://${user}:former-key@${place}`), 3)
  })

  it('help nobody to the size of data whose login he does not know', async (t) => {
    const { store, container } = await open(t)
    const key = randomUUID()
    const { url } = await put(await store.create(key, { sizeBytes: 3 }), [Buffer.from('abc')])
    assert.equal(await store.sizeAsWritten?.(url), 3)
    const bare = url.replace(/:\/\/.*@/, '://')
    for (const other of [bare, url.replace(`:${peer.key}@`, ':guess@'), `swift+config://ref1/${container}/${key}`]) {
      await assert.rejects(async () => store.sizeAsWritten?.(other), hasErrorCode('blob_not_found'))
    }
  })

  it('are at servers of the configuration, for callers of projects', async (t) => {
    const { store, container } = await open(t)
    const place = `${container}/${randomUUID()}`
    const known = `127.0.0.1:${new URL(peer.keystone.authUrl).port}/v3`
    assert.equal(store.admits?.(`swift+http://any:key@${known}/${place}`), true)
    for (const server of ['127.0.0.1:1/v3', `${known}/more`, 'elsewhere.example/v3']) {
      assert.equal(store.admits?.(`swift+http://any:key@${server}/${place}`), false, server)
    }
  })

  it('are application credentials', async (t) => {
    const user = await peer.keystone.createUser({ roles: ['member'] })
    const answer = await fetch(`${peer.keystone.authUrl}/users/${user.userId}/application_credentials`, {
      method: 'POST',
      headers: { 'x-auth-token': await user.token(), 'content-type': 'application/json' },
      body: JSON.stringify({ application_credential: { name: 'images' } }),
    })
    const { application_credential: made } = (await answer.json()) as {
      application_credential: { id: string; secret: string }
    }
    const path = join(directory, 'credentials.conf')
    await writeFile(
      path,
      `[DEFAULT]\nauth_address = ${peer.keystone.authUrl}\n[ref1]\napplication_credential_id = ${made.id}\napplication_credential_secret = ${made.secret}\n`,
    )
    const stores = [
      { ...noAccount, swift_store_config_file: path },
      {
        ...noAccount,
        swift_store_auth_address: peer.keystone.authUrl,
        swift_store_application_credential_id: made.id,
        swift_store_application_credential_secret: made.secret,
      },
    ]
    for (const options of stores) {
      const { store } = await open(t, options)
      const { url } = await put(await store.create(randomUUID(), { sizeBytes: 3 }), [Buffer.from('abc')])
      assert.ok(!url.includes(made.secret))
      assert.equal((await buffer(await store.open(url, {}))).toString(), 'abc')
      await store.delete(url)
    }
  })

  it('are checked when the store is opened', async (t) => {
    const misconfigured = hasErrorCode('store_misconfigured')
    const path = join(directory, 'broken.conf')
    await writeFile(path, '[ref1]\nuser = a:b\n')
    await assert.rejects(open(t, { swift_store_config_file: path }), misconfigured)
    await assert.rejects(open(t, { swift_store_config_file: join(directory, 'absent') }), misconfigured)
    await assert.rejects(open(t, noAccount), misconfigured)
    await assert.rejects(open(t, { default_swift_reference: 'other', swift_store_config_file: path }), misconfigured)
  })
})

describe('images in Swift', () => {
  it('are spread over containers by the first characters of their ids', async (t) => {
    const { store, container } = await open(t, { swift_store_multiple_containers_seed: 10 })
    const key = 'FDAE39A1-bac5-4238-aba4-69bcc726e848'
    const { url } = await put(await store.create(key, { sizeBytes: 3 }), [Buffer.from('abc')])
    assert.ok(url.endsWith(`/${container}_fdae39a1-ba/${key}`))
    assert.equal((await buffer(await store.open(url, {}))).toString(), 'abc')
  })

  it('need a container that is there, unless it may be made', async (t) => {
    const { store } = await open(t, { swift_store_create_container_on_put: false })
    await assert.rejects(store.create(randomUUID(), { sizeBytes: 3 }), hasErrorCode('store_unavailable'))
  })

  it('that are large lie in segments, which a manifest names', async (t) => {
    const { store, container } = await open(t, smallSegments)
    const key = randomUUID()
    const data = randomBytes(2 * segmentBytes + 77)
    for (const sizeBytes of [data.length, null]) {
      const { url } = await put(await store.create(key, { sizeBytes }), pieces(data, 99_991))
      const answer = await view.request('HEAD', `/${container}/${key}`)
      const [, prefix = ''] = (answer.headers.get('x-object-manifest') ?? '').split('/')
      assert.deepEqual(await view.objects(container), [key, ...[1, 2, 3].map((number) => `${prefix}0000${number}`)])
      assert.ok((await buffer(await store.open(url, {}))).equals(data))
      await store.delete(url)
      assert.deepEqual(await view.objects(container), [])
    }
  })

  it('are uploaded and downloaded although the token ends on the way', async (t) => {
    const account = await peer.keystone.createUser({ roles: ['member'] })
    const { store } = await open(t, {
      ...smallSegments,
      swift_store_user: `${account.project}:${account.username}`,
      swift_store_key: account.password,
    })
    const data = randomBytes(4 * segmentBytes)
    const token = await account.token()
    const writer = await store.create(randomUUID(), { sizeBytes: null })
    for (const [i, piece] of pieces(data).entries()) {
      await writer.write(piece)
      if (i !== 8) continue
      await revokeAll(account)
      await requireRefused(account, token)
    }
    const { url } = await writer.commit()
    await writer.settle()
    await revokeAll(account)
    await forgetTokens()
    assert.ok((await buffer(await store.open(url, {}))).equals(data))
  })

  it('in the account of a user are uploaded although his token ends on the way, by a trust', async (t) => {
    const user = await peer.keystone.createUser({ roles: ['member'] })
    const { store } = await open(t, { ...smallSegments, swift_store_multi_tenant: true })
    const token = await user.token()
    const requester = { userId: user.userId, projectId: user.projectId, token }
    const data = randomBytes(4 * segmentBytes)
    const writer = await store.create(randomUUID(), { sizeBytes: data.length, requester })
    const trusts = () =>
      peer.keystone.request<{ trusts: unknown[] }>('GET', `/OS-TRUST/trusts?trustor_user_id=${user.userId}`)
    assert.equal((await trusts()).trusts.length, 1)
    for (const [i, piece] of pieces(data).entries()) {
      await writer.write(piece)
      if (i !== 8) continue
      await peer.keystone.revoke(token)
      await requireRefused(user, token)
    }
    const { url } = await writer.commit()
    await writer.settle()
    assert.equal((await trusts()).trusts.length, 0)
    const later = { ...requester, token: await user.token() }
    assert.ok((await buffer(await store.open(url, { requester: later }))).equals(data))
    await store.delete(url, { requester: later })
    assert.deepEqual(await new SwiftView(peer, { ...user, token: later.token }).containers('glimpse'), [])
  })

  it('in the accounts of users are reached with the account of the service where there is no token, as in jobs', async (t) => {
    const user = await peer.keystone.createUser({ roles: ['member'] })
    const service = await peer.keystone.createUser({ roles: ['member', 'ResellerAdmin'] })
    const { store, container } = await open(t, {
      swift_store_multi_tenant: true,
      swift_store_user: `${service.project}:${service.username}`,
      swift_store_key: service.password,
    })
    const key = randomUUID()
    const requester = { userId: user.userId, projectId: user.projectId, token: null }
    const { url } = await put(await store.create(key, { sizeBytes: null, requester }), [Buffer.from('abc')])
    assert.equal(url, `swift+${view.url.replace(/AUTH_.*/, `AUTH_${user.projectId}`)}/${container}_${key}/${key}`)
    const own = { ...requester, token: await user.token() }
    assert.equal((await buffer(await store.open(url, { requester: own }))).toString(), 'abc')
    const { userId, projectId, token } = await peer.keystone
      .createUser({ roles: ['member'] })
      .then(async (stranger) => {
        return { ...stranger, token: await stranger.token() }
      })
    await assert.rejects(store.size(url, { requester: { userId, projectId, token } }), hasErrorCode('forbidden'))
    assert.equal(await store.size(url), 3)
    // A location that a user wrote is his own business.
    assert.equal(await store.sizeAsWritten?.(url, { requester: own }), 3)
    for (const options of [{}, { requester: { userId, projectId, token } }]) {
      await assert.rejects(async () => store.sizeAsWritten?.(url, options), hasErrorCode('blob_not_found'))
    }
    await assert.rejects(store.size(url.replace(`/${key}`, '/other')), hasErrorCode('blob_not_found'))
    await store.delete(url)
    assert.deepEqual(await new SwiftView(peer, { ...user, token: own.token }).containers(container), [])
    await assert.rejects(store.create(key, { sizeBytes: 3 }), hasErrorCode('store_unavailable'))
  })

  it('at an address that is no known Swift get no token', async (t) => {
    const user = await peer.keystone.createUser({ roles: ['member'] })
    const { store } = await open(t, { swift_store_multi_tenant: true })
    const requester = { userId: user.userId, projectId: user.projectId, token: await user.token() }
    const url = `swift+http://127.0.0.1:9/v1/AUTH_${user.projectId}/container/object`
    await assert.rejects(store.size(url, { requester }), hasErrorCode('blob_not_found'))
  })

  it('are uploaded although the connection breaks, where segments are buffered', async (t) => {
    const proxy = await startTcpProxy(peer)
    t.after(() => proxy[Symbol.asyncDispose]())
    const endpoint = view.url.replace(`:${peer.port}/`, `:${proxy.port}/`)
    const buffering = { swift_buffer_on_upload: true, swift_upload_buffer_dir: directory }
    const { store, container } = await open(t, { ...smallSegments, ...buffering, swift_store_endpoint: endpoint })
    const data = randomBytes(3 * segmentBytes + 5)
    const writer = await store.create(randomUUID(), { sizeBytes: null })
    for (const [i, piece] of pieces(data).entries()) {
      await writer.write(piece)
      if (i === 4) proxy.refuse()
    }
    setTimeout(() => proxy.resume(), 300)
    const { url } = await writer.commit()
    await writer.settle()
    assert.ok((await buffer(await store.open(url, {}))).equals(data))
    const aborted = await store.create(randomUUID(), { sizeBytes: null })
    for (const piece of pieces(data)) await aborted.write(piece)
    await aborted.abort()
    assert.equal((await view.objects(container)).length, 5)
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.startsWith('glimpse-')),
      [],
    )
    await assert.rejects(open(t, { swift_buffer_on_upload: true }), hasErrorCode('store_misconfigured'))
  })

  it('are read on from where a download broke off, as often as the option says', async (t) => {
    const proxy = await startTcpProxy(peer)
    t.after(() => proxy[Symbol.asyncDispose]())
    const endpoint = view.url.replace(`:${peer.port}/`, `:${proxy.port}/`)
    const { store } = await open(t, { swift_store_endpoint: endpoint, swift_store_retry_get_count: 2 })
    const data = randomBytes(16 * 1024 * 1024)
    const { url } = await put(await store.create(randomUUID(), { sizeBytes: data.length }), pieces(data))
    const readWithCuts = async (cuts: number): Promise<Buffer> => {
      const chunks: Buffer[] = []
      let left = cuts
      let readBytes = 0
      for await (const chunk of await store.open(url, { range: { offset: 5 } })) {
        chunks.push(chunk)
        readBytes += chunk.length
        if (left > 0 && readBytes > (cuts - left) * 4_000_000) {
          left -= 1
          proxy.cut()
        }
      }
      return Buffer.concat(chunks)
    }
    assert.ok((await readWithCuts(2)).equals(data.subarray(5)))
    await assert.rejects(readWithCuts(3), hasErrorCode('store_unavailable', 'blob_truncated'))
  })
})

/** Ends the validity of all tokens of a user: Keystone does so when his password changes. */
async function revokeAll(user: TestUser): Promise<void> {
  await peer.keystone.request('PATCH', `/users/${user.userId}`, { user: { password: user.password } })
}
