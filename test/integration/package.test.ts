import assert from 'node:assert/strict'
import { chmod, chown, cp, glob, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findProgram } from '../peers/packages.ts'
import { freePort } from '../peers/ports.ts'
import { run } from '../peers/processes.ts'
import { launchers, type Outcome, runCommand } from '../support/command.ts'
import { renderConfig } from '../support/config-file.ts'

const root = resolve(import.meta.dirname, '../..')
const packaging = join(root, 'packaging')
const names = (await readdir(launchers)).filter((name) => name !== 'launch.sh')

describe('the package, installed into an empty folder', () => {
  let folder: string
  let bin: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-package-'))
    // An unprivileged user works from it.
    await chmod(folder, 0o755)
    const app = join(folder, 'app')
    bin = join(app, 'node_modules/.bin')
    await mkdir(app)
    await writeFile(join(app, 'package.json'), '{ "private": true }')
    const env = { ...process.env, npm_config_audit: 'false', npm_config_fund: 'false' }
    await run(['npm', 'pack', '--pack-destination', folder], { cwd: root, env, timeoutMs: 180_000 })
    const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
    const install = ['npm', 'install', '--prefer-offline', '--omit=dev', join(folder, tarball)] as const
    await run(install, { cwd: app, env, timeoutMs: 300_000 })
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** What a user has who put the folder of the commands first on his PATH. */
  const environment = () => ({ PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: folder })
  const execute = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    runCommand('/usr/bin/env', [name, ...args], { cwd: folder, env: { ...environment(), ...env } })

  it('has every command on PATH', async () => {
    const outcomes = await Promise.all(names.map((name) => execute(name, ['--help'])))
    for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
      assert.equal(code, 0, `${names[i]}: ${stderr}`)
      assert.match(stdout, new RegExp(`^Usage: ${names[i]} `))
    }
    const { stdout } = await execute('glimpse', ['--help'])
    for (const name of names.filter((other) => other !== 'glimpse')) assert.match(stdout, new RegExp(`\\(${name}\\)`))
  })

  it('makes the database as the installation guide types it, as the user of the service', async () => {
    const state = join(folder, 'state')
    const etc = join(folder, 'etc')
    await mkdir(etc)
    await mkdir(state)
    const { uid, gid } = await idsOf('glance')
    await chown(state, uid, gid)
    const database = join(state, 'glance.sqlite')
    const config = join(etc, 'glance-api.conf')
    await writeFile(config, renderConfig({ database: { connection: `sqlite:///${database}` } }), { mode: 0o640 })
    await chown(config, 0, gid)
    // Its own /etc/glance, which nobody else sees.
    const command = `mount --bind '${etc}' /etc/glance && su -s /bin/sh -c "glance-manage db_sync" glance`
    const synced = await runCommand('unshare', ['--mount', 'sh', '-c', command], { cwd: '/', env: environment() })
    assert.equal(synced.code, 0, synced.stderr)
    const version = await execute('glance-manage', ['--config-file', config, 'db_version'])
    assert.match(version.stdout, /wallaby_contract01/)
  })

  it('runs a service, stores an image, lists it, and ends the service', async () => {
    const port = await freePort()
    const data = join(folder, 'data')
    const up = await execute('glimpse', ['up', '--data', data, '--port', String(port)])
    try {
      assert.equal(up.code, 0, up.stderr)
      const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: `http://127.0.0.1:${port}` }
      const file = join(root, 'package.json')
      const created = await execute('glimpse', ['image', 'create', 'first', '--file', file, '-f', 'json'], env)
      assert.equal(created.code, 0, created.stderr)
      const listed = await execute('glimpse', ['image', 'list', '-f', 'value', '-c', 'Name', '-c', 'Status'], env)
      assert.equal(listed.stdout, 'first active\n', listed.stderr)
    } finally {
      const down = await execute('glimpse', ['down', '--data', data])
      assert.equal(down.code, 0, down.stderr)
    }
  })

  it('brings the packaging files along', async () => {
    const installed = join(bin, '../glimpse/packaging')
    const files = async (from: string) => {
      const entries = await readdir(from, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(from, join(entry.parentPath, entry.name)))
    }
    assert.deepEqual((await files(installed)).sort(), (await files(packaging)).sort())
  })
})

describe('the packaging files', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-packaging-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('have units that systemd finds nothing wrong with, each for a command of the package', async () => {
    const units = join(folder, 'units')
    await cp(join(packaging, 'systemd'), units, { recursive: true })
    const files = await Array.fromAsync(glob('*.{service,timer}', { cwd: units }))
    for (const file of files.filter((name) => name.endsWith('.service'))) {
      const text = await readFile(join(units, file), 'utf8')
      const program = /^ExecStart=(\S+)/m.exec(text)?.[1] ?? ''
      assert.equal(program, basename(file, '.service'))
      assert.ok(names.includes(program), `${file} starts ${program}`)
      // On this machine the commands are not where systemd looks for them.
      await writeFile(join(units, file), text.replace(/^ExecStart=/m, `ExecStart=${launchers}/`))
    }
    for (const file of files.filter((name) => name.endsWith('.timer'))) {
      assert.ok(files.includes(`${basename(file, '.timer')}.service`), file)
    }
    const verified = await runCommand(
      findProgram('systemd-analyze'),
      ['verify', '--man=no', ...files.map((file) => join(units, file))],
      { cwd: folder, env: { PATH: process.env.PATH, SYSTEMD_UNIT_PATH: `${units}:` } },
    )
    assert.equal(verified.code, 0, verified.stderr)
    // Complaints do not change the exit code; those about units of the machine are no matter here.
    assert.doesNotMatch(verified.stderr, /glance-/)
  })

  it('rotate the logs of every service', async () => {
    const logs = join(folder, 'log')
    await mkdir(logs)
    await chmod(logs, 0o755)
    const services = await Array.fromAsync(glob('*.service', { cwd: join(packaging, 'systemd') }))
    for (const service of services) await writeFile(join(logs, `${basename(service, '.service')}.log`), 'a line\n')
    const text = await readFile(join(packaging, 'logrotate.d/glance'), 'utf8')
    const config = join(folder, 'logrotate.conf')
    await writeFile(config, text.replaceAll('/var/log/glance', logs).replaceAll('systemctl', 'true'), { mode: 0o644 })
    const args = ['--force', '--state', join(folder, 'state'), config]
    const { code, stderr } = await runCommand(findProgram('logrotate'), args, {
      cwd: folder,
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
    })
    assert.equal(code, 0, stderr)
    const rotated = (await readdir(logs)).filter((name) => name.endsWith('.log.1'))
    assert.deepEqual(rotated.sort(), services.map((service) => `${basename(service, '.service')}.log.1`).sort())
  })
})

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run(['id', flag, user])))
  return { uid: Number(uid), gid: Number(gid) }
}
