import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { launcher, runCommand } from '../support/command.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

describe('glance-replicator daemon', () => {
  let folder: string
  let source: Service
  let target: Service
  /** Stands before the target. */
  let proxy: TcpProxy
  const env = () => ({ PATH: process.env.PATH, HOME: folder })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-daemon-'))
    const start = (name: string) => {
      const directory = join(folder, name)
      const config = {
        DEFAULT: { workers: 0 },
        database: { connection: `sqlite:///${directory}/glimpse.sqlite` },
        glance_store: { filesystem_store_datadir: join(directory, 'images') },
      }
      return startGlimpse({ directory, config })
    }
    ;[source, target] = await Promise.all([start('source'), start('target')])
    proxy = await startTcpProxy({ host: '127.0.0.1', port: target.port })
  })
  after(async () => {
    await Promise.all([source?.stop(), target?.stop()])
    await proxy?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const create = async (attributes: object, data = randomBytes(100_000)): Promise<string> => {
    const body = JSON.stringify({ disk_format: 'raw', container_format: 'bare', ...attributes })
    const headers = { 'content-type': 'application/json' }
    const made = await fetch(`${source.url}/v2/images`, { method: 'POST', headers, body })
    const { id } = (await made.json()) as { id: string }
    const type = { 'content-type': 'application/octet-stream' }
    await fetch(`${source.url}/v2/images/${id}/file`, { method: 'PUT', headers: type, body: data })
    return id
  }
  const at = async (service: Service, id: string) => {
    const response = await fetch(`${service.url}/v2/images/${id}`)
    return response.ok
      ? ((await response.json()) as { status: string; name: string; os_hash_value: string })
      : undefined
  }
  const args = (...more: string[]) => ['daemon', `127.0.0.1:${source.port}`, `127.0.0.1:${proxy.port}`, ...more]
  const run = (...more: string[]) =>
    runCommand(launcher('glance-replicator'), args(...more), { cwd: folder, env: env() })

  test('copies what fits the filter, remembers it, and asks the target for nothing that has not changed', async () => {
    const [open, secret] = [await create({ visibility: 'public' }), await create({ visibility: 'private' })]
    const flags = ['--once', '--filter', 'visibility=public', '--state', join(folder, 'state.json')]
    const first = await run(...flags)
    assert.deepEqual([first.code, /^1 copied$/m.test(first.stderr)], [0, true], first.stderr)
    const { status, os_hash_value: digest } = (await at(target, open)) ?? {}
    assert.deepEqual([status, digest], ['active', (await at(source, open))?.os_hash_value])
    assert.equal(await at(target, secret), undefined)

    proxy.refuse()
    const second = await run(...flags)
    assert.deepEqual([second.code, second.stderr], [0, '1 unchanged\n'])
    proxy.resume()

    const body = JSON.stringify([{ op: 'replace', path: '/name', value: 'new' }])
    const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
    await fetch(`${source.url}/v2/images/${open}`, { method: 'PATCH', headers, body })
    assert.match((await run(...flags)).stderr, /1 updated/)
    assert.equal((await at(target, open))?.name, 'new')
  })

  test('lets nobody have data that is not what its digest says, and tries it again with the next round', async () => {
    const data = randomBytes(50_000)
    const id = await create({ visibility: 'community' }, data)
    const path = join(folder, 'source', 'images', id)
    await writeFile(path, Buffer.alloc(data.length, 1))
    const flags = ['--once', '--filter', 'visibility=community', '--state', join(folder, 'other.json')]
    const failed = await run(...flags)
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, new RegExp(`ERROR: ${id} .*came damaged`))
    assert.notEqual((await at(target, id))?.status, 'active')
    await writeFile(path, data)
    assert.match((await run(...flags)).stderr, /1 copied/)
  })

  test('goes on round by round, outlives a target that is away, and ends at a signal', async () => {
    proxy.refuse()
    const flags = ['--interval', '1', '--filter', 'tag=daily']
    const daemon = spawn(launcher('glance-replicator'), args(...flags), { cwd: folder, env: env(), stdio: 'pipe' })
    let said = ''
    daemon.stderr.on('data', (text: Buffer) => {
      said += String(text)
    })
    const ended = once(daemon, 'exit')
    const first = await create({ tags: ['daily'] })
    await until(() => said.includes('ERROR: '))
    proxy.resume()
    await until(async () => (await at(target, first))?.status === 'active')
    const second = await create({ tags: ['daily'] })
    await until(async () => (await at(target, second))?.status === 'active')
    daemon.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })

  test('refuses flags that cannot be meant', async () => {
    for (const [flag, value] of [
      ['--interval', '0'],
      ['--parallel', 'many'],
      ['--filter', 'public'],
    ] as const) {
      const { code, stderr } = await run(flag, value)
      assert.deepEqual([code, stderr.includes(`${flag} ${value}`)], [1, true], stderr)
    }
  })
})
