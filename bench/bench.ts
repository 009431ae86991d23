/**
 * Measures Glimpse beside the reference Glance, in turn, on the same MariaDB, Keystone and memcached, and prints medians and ratios.
 * nginx serving the same file is the limit for downloads; md5 and sha512 alone are the limit for uploads.
 */
import { randomFillSync } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPackages } from '../test/peers/packages.ts'
import { down, up } from '../test/peers/up.ts'
import { peers } from '../test/support/peers.ts'
import { measureAudit } from './audit.ts'
import { engineNames, measureGrowth } from './growth/growth.ts'
import { ImageSet } from './images.ts'
import { measureImports } from './imports.ts'
import { hashAlone, startNginx } from './limits.ts'
import { transfer } from './load.ts'
import { measureData, measureMemory, measureMetadata, measureShowBesideUpload, type Setting } from './measures.ts'
import { fillMetadefs, measureMetadefs } from './metadefs.ts'
import { ProcessTree } from './process-tree.ts'
import { measureScale } from './scale.ts'
import { type Contender, startFasterReference, startGlimpse, startGlimpseWithRegistry } from './services.ts'
import { measureStores } from './stores.ts'
import { Figures } from './table.ts'

const usage = `npm run bench -- [options]
  --rounds N    rounds, the services taking turns (3)      --images N    images in the database (300)
  --seconds N   of each load (4)                            --mib N       size of the transferred file (512)
  --connections N  parallel clients of a load (16)          --parallel N  uploads at once of 256 MiB each (50)
  --rows N      images, and as many deleted ones, for growth (1000000)
  --audited N   images with files for the auditor (100000)
  --only LIST   some of: metadata, metadefs, data, memory, scale, growth, registry, stores, audit, import
                (default: metadata,metadefs,data,memory)`

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '16' },
    images: { type: 'string', default: '300' },
    mib: { type: 'string', default: '512' },
    parallel: { type: 'string', default: '50' },
    rows: { type: 'string', default: '1000000' },
    audited: { type: 'string', default: '100000' },
    only: { type: 'string', default: 'metadata,metadefs,data,memory' },
    help: { type: 'boolean', default: false },
  },
})
const parts = options.only.split(',')

async function randomFile(path: string, mib: number): Promise<string> {
  const out = createWriteStream(path)
  for (let i = 0; i < mib; i++) {
    if (!out.write(randomFillSync(Buffer.allocUnsafe(1 << 20))))
      await new Promise<void>((resolve) => out.once('drain', () => resolve()))
  }
  await new Promise<void>((resolve) => out.end(resolve))
  return path
}

async function measureRounds(contenders: readonly Contender[], setting: Setting): Promise<void> {
  const images = new Map<Contender, string[]>()
  for (const contender of contenders) {
    images.set(contender, await new ImageSet(contender.url, setting.token).fill(Number(options.images)))
    if (parts.includes('metadefs')) await fillMetadefs(contender, setting)
  }
  const rounds = Number(options.rounds)
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length] as Contender
      const ids = images.get(contender) ?? []
      console.log(`round ${round + 1} of ${rounds}: ${contender.name}`)
      if (parts.includes('metadata')) await measureMetadata(contender, setting, ids)
      if (parts.includes('metadefs')) await measureMetadefs(contender, setting)
      if (parts.includes('data')) {
        await measureData(contender, setting)
        await measureShowBesideUpload(contender, setting, ids)
      }
    }
    if (parts.includes('data')) await measureLimits(setting)
  }
}

/** The same file by nginx, and each hash alone. */
async function measureLimits({ blob, figures, work }: Setting): Promise<void> {
  const nginx = await startNginx(work, work)
  const processes = new ProcessTree(nginx.process.pid ?? 0)
  const url = `${nginx.url}/${blob.path.slice(work.length + 1)}`
  await transfer(url, { headers: {} })
  const repetitions = 3
  const cpuBefore = processes.cpuSeconds()
  let seconds = 0
  for (let i = 0; i < repetitions; i++) seconds += await transfer(url, { headers: {} })
  figures.add('download, MiB/s', 'nginx', (repetitions * blob.gib * 1024) / seconds)
  figures.add('download, CPU s/GiB', 'nginx', (processes.cpuSeconds() - cpuBefore) / blob.gib / repetitions)
  nginx.process.kill('SIGTERM')
  for (const algorithm of ['md5', 'sha512']) {
    figures.add('upload, CPU s/GiB', `${algorithm} alone`, (await hashAlone(blob.path, algorithm)) / blob.gib)
  }
}

/** Stores beside the tools of their servers; no service takes part. */
async function printStores(work: string): Promise<void> {
  const mib = Number(options.mib)
  const figures = new Figures()
  const blob = { path: await randomFile(join(work, 'blob-stores'), mib), gib: mib / 1024 }
  const setting = { blob, work, rounds: Number(options.rounds), figures }
  await measureStores(setting)
  console.log(`\n${figures.render(['rbd', 'rclone', 'SDK alone', 'glimpse'])}`)
}

/** Lists, purge and scrub of a large database, on each server; the reference takes no part. */
async function printGrowth(work: string): Promise<void> {
  await up(['mariadb', 'postgres', 'keystone', 'memcached'], console.log)
  const figures = new Figures()
  await measureGrowth({ rows: Number(options.rows), work, figures })
  console.log(`\n${figures.render(engineNames)}`)
}

/** An API on its database, and one behind a registry; the reference takes no part. */
async function printRegistry(work: string): Promise<void> {
  await up(['mariadb', 'keystone', 'memcached'], console.log)
  const figures = new Figures()
  const token = await (await peers('keystone')).keystone.adminToken()
  const [seconds, connections] = [Number(options.seconds), Number(options.connections)]
  const setting: Setting = { seconds, connections, token, work, figures, blob: { path: '', gib: 0 } }
  const direct = await startGlimpse(work)
  const remote = await startGlimpseWithRegistry(work, direct)
  try {
    const ids = await new ImageSet(direct.url, token).fill(Number(options.images))
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const contender of round % 2 === 0 ? [direct, remote] : [remote, direct]) {
        await measureMetadata(contender, setting, ids)
      }
    }
  } finally {
    await remote.stop()
    await direct.stop()
  }
  console.log(`\n${figures.render([direct.name, remote.name])}`)
}

/** Passes of the auditor; the reference has nothing like it. */
async function printAudit(work: string): Promise<void> {
  await up(['mariadb'], console.log)
  const figures = new Figures()
  const mib = Number(options.mib)
  const blob = { path: await randomFile(join(work, 'blob-audit'), mib), gib: mib / 1024 }
  await measureAudit({ images: Number(options.audited), blob, work, figures })
  console.log(`\n${figures.render(['sha512 alone', 'glimpse'])}`)
}

/** Imports beside uploads; the reference takes no part. */
async function printImports(work: string): Promise<void> {
  const mib = Number(options.mib)
  const figures = new Figures()
  const blob = { path: await randomFile(join(work, 'blob-import'), mib), gib: mib / 1024 }
  await measureImports({ blob, work, rounds: Number(options.rounds), figures })
  console.log(`\n${figures.render(['upload', 'import'])}`)
}

async function main(): Promise<void> {
  if (options.help) return console.log(usage)
  installPackages(console.log)
  const work = await mkdtemp(join(tmpdir(), 'glimpse-bench-'))
  process.env.GLIMPSE_PEERS = join(work, 'peers', 'state.json')
  const contenders: Contender[] = []
  try {
    if (parts.includes('stores')) await printStores(work)
    if (parts.includes('growth')) await printGrowth(work)
    if (parts.includes('registry')) await printRegistry(work)
    if (parts.includes('audit')) await printAudit(work)
    if (parts.includes('import')) await printImports(work)
    if (parts.every((part) => ['stores', 'growth', 'registry', 'audit', 'import'].includes(part))) return
    await up(['mariadb', 'keystone', 'memcached'], console.log)
    const token = await (await peers('keystone')).keystone.adminToken()
    const mib = Number(options.mib)
    const setting: Setting = {
      seconds: Number(options.seconds),
      connections: Number(options.connections),
      token,
      work,
      figures: new Figures(),
      blob: { path: await randomFile(join(work, 'blob'), mib), gib: mib / 1024 },
    }
    contenders.push(await startFasterReference(work, token), await startGlimpse(work))
    if (parts.includes('memory')) {
      const upload = { path: await randomFile(join(work, 'blob-256'), 256), parallel: Number(options.parallel) }
      for (const contender of contenders) await measureMemory(contender, setting, upload)
    }
    if (['metadata', 'metadefs', 'data'].some((part) => parts.includes(part))) await measureRounds(contenders, setting)
    if (parts.includes('scale')) await measureScale(contenders.at(-1) as Contender, setting)
    console.log(`\n${setting.figures.render(['nginx', 'md5 alone', 'sha512 alone', 'reference', 'glimpse'])}`)
  } finally {
    for (const contender of contenders) await contender.stop()
    await down()
    await rm(work, { recursive: true, force: true })
  }
}

await main()
