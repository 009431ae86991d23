import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Http } from '../http.ts'
import { type Image, ImageClient } from './client.ts'
import { saveImage } from './save.ts'

const data = randomBytes(300_000)
const image: Image = {
  id: '11111111-2222-3333-4444-555555555555',
  name: 'x',
  status: 'active',
  size: data.length,
  tags: [],
  os_hash_algo: 'sha512',
  os_hash_value: createHash('sha512').update(data).digest('hex'),
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A service that gives the answers in turn, the last one again and again; `ranges` has what was asked for. */
async function serve(t: TestContext, answers: readonly Answer[]) {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-save-'))
  const ranges: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(ranges.length, answers.length - 1)]
    ranges.push(request.headers.range)
    answer?.(request, response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = await Http.open({ verify: true })
  t.after(async () => {
    await http.close()
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { signal } = new AbortController()
  const session = { endpoint }
  const client = new ImageClient(http, { session, renew: async () => session, signal })
  const path = join(folder, 'out')
  const save = () => saveImage(client, image, { path, signal, progress: undefined, retryDelayMs: 1 })
  return { folder, path, ranges, save, partPath: join(folder, `.out.${image.id}.part`) }
}

const whole: Answer = (_, response) => response.writeHead(200, { 'content-length': data.length }).end(data)

const broken: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': data.length })
  response.write(data.subarray(0, 100_000), () => setImmediate(() => response.destroy()))
}

const rest: Answer = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1])
  const range = `bytes ${start}-${data.length - 1}/${data.length}`
  response.writeHead(206, { 'content-range': range, 'content-length': data.length - start }).end(data.subarray(start))
}

describe('saving an image', () => {
  test('goes on by range where the connection broke', async (t) => {
    const { path, ranges, save, folder } = await serve(t, [broken, rest])
    assert.equal(await save(), true)
    assert.deepEqual(await readFile(path), data)
    assert.equal(ranges[0], undefined)
    assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/)
    assert.deepEqual(await readdir(folder), ['out'])
  })

  test('skips what it has when the service knows no ranges', async (t) => {
    const { path, save } = await serve(t, [broken, whole])
    await save()
    assert.deepEqual(await readFile(path), data)
  })

  test('uses what an earlier command has left', async (t) => {
    const { path, ranges, save, partPath } = await serve(t, [rest])
    await writeFile(partPath, data.subarray(0, 200_000))
    await save()
    assert.deepEqual(ranges, ['bytes=200000-'])
    assert.deepEqual(await readFile(path), data)
  })

  test('refuses damaged data, leaves the file that was there, and keeps nothing of the damage', async (t) => {
    const damaged: Answer = (_, response) => response.end(randomBytes(data.length))
    const { path, save, folder } = await serve(t, [damaged])
    await writeFile(path, 'before')
    await assert.rejects(save(), /came damaged: its sha512/)
    assert.equal(await readFile(path, 'utf8'), 'before')
    assert.deepEqual(await readdir(folder), ['out'])
  })

  test('gives up after five attempts that bring nothing', async (t) => {
    const { save, ranges, folder } = await serve(t, [(_, response) => response.destroy()])
    await assert.rejects(save(), /No answer from/)
    assert.equal(ranges.length, 5)
    assert.deepEqual(await readdir(folder), [])
  })

  test('does not repeat what the service refuses', async (t) => {
    const { save, ranges } = await serve(t, [(_, response) => response.writeHead(403).end('not yours')])
    await assert.rejects(save(), /not yours \(HTTP 403 Forbidden\)/)
    assert.equal(ranges.length, 1)
  })
})
