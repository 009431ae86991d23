import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Image, ImagesClient } from '../acceptance/support/client.ts'
import { type Deployment, deploy, targetAt } from '../acceptance/support/deployment.ts'
import { makePersonas, type Personas } from '../acceptance/support/personas.ts'
import { launcher, type Outcome, runCommand } from '../support/command.ts'
import { glimpse, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'

const imageCount = 50
const visibilities = ['private', 'shared', 'community', 'public']

describe('glance-replicator', () => {
  let folder: string
  let personas: Personas
  let deployments: Record<'reference' | 'glimpse', Deployment>
  let images: Record<'reference' | 'glimpse', ImagesClient>
  /** Glimpse without Keystone. */
  let open: Service
  let openImages: ImagesClient

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-replicator-'))
    personas = await makePersonas((await peers('keystone')).keystone)
    deployments = { reference: await deploy(reference), glimpse: await deploy(glimpse) }
    images = {
      reference: new ImagesClient(deployments.reference, personas.admin),
      glimpse: new ImagesClient(deployments.glimpse, personas.admin),
    }
    const directory = join(folder, 'open')
    open = await startGlimpse({
      directory,
      config: {
        database: { connection: `sqlite:///${directory}/glimpse.sqlite` },
        glance_store: { filesystem_store_datadir: join(directory, 'images') },
      },
    })
    openImages = new ImagesClient(targetAt(open.url), personas.none)
  })

  after(async () => {
    await open?.stop()
    for (const deployment of Object.values(deployments ?? {})) await deployment[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  function replicate(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const { PATH } = process.env
    return runCommand(launcher('glance-replicator'), args, { cwd: folder, env: { PATH, HOME: folder, ...env } })
  }

  async function succeed(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
    const outcome = await replicate(args, env)
    assert.equal(outcome.code, 0, outcome.stderr)
    return outcome
  }

  /** All images of the service without Keystone, hidden ones too. */
  async function listOpen(query: string): Promise<readonly Image[]> {
    const pages = ['false', 'true'].map((hidden) => `?visibility=all&limit=200&os_hidden=${hidden}${query}`)
    return (await Promise.all(pages.map((page) => openImages.list(page)))).flatMap(({ images }) => images)
  }

  const place = (name: 'reference' | 'glimpse') => `127.0.0.1:${deployments[name].service.port}`

  /** Images of all kinds, most of another project than the administrator's, and one without data. */
  async function populate(client: ImagesClient): Promise<Image[]> {
    const make = (i: number) =>
      client.createWithData(
        {
          name: `image ${i} \u00e9\u4e2d`,
          visibility: visibilities[i % visibilities.length],
          tags: i % 3 === 0 ? [] : [`tag${i}`, 'b', 'a'],
          os_hidden: i % 10 === 7,
          min_disk: i % 4,
          min_ram: i % 5,
          protected: i % 8 === 3,
          ...(i % 5 > 0 && { owner: personas.other.projectId }),
          os_type: 'linux',
          [`own/property~${i}`]: `value "${i}" \u00fc`,
          empty: '',
        },
        i === 0 ? Buffer.alloc(0) : randomBytes(i * 1000),
      )
    // The first alone: it has the token validated for all.
    await client.create({ name: 'without data', disk_format: 'raw', container_format: 'bare' })
    const made: Image[] = []
    for (let i = 0; i < imageCount; i += 5) {
      made.push(...(await Promise.all(Array.from({ length: 5 }, (_, j) => make(i + j)))))
    }
    return made
  }

  let unchanged = 0
  for (const [from, to] of [
    ['reference', 'glimpse'],
    ['glimpse', 'reference'],
  ] as const) {
    it(`copies ${imageCount} images from ${from} to ${to}, and compare then finds no difference`, async () => {
      const made = await populate(images[from])
      const token = ['-t', personas.admin.token as string]
      const before = await replicate(['compare', '--exit-code', ...token, place(from), place(to)])
      assert.equal(before.code, 1)
      assert.match(before.stderr, new RegExp(`${made[1]?.id} .*entirely missing from the destination`))

      const copied = await succeed(['livecopy', ...token, place(from), place(to)])
      assert.match(copied.stderr, new RegExp(`^${imageCount} copied, .*1 left out$`, 'm'))
      const { stderr } = await succeed(['compare', '--exit-code', ...token, place(from), place(to)])
      unchanged += imageCount
      assert.equal(stderr, `${unchanged} unchanged, 1 left out\n`)

      const given = ['name', 'visibility', 'owner', 'os_hidden', 'min_disk', 'min_ram', 'protected', 'os_type', 'empty']
      const pick = (image: Image) => [...given, 'size', 'checksum', 'os_hash_value'].map((key) => image[key])
      for (const i of [0, 7, 11, 43]) {
        const image = made[i] as Image
        const copy = await images[to].show(image.id)
        assert.deepEqual(pick(copy), pick(image))
        assert.equal(copy[`own/property~${i}`], image[`own/property~${i}`])
        if (i > 0) assert.deepEqual(await images[to].download(image.id), await images[from].download(image.id))
      }
    })
  }

  it('tells of changed metadata, copies it, and tells of nothing any more', async () => {
    const { images: found } = await images.reference.list('?limit=1&visibility=private&sort=name:asc')
    const [{ id } = { id: '' }] = found
    await images.reference.patch(id, [
      { op: 'replace', path: '/tags', value: ['new'] },
      { op: 'add', path: '/added', value: 'a/b' },
      { op: 'replace', path: '/os_type', value: 'bsd' },
    ])
    const sides = ['-M', personas.admin.token as string, '-S', personas.admin.token as string]
    const args = [...sides, place('reference'), place('glimpse')]
    const { stderr } = await succeed(['compare', ...args])
    assert.match(
      stderr,
      new RegExp(`^${id}: field os_type differs \\(source has "bsd", destination has "linux"\\)$`, 'm'),
    )
    assert.match(stderr, /field added differs .*destination has nothing/)
    const without = await succeed(['compare', '-D', 'tags added os_type owner', ...args])
    assert.doesNotMatch(without.stderr, /differs/)
    assert.match((await succeed(['livecopy', '--metaonly', ...args])).stderr, /1 updated/)
    assert.match((await succeed(['compare', ...args])).stderr, /^\d+ unchanged, \d left out\n$/)
  })

  it('keeps the images of projects apart for who is no administrator', async () => {
    const token = ['-t', personas.member.token as string]
    const { stderr, code } = await replicate(['livecopy', ...token, place('reference'), open.url])
    assert.equal(code, 0, stderr)
    const copied = await listOpen('')
    // Public and community images are for everyone.
    assert.ok(copied.length > 0)
    assert.ok(copied.every(({ visibility }) => visibility === 'public' || visibility === 'community'))
  })

  it('dumps to a folder once, and loads from it, but no image whose data is damaged', async () => {
    const dump = join(folder, 'dump')
    await mkdir(dump)
    const source = [open.url, dump]
    const there = await listOpen('')
    assert.match((await succeed(['dump', ...source])).stderr, new RegExp(`^${there.length} copied$`, 'm'))
    assert.match((await succeed(['dump', ...source])).stderr, new RegExp(`^${there.length} unchanged$`, 'm'))
    const { stdout } = await succeed(['size', open.url])
    const total = there.reduce((sum, { size }) => sum + (size ?? 0), 0)
    assert.match(stdout, new RegExp(`^Total size is ${total} bytes \\(.*\\) across ${there.length} images\n$`))

    // Under new ids: a deleted one is never used again.
    const fresh = join(folder, 'fresh')
    await mkdir(fresh)
    const ids = await renameDump({ from: dump, to: fresh })
    const [damaged = '', ...sound] = ids
    await appendFile(join(fresh, `${damaged}.img`), 'x')
    const loaded = await replicate(['load', open.url, fresh])
    assert.equal(loaded.code, 1)
    assert.match(loaded.stderr, new RegExp(`^ERROR: ${damaged}: The data ended after \\d+ of \\d+ bytes`, 'm'))
    assert.match(loaded.stderr, new RegExp(`^${sound.length} copied, 1 failed\n$`, 'm'))
    const active = await listOpen('&status=active')
    assert.deepEqual(active.map(({ id }) => id).sort(), [...there.map(({ id }) => id), ...sound].sort())
    assert.equal((await openImages.show(damaged)).status, 'queued')
  })

  it('notices data that is damaged on the way, and heals with the next run', async () => {
    const { id } = await images.reference.createWithData({ name: 'victim' }, randomBytes(300_000))
    let damage = true
    await using proxy = await startProxy(deployments.reference.service.port, {
      prefix: '/some/image',
      alter: (path, chunk) => (damage && path.includes(id) ? Buffer.alloc(chunk.length) : chunk),
    })
    const args = ['livecopy', '-t', personas.admin.token as string, proxy.url, place('glimpse')]
    const { code, stderr } = await replicate(args)
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^ERROR: ${id} \\(victim\\): .*came damaged`, 'm'))
    assert.match(stderr, /, 1 failed\n$/)
    assert.equal((await images.glimpse.show(id)).status, 'queued')
    damage = false
    assert.match((await succeed(args)).stderr, /^1 copied, /m)
    assert.deepEqual(await images.glimpse.download(id), await images.reference.download(id))
  })

  it('takes clouds of clouds.yaml, with credentials for Keystone and with TLS, whatever OS_* variables say', async () => {
    await using tls = await startTlsProxy({ host: '127.0.0.1', port: open.port }, folder)
    const { publicUrl, admin } = (await peers('keystone')).keystone
    const east = {
      auth: { auth_url: publicUrl, username: admin.username, password: admin.password, project_name: admin.project },
      image_endpoint_override: deployments.glimpse.service.url,
    }
    const west = { auth_type: 'none', endpoint: `https://127.0.0.1:${tls.port}`, cacert: tls.caPath }
    // JSON is YAML.
    await writeFile(join(folder, 'clouds.yaml'), JSON.stringify({ clouds: { east, west } }))
    const { id } = await images.glimpse.createWithData({}, 'data')
    const misleading = { OS_AUTH_URL: 'http://127.0.0.1:1', OS_PASSWORD: 'x' }
    const { stderr } = await succeed(['compare', 'east', 'west'], misleading)
    assert.match(stderr, new RegExp(`${id} .*entirely missing`))
  })

  it('tells a wrong command line and a service that is away with 1, in one line', async () => {
    for (const [args, message] of [
      [['frob'], /unknown command/],
      [['compare', 'one'], /missing required argument/],
      [['size', 'host:0'], /names no image service/],
      [['size', '127.0.0.1:1'], /connection was refused/],
    ] as const) {
      const { code, stderr } = await replicate(args)
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
  })
})

async function renameDump({ from, to }: { from: string; to: string }): Promise<string[]> {
  const ids: string[] = []
  for (const name of (await readdir(from)).filter((entry) => !entry.includes('.'))) {
    const id = randomUUID()
    const meta = JSON.parse(await readFile(join(from, name), 'utf8')) as object
    await writeFile(join(to, id), JSON.stringify({ ...meta, id }))
    await writeFile(join(to, `${id}.img`), await readFile(join(from, `${name}.img`)))
    ids.push(id)
  }
  return ids.sort()
}

/** The service on that port below a prefix, with what it answers altered. */
async function startProxy(
  port: number,
  { prefix, alter }: { prefix: string; alter: (path: string, chunk: Buffer) => Buffer },
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').slice(prefix.length)
    const { method, headers } = incoming
    const forwarded = httpRequest({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      const isData = path.endsWith('/file')
      answer.on('data', (chunk: Buffer) => outgoing.write(isData ? alter(path, chunk) : chunk))
      answer.on('end', () => outgoing.end())
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
