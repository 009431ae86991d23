import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open as openFile, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy } from '../acceptance/support/deployment.ts'
import { makePersonas, type Persona } from '../acceptance/support/personas.ts'
import { digestFile, downloadDigest, open, uploadFile } from '../acceptance/support/stream.ts'
import { accepts } from '../peers/ports.ts'
import { run } from '../peers/processes.ts'
import { glimpse } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { until } from '../support/until.ts'

const mebibyte = 1024 * 1024

describe('the data of images', () => {
  let directory: string
  let deployment: Deployment
  let member: ImagesClient
  let persona: Persona

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-data-'))
    persona = (await makePersonas((await peers('keystone')).keystone)).member
    deployment = await deploy(glimpse, { extra: { DEFAULT: { workers: 2 } } })
    member = new ImagesClient(deployment, persona)
  })

  after(async () => {
    await deployment?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  const roundTrip = async (path: string, diskFormat: string) => {
    const before = await digestFile(path)
    const { id } = await member.create({ disk_format: diskFormat, container_format: 'bare' })
    assert.equal(await uploadFile(deployment, persona, { id, path }), 204)
    const image = await member.show(id)
    assert.equal(image.size, before.sizeBytes)
    assert.deepEqual(await digestFile(join(deployment.imagesDirectory, id)), before)
    assert.deepEqual(await downloadDigest(deployment, persona, id), before)
    await member.delete(id)
  }

  it('of a bootable rescue disk come back bit for bit', async () => {
    const path = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
    assert.match((await readFile(path)).toString('latin1'), /EL TORITO SPECIFICATION/)
    await roundTrip(path, 'iso')
  })

  it('of a qcow2 disk of 320 MiB come back bit for bit', async () => {
    const [rawPath, path] = [join(directory, 'disk.raw'), join(directory, 'disk.qcow2')]
    const file = await openFile(rawPath, 'w')
    for (let part = 0; part < 20; part++) await file.write(randomBytes(16 * mebibyte))
    await file.close()
    await run(['/usr/bin/qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', rawPath, path])
    await rm(rawPath)
    await roundTrip(path, 'qcow2')
    await rm(path)
  })

  /** Starts an upload that never ends, and waits until some of it has arrived. */
  const hangingUpload = async (): Promise<string> => {
    const { id } = await member.create({ disk_format: 'raw', container_format: 'bare' })
    const request = open(deployment, persona, { method: 'PUT', id, headers: { 'content-length': String(1e9) } })
    request.on('error', () => {})
    request.write(randomBytes(8 * mebibyte))
    await until(async () => (await member.show(id)).status === 'saving')
    await until(async () => (await filesIn(deployment.imagesDirectory)).some((name) => name.includes(id)))
    return id
  }

  const assertNothingIsLeft = async (id: string, kept: string) => {
    await until(async () => (await member.show(id)).status !== 'saving')
    assert.equal((await member.show(id)).status, 'queued')
    assert.deepEqual(await filesIn(deployment.imagesDirectory), [kept])
    await member.upload(id, 'at last')
    assert.equal((await member.download(id)).toString(), 'at last')
    assert.equal((await member.download(kept)).toString(), 'kept')
    await Promise.all([id, kept].map((one) => member.delete(one)))
  }

  it('that a killed service had half received are gone after a restart, and the image is queued', async () => {
    const kept = await member.createWithData({}, 'kept')
    const id = await hangingUpload()
    await deployment.service.kill()
    await deployment.restart()
    await assertNothingIsLeft(id, kept.id)
  })

  it('that killed workers had half received are gone after a restart, and the image is queued', async () => {
    const kept = await member.createWithData({}, 'kept')
    const id = await hangingUpload()
    for (const pid of await deployment.service.workerPids()) process.kill(pid, 'SIGKILL')
    await deployment.restart()
    await assertNothingIsLeft(id, kept.id)
  })

  it('are served by new workers after all of them were killed', async () => {
    const kept = await member.createWithData({}, 'kept')
    const killed = await deployment.service.workerPids()
    assert.equal(killed.length, 2)
    for (const pid of killed) process.kill(pid, 'SIGKILL')
    await until(async () => {
      const pids = await deployment.service.workerPids()
      return pids.length === 2 && !pids.some((pid) => killed.includes(pid))
    })
    // The port is closed from the end of the last worker to the start of the next.
    await until(() => accepts(deployment.service.port))
    assert.equal((await member.download(kept.id)).toString(), 'kept')
    await member.delete(kept.id)
  })
})

/** All files below a folder, whatever they are called. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}
