import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from '../peers/ports.ts'
import { launcher, runCommand } from '../support/command.ts'
import { renderConfig } from '../support/config-file.ts'
import { until } from '../support/until.ts'

describe('glance-control', () => {
  let folder: string
  let pidFile: string
  let configPath: string
  let url: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-control-'))
    pidFile = join(folder, 'run/glance-api.pid')
    configPath = join(folder, 'glance-api.conf')
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    await writeFile(
      configPath,
      renderConfig({
        DEFAULT: { bind_host: '127.0.0.1', bind_port: port, workers: 1, log_file: join(folder, 'api.log') },
        database: { connection: `sqlite:///${join(folder, 'glance.sqlite')}` },
        glance_store: { filesystem_store_datadir: join(folder, 'images') },
      }),
    )
  })
  after(async () => {
    await control('stop')
    await rm(folder, { recursive: true, force: true })
  })

  const run = (...args: string[]) =>
    runCommand(launcher('glance-control'), args, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } })
  const control = (...args: string[]) => run('--pid-file', pidFile, 'api', ...args)
  const answers = async () =>
    fetch(url).then(
      ({ status }) => status === 300,
      () => false,
    )
  const pidOf = async () => Number(await readFile(pidFile, 'utf8'))

  it('starts a server, tells of it, reloads it, restarts it and stops it', async () => {
    assert.equal((await control('status')).stdout, 'glance-api is stopped\n')
    const started = await control('start', configPath)
    assert.equal(started.code, 0, started.stderr)
    assert.equal(started.stdout, `Starting glance-api with ${configPath}\n`)
    await until(answers)
    const pid = await pidOf()
    assert.equal((await control('status')).stdout, `glance-api (pid ${pid}) is running...\n`)
    assert.match((await control('start', configPath)).stdout, /appears to already be running/)

    assert.match((await control('reload')).stdout, new RegExp(`\\(pid ${pid}\\) with signal\\(SIGHUP\\)`))
    await until(async () => (await readFile(join(folder, 'api.log'), 'utf8')).split('configuration read').length > 2)
    await until(answers)
    assert.equal(await pidOf(), pid)

    assert.match((await control('restart', configPath)).stdout, /Stopping glance-api[\s\S]*Restarting glance-api/)
    await until(answers)
    assert.notEqual(await pidOf(), pid)

    const last = await pidOf()
    assert.match((await run('--pid-file', pidFile, 'glance-api', 'shutdown')).stdout, new RegExp(`pid ${last}`))
    await until(async () => !(await answers()))
    assert.ok(!existsSync(pidFile))
    assert.equal((await control('stop')).stdout, 'glance-api is already stopped\n')
  })

  it('starts a server again that dies, until it is stopped', async () => {
    const watched = control('--respawn', 'start', configPath)
    await until(answers)
    const pid = await pidOf()
    await until(async () => Date.now() - (await stat(pidFile)).mtimeMs > 1100)
    process.kill(pid, 'SIGKILL')
    await until(async () => (await pidOf()) !== pid && (await answers()))
    await control('stop')
    const { code, stdout } = await watched
    assert.equal(code, 0)
    assert.match(stdout, /Respawning glance-api[\s\S]*stopped deliberately/)
  })

  it('gives the exit code of a server that does not start, and takes no foreign process for it', async () => {
    const failed = await control('--await-child', '60', 'start', join(folder, 'run'))
    assert.equal(failed.code, 1)
    assert.equal((await control('status')).stdout, 'glance-api is stopped\n')
    await writeFile(pidFile, `${process.pid}\n`)
    assert.equal((await control('stop')).stdout, 'glance-api is already stopped\n')
  })

  it('refuses what cannot be', async () => {
    assert.equal((await control('reload')).stderr, 'Server glance-api is stopped\n')
    const scrubber = await run('--pid-file', pidFile, 'scrubber', 'reload')
    assert.deepEqual([scrubber.code, scrubber.stderr], [1, 'Reload of glance-scrubber not supported\n'])
    assert.equal((await control('--respawn', '--await-child', '1', 'start')).code, 1)
    assert.equal((await control('frob')).code, 2)
    assert.equal((await run('nova', 'start')).code, 2)
  })
})
