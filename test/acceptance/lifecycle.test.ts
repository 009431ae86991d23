import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { peers } from '../support/peers.ts'
import { until } from '../support/until.ts'
import { ImagesClient } from './support/client.ts'
import { type Deployment, deploy, target } from './support/deployment.ts'
import { expectStatus } from './support/http.ts'
import { makePersonas, type Personas } from './support/personas.ts'

describe(`images of ${target().name}`, () => {
  let deployment: Deployment
  let personas: Personas
  let member: ImagesClient
  let other: ImagesClient
  let admin: ImagesClient

  before(async () => {
    personas = await makePersonas((await peers('keystone')).keystone)
    deployment = await deploy(target())
    member = new ImagesClient(deployment, personas.member)
    other = new ImagesClient(deployment, personas.other)
    admin = new ImagesClient(deployment, personas.admin)
  })

  after(() => deployment?.[Symbol.asyncDispose]())

  const statusOf = async (client: ImagesClient, id: string) =>
    (await client.send({ method: 'GET', path: `/v2/images/${id}` })).status

  it('go from queued to active, with size and hashes, and come back bit for bit', async () => {
    const data = randomBytes(3_000_001)
    const created = await member.create({ name: 'random', disk_format: 'raw', container_format: 'bare' })
    assert.equal(created.status, 'queued')
    assert.equal(created.size, null)
    await member.upload(created.id, data)
    const image = await member.show(created.id)
    assert.equal(image.status, 'active')
    assert.equal(image.size, data.length)
    assert.equal(image.checksum, createHash('md5').update(data).digest('hex'))
    assert.equal(image.os_hash_algo, 'sha512')
    assert.equal(image.os_hash_value, createHash('sha512').update(data).digest('hex'))
    assert.ok(data.equals(await member.download(created.id)))
  })

  it('lie in the folder of the store under their id, and go with the image', async () => {
    const image = await member.createWithData({ name: 'on disk' }, 'some bytes')
    const path = join(deployment.imagesDirectory, image.id)
    assert.equal((await stat(path)).size, 10)
    await member.delete(image.id)
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('take data in chunks of unknown total size', async () => {
    const data = randomBytes(1_234_567)
    const { id } = await member.create({ disk_format: 'raw', container_format: 'bare' })
    await member.upload(id, data, { 'transfer-encoding': 'chunked' })
    assert.equal((await member.show(id)).size, data.length)
    assert.ok(data.equals(await member.download(id)))
  })

  it('refuse data twice and keep the first', async () => {
    const image = await member.createWithData({}, 'first')
    const answer = await member.send({
      method: 'PUT',
      path: `/v2/images/${image.id}/file`,
      headers: { 'content-type': 'application/octet-stream' },
      body: 'second',
    })
    assert.equal(answer.status, 409)
    assert.equal((await member.download(image.id)).toString(), 'first')
  })

  it('go back to queued, without a file, when the client vanishes in mid-upload', async () => {
    const { id } = await member.create({ disk_format: 'raw', container_format: 'bare' })
    const socket = connect({ port: deployment.service.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.write(
      `PUT /v2/images/${id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${personas.member.token}\r\n` +
        'Content-Type: application/octet-stream\r\nContent-Length: 10000000\r\n\r\n',
    )
    socket.write(randomBytes(200_000))
    await until(async () => (await member.show(id)).status === 'saving')
    socket.destroy()
    await until(async () => (await member.show(id)).status !== 'saving')
    assert.equal((await member.show(id)).status, 'queued')
    await until(async () => !(await readdir(deployment.imagesDirectory)).some((name) => name.includes(id)))
    await member.upload(id, 'again')
    assert.equal((await member.download(id)).toString(), 'again')
  })

  it('are gone after delete, and so is their data when it came at the same time', async () => {
    const { id } = await member.create({ disk_format: 'raw', container_format: 'bare' })
    const socket = connect({ port: deployment.service.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.write(
      `PUT /v2/images/${id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${personas.member.token}\r\n` +
        'Content-Type: application/octet-stream\r\nContent-Length: 400000\r\n\r\n',
    )
    socket.write(randomBytes(200_000))
    await until(async () => (await member.show(id)).status === 'saving')
    await member.delete(id)
    const answer = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (text.includes('\r\n\r\n')) resolve(text)
      })
      socket.on('close', () => resolve(text))
    })
    socket.write(randomBytes(200_000))
    assert.match(await answer, /^HTTP\/1\.1 410 /)
    socket.destroy()
    assert.equal(await statusOf(member, id), 404)
    await until(async () => !(await readdir(deployment.imagesDirectory)).some((name) => name.includes(id)))
  })

  it('are seen by a project they are shared with, and in its list once it accepts', async () => {
    const image = await member.createWithData({ name: 'shared', visibility: 'shared' }, 'data')
    const project = personas.other.projectId
    assert.equal(await statusOf(other, image.id), 404)
    await member.addMember(image.id, project)
    assert.equal(await statusOf(other, image.id), 200)
    const ids = async () => (await other.list('?visibility=shared&limit=1000')).images.map(({ id }) => id)
    assert.ok(!(await ids()).includes(image.id))
    await other.setMemberStatus(image.id, { member: project, status: 'accepted' })
    assert.ok((await ids()).includes(image.id))
    assert.equal((await other.download(image.id)).toString(), 'data')
  })

  it('give no data to users while deactivated', async () => {
    const image = await member.createWithData({}, 'data')
    await admin.act(image.id, 'deactivate')
    assert.equal((await member.show(image.id)).status, 'deactivated')
    const refused = await member.send({ method: 'GET', path: `/v2/images/${image.id}/file` })
    assert.equal(refused.status, 403)
    assert.equal((await admin.download(image.id)).toString(), 'data')
    await admin.act(image.id, 'reactivate')
    assert.equal((await member.download(image.id)).toString(), 'data')
  })

  it('cannot be deleted while protected', async () => {
    const image = await member.create({ name: 'protected', protected: true })
    assert.equal((await member.send({ method: 'DELETE', path: `/v2/images/${image.id}` })).status, 403)
    await member.patch(image.id, [{ op: 'replace', path: '/protected', value: false }])
    await member.delete(image.id)
  })

  it('change their properties and tags, and are found by them', async () => {
    const image = await member.create({ name: 'to change', tags: ['old'], colour: 'red' })
    const changed = await member.patch(image.id, [
      { op: 'replace', path: '/colour', value: 'mauve' },
      { op: 'replace', path: '/tags', value: ['new'] },
    ])
    assert.equal(changed.colour, 'mauve')
    expectStatus(await member.send({ method: 'PUT', path: `/v2/images/${image.id}/tags/newer` }), 204)
    const { images } = await member.list('?colour=mauve&tag=new&tag=newer')
    assert.deepEqual(
      images.map(({ id, tags }) => ({ id, tags: [...tags].sort() })),
      [{ id: image.id, tags: ['new', 'newer'] }],
    )
  })

  it('are listed page by page, each once, along the next links', async () => {
    const made = new Set<string>()
    for (let index = 0; index < 7; index++) made.add((await member.create({ name: 'page', batch: 'pages' })).id)
    const seen: string[] = []
    let page = await member.list('?batch=pages&limit=3&sort=name:asc')
    for (;;) {
      seen.push(...page.images.map(({ id }) => id))
      if (page.next === undefined) break
      page = await member.list(page.next.slice('/v2/images'.length))
    }
    assert.equal(seen.length, 7)
    assert.deepEqual(new Set(seen), made)
  })

  it('answer a client that asks before it sends the data', async () => {
    const { id } = await member.create({ disk_format: 'raw', container_format: 'bare' })
    const socket = connect({ port: deployment.service.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.write(
      `PUT /v2/images/${id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${personas.member.token}\r\n` +
        'Content-Type: application/octet-stream\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n',
    )
    await until(async () => text.startsWith('HTTP/1.1 100 Continue'))
    socket.write('data')
    await until(async () => text.includes('HTTP/1.1 204 '))
    socket.destroy()
    assert.equal((await member.download(id)).toString(), 'data')
  })
})
