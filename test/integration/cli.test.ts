import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { freePort } from '../peers/ports.ts'
import { launchers as bin, runCommand as run } from '../support/command.ts'
import { qcow2 } from '../support/disk-images.ts'

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse cli '))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The environment of a user whose machine has only an old Node, if any. */
async function plainEnvironment(folder: string): Promise<NodeJS.ProcessEnv> {
  const old = join(folder, 'old')
  await mkdir(old, { recursive: true })
  await writeFile(join(old, 'node'), '#!/bin/sh\necho v20.20.2\n')
  await chmod(join(old, 'node'), 0o755)
  return { PATH: `${old}:/usr/bin:/bin`, HOME: folder }
}

describe('launchers', () => {
  for (const name of ['glimpse', 'glance-api', 'glance-manage']) {
    test(`${name} runs from any folder, by a symbolic link, with an old Node on PATH`, async (t) => {
      const folder = await temporaryFolder(t)
      const env = await plainEnvironment(folder)
      await symlink(join(bin, name), join(folder, 'first'))
      await symlink('first', join(folder, 'second'))
      const { code, stdout, stderr } = await run('./second', ['--help'], { cwd: folder, env })
      assert.equal(code, 0, stderr)
      assert.match(stdout, new RegExp(`Usage: ${name}`, 'i'))
    })
  }

  test('say in one line what to do where no Node is new enough', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    await mkdir(join(folder, 'copy/bin'), { recursive: true })
    for (const name of ['glimpse', 'launch.sh']) {
      await writeFile(join(folder, 'copy/bin', name), await readFile(join(bin, name)), { mode: 0o755 })
    }
    const { code, stderr } = await run(join(folder, 'copy/bin/glimpse'), ['--help'], { cwd: '/', env })
    assert.equal(code, 1)
    assert.match(stderr, /^glimpse: Node 26 or newer is needed: run 'npm ci' in .*\n$/)
  })

  test('say why where the Node that came along does not run', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    const node = join(folder, `node_modules/node-linux-${process.arch}/bin/node`)
    await mkdir(join(node, '..'), { recursive: true })
    await writeFile(node, '#!/bin/sh\necho a library is missing >&2\nexit 127\n', { mode: 0o755 })
    await mkdir(join(folder, 'bin'), { recursive: true })
    for (const name of ['glimpse', 'launch.sh']) {
      await writeFile(join(folder, 'bin', name), await readFile(join(bin, name)), { mode: 0o755 })
    }
    const { code, stderr } = await run(join(folder, 'bin/glimpse'), ['--help'], { cwd: '/', env })
    assert.equal(code, 1)
    assert.match(stderr, /^glimpse: .* does not run here: a library is missing\n$/)
  })

  test('refuse an old Node in GLIMPSE_NODE rather than take another in silence', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    const old = join(folder, 'old/node')
    const { code, stderr } = await run(join(bin, 'glimpse'), [], { cwd: '/', env: { ...env, GLIMPSE_NODE: old } })
    assert.equal(code, 1)
    assert.equal(stderr, `glimpse: GLIMPSE_NODE=${old} is no Node of version 26 or newer.\n`)
  })

  test('find the Node and the compiled program of a package installed beside others', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    const arch = process.arch
    const node = join(folder, `node_modules/node-linux-${arch}/bin/node`)
    await mkdir(join(node, '..'), { recursive: true })
    await symlink(process.execPath, node)
    const installed = join(folder, 'node_modules/glimpse')
    await mkdir(join(installed, 'bin'), { recursive: true })
    await mkdir(join(installed, 'dist/main'), { recursive: true })
    for (const name of ['glimpse', 'launch.sh']) {
      await writeFile(join(installed, 'bin', name), await readFile(join(bin, name)), { mode: 0o755 })
    }
    await writeFile(join(installed, 'dist/main/run.js'), 'console.log(process.argv.slice(2).join())')
    await mkdir(join(folder, 'node_modules/.bin'))
    await symlink('../glimpse/bin/glimpse', join(folder, 'node_modules/.bin/glimpse'))
    const { stdout, stderr } = await run(join(folder, 'node_modules/.bin/glimpse'), ['a b', 'c'], { cwd: '/', env })
    assert.equal(stdout, 'glimpse,a b,c\n', stderr)
  })
})

describe('glimpse', () => {
  test('starts a service, stores an image bit for bit, and ends the service', { timeout: 120_000 }, async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    const port = String(await freePort())
    const glimpse = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
      run(join(bin, 'glimpse'), args, { cwd: folder, env: { ...env, ...more } })
    t.after(() => glimpse(['down', '--data', 'data']))

    const up = await glimpse(['up', '--port', port, '--data', 'data'])
    assert.equal(up.code, 0, up.stderr)
    assert.match(up.stdout, new RegExp(`Glimpse is running \\(pid \\d+\\)[^]*http://127.0.0.1:${port}\n`))
    assert.match(up.stdout, /image create --name first/)
    const again = await glimpse(['up', '--port', port, '--data', 'data'])
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, /was running already/)
    assert.equal((await glimpse(['status', '--data', 'data'])).code, 0)

    const endpoint = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: `http://127.0.0.1:${port}` }
    const image = (...args: string[]) => glimpse(['image', ...args], endpoint)
    const data = randomBytes(5_000_001)
    qcow2().copy(data)
    await writeFile(join(folder, 'disk'), data)
    const created = await image(
      'create',
      '--name',
      'a b',
      '--file',
      'disk',
      '--property',
      'k=v',
      '--disk-format',
      'raw',
    )
    assert.equal(created.code, 0, created.stderr)
    assert.match(created.stderr, /uploading +100 %/)

    const list = await image('list', '-f', 'json')
    const [listed] = JSON.parse(list.stdout) as { ID: string; Name: string; Status: string }[]
    assert.equal(listed?.Name, 'a b')
    assert.equal(listed.Status, 'active')
    const set = await image('set', 'a b', '--tag', 't', '--property', 'slash/ed=1')
    assert.equal(set.code, 0, set.stderr)
    const shown = JSON.parse((await image('show', 'a b', '-f', 'json')).stdout) as {
      size: number
      tags: string[]
      properties: Record<string, string>
    }
    assert.equal(shown.size, data.length)
    assert.deepEqual(shown.tags, ['t'])
    assert.equal(shown.properties.k, 'v')
    assert.equal(shown.properties['slash/ed'], '1')

    const saved = await image('save', listed.ID, '--file', 'copy of disk')
    assert.equal(saved.code, 0, saved.stderr)
    assert.ok(data.equals(await readFile(join(folder, 'copy of disk'))))

    const deleted = await image('delete', 'a b')
    assert.equal(deleted.code, 0, deleted.stderr)
    assert.deepEqual(JSON.parse((await image('list', '-f', 'json')).stdout), [])
    assert.match((await image('show', 'a b')).stderr, /^glimpse: There is no image a b\.\n$/)

    const down = await glimpse(['down', '--data', 'data'])
    assert.equal(down.code, 0, down.stderr)
    assert.match(down.stdout, /has ended/)
    assert.equal((await glimpse(['status', '--data', 'data'])).code, 3)
  })

  test('does not start on a port that something else has', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    const other = createServer()
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
    t.after(() => other.close())
    const address = other.address()
    assert.ok(address !== null && typeof address === 'object')
    const args = ['up', '--data', 'data', '--port', String(address.port)]
    const { code, stderr } = await run(join(bin, 'glimpse'), args, { cwd: folder, env })
    assert.equal(code, 1)
    assert.match(stderr, /^glimpse: Something else listens on 127\.0\.0\.1:\d+ already; .*\n$/)
  })

  test('refuses to let other machines in without authentication', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    const args = ['up', '--data', 'data', '--host', '0.0.0.0', '--port', String(await freePort())]
    const { code, stderr } = await run(join(bin, 'glimpse'), args, { cwd: folder, env })
    assert.equal(code, 1)
    assert.match(stderr, /^glimpse: Without Keystone .*--allow-remote-without-auth.*\n$/)
  })

  test('takes a pid file of a process that is gone for what it is', async (t) => {
    const folder = await temporaryFolder(t)
    const env = await plainEnvironment(folder)
    await mkdir(join(folder, 'data'))
    const stale = { pid: process.pid, startTicks: '1', url: 'http://127.0.0.1:1' }
    await writeFile(join(folder, 'data/glimpse.pid'), JSON.stringify(stale))
    const { code, stdout } = await run(join(bin, 'glimpse'), ['down', '--data', 'data'], { cwd: folder, env })
    assert.equal(code, 0)
    assert.equal(stdout, 'Glimpse is not running.\n')
  })

  test('tells usage errors with 2 and a service that is away with 1, in one line', async (t) => {
    const folder = await temporaryFolder(t)
    const env = { ...(await plainEnvironment(folder)), OS_ENDPOINT: `http://127.0.0.1:${await freePort()}` }
    const usage = await run(join(bin, 'glimpse'), ['image', 'list', '--frob'], { cwd: folder, env })
    assert.equal(usage.code, 2)
    const away = await run(join(bin, 'glimpse'), ['image', 'list'], { cwd: folder, env })
    assert.equal(away.code, 1)
    assert.match(away.stderr, /^glimpse: No answer from .*the connection was refused.*\n$/)
  })
})
