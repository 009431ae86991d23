import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Execution, execute, run } from '../peers/processes.ts'
import type { Account } from '../peers/state.ts'
import { writeConfigFile } from '../support/config-file.ts'
import { glimpse, type Implementation, manage, reference } from '../support/implementations.ts'
import { clientEnvironment, type KeystonePeer } from '../support/keystone.ts'
import { type Peers, peers } from '../support/peers.ts'
import { type Service, startService, writeServiceConfig } from '../support/service.ts'
import { documentConfig } from './document-config.ts'

/** A service that was started with the document's configuration, and how OpenStack's client finds it. */
interface Installation {
  readonly service: Service
  readonly region: string
  remove(): Promise<void>
}

describe("Debian's openstack client, with the installation document's configuration", () => {
  let directory: string
  let imagePath: string
  let keystone: KeystonePeer
  let member: Account
  let installations: readonly [Installation, Installation]

  before(async () => {
    const all = await peers('mariadb', 'keystone', 'memcached')
    keystone = all.keystone
    directory = await mkdtemp(join(tmpdir(), 'glimpse-openstack-'))
    imagePath = await makeQcow2(directory)
    member = await keystone.createUser({ roles: ['member', 'reader'] })
    installations = await Promise.all([install(reference, all, directory), install(glimpse, all, directory)])
  })

  after(async () => {
    await Promise.all((installations ?? []).map((installation) => installation.remove()))
    await rm(directory, { recursive: true, force: true })
  })

  /** Runs the same command on both, and asserts that both give the same. */
  const both = async (account: Account, args: readonly string[]): Promise<unknown> => {
    const [expected, actual] = await Promise.all(
      installations.map(async ({ service, region }) => {
        const filled = args.map((arg) => arg.replaceAll('{here}', join(directory, region)))
        const env = clientEnvironment(keystone, account, region)
        return shown(await execute(['/usr/bin/openstack', 'image', ...filled], { env }), service)
      }),
    )
    assert.deepEqual(actual, expected)
    return actual
  }

  const story = async (account: Account, { visibility, other }: { visibility: string; other: string }) => {
    const json = ['-f', 'json']
    const made = await both(account, [
      ...['create', 'cirros', '--file', imagePath, '--disk-format', 'qcow2', '--container-format', 'bare'],
      ...[visibility, ...json],
    ])
    assert.ok(isRecord(made) && made.status !== 'error')
    await both(account, ['list', '--long', '--name', 'cirros', ...json])
    const shownImage = await both(account, ['show', 'cirros', ...json])
    assert.ok(isRecord(shownImage))
    assert.equal(shownImage.status, 'active')
    assert.equal(
      shownImage.checksum,
      createHash('md5')
        .update(await readFile(imagePath))
        .digest('hex'),
    )
    await both(account, [
      ...[
        'set',
        'cirros',
        '--property',
        'architecture=x86_64',
        '--property',
        'kind=test',
        '--tag',
        'one',
        '--tag',
        'two',
      ],
      ...['--min-disk', '1', '--min-ram', '64', '--protected', '--name', 'cirros 2'],
    ])
    await both(account, ['show', 'cirros 2', ...json])
    await both(account, ['delete', 'cirros 2'])
    await both(account, ['unset', 'cirros 2', '--property', 'kind', '--tag', 'two'])
    await both(account, ['set', 'cirros 2', '--unprotected', other])
    await both(account, ['show', 'cirros 2', ...json])
    await both(account, ['save', '--file', `{here}-${account.username}`, 'cirros 2'])
    for (const { region } of installations) {
      const saved = await readFile(join(directory, `${region}-${account.username}`))
      assert.ok(saved.equals(await readFile(imagePath)))
    }
    await both(account, ['delete', 'cirros 2'])
    await both(account, ['show', 'cirros 2', ...json])
    await both(account, ['list', ...json])
  }

  it('gives an administrator what it gives on the reference', () =>
    story(keystone.admin, { visibility: '--public', other: '--community' }))

  it('gives an ordinary member what it gives on the reference', () =>
    story(member, { visibility: '--private', other: '--shared' }))

  it('refuses a member what the reference refuses', async () => {
    const formats = ['--disk-format', 'qcow2', '--container-format', 'bare']
    const refused = await both(member, ['create', 'mine', '--file', imagePath, ...formats, '--public', '-f', 'json'])
    assert.deepEqual(refused, { code: 1, httpStatus: '403' })
  })
})

async function install(
  implementation: Implementation,
  { mariadb, keystone, memcached }: Pick<Peers, 'mariadb' | 'keystone' | 'memcached'>,
  parent: string,
): Promise<Installation> {
  const directory = await mkdtemp(join(parent, `${implementation.name}-`))
  const database = await mariadb.createDatabase()
  const documentPath = await writeConfigFile(
    join(directory, 'document.conf'),
    documentConfig({ databaseUrl: database.url, keystone, memcached }),
  )
  // The machine's own folder and port may be in use: a second file moves the service away from both.
  const options = {
    directory,
    configFiles: [documentPath],
    config: { glance_store: { filesystem_store_datadir: join(directory, 'images') } },
  }
  await manage(implementation, await writeServiceConfig(implementation, options), ['db_sync'])
  const service = await startService(implementation, options)
  const { region, remove } = await keystone.registerImageService(service.url)
  return {
    service,
    region,
    async remove() {
      await service.stop()
      await remove()
      await database.drop()
    },
  }
}

async function makeQcow2(directory: string): Promise<string> {
  const [rawPath, path] = [join(directory, 'disk.raw'), join(directory, 'disk.qcow2')]
  await writeFile(rawPath, randomBytes(8 * 1024 * 1024))
  await run(['/usr/bin/qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', rawPath, path])
  return path
}

/** What the command showed, without what differs by nature; of a failure, the exit code and the HTTP status it tells. */
function shown({ code, stdout, stderr }: Execution, service: Service): unknown {
  if (code !== 0) return { code, httpStatus: /\b[45]\d\d\b/.exec(stderr.replaceAll(service.url, ''))?.[0] ?? stderr }
  const text = stdout
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<id>')
    .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text, sortTags) : text
}

/** Tags have no order. */
function sortTags(key: string, value: unknown): unknown {
  return key.toLowerCase() === 'tags' && Array.isArray(value) ? value.sort() : value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
