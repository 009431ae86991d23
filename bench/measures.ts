import { join } from 'node:path'
import { ImageSet } from './images.ts'
import { requests, transfer } from './load.ts'
import type { Contender } from './services.ts'
import type { Figures } from './table.ts'

export interface Setting {
  readonly seconds: number
  readonly connections: number
  readonly token: string
  readonly work: string
  readonly figures: Figures
  /** A file of random bytes, and its size. */
  readonly blob: { readonly path: string; readonly gib: number }
}

/** Requests a second, p99 and CPU of one metadata request. */
export async function measureRequests(
  contender: Contender,
  setting: Setting,
  what: { name: string; path: string; body?: object },
): Promise<void> {
  const { figures, seconds, connections, token, work } = setting
  const cpuBefore = contender.processes.cpuSeconds()
  const rate = await requests(contender.url + what.path, {
    seconds,
    connections,
    headers: { 'X-Auth-Token': token, ...(what.body && { 'Content-Type': 'application/json' }) },
    ...(what.body && { post: { body: JSON.stringify(what.body), script: join(work, 'post.lua') } }),
  })
  const cpuMs = ((contender.processes.cpuSeconds() - cpuBefore) * 1000) / rate.requests
  figures.add(`${what.name}, requests/s`, contender.name, rate.perSecond)
  figures.add(`${what.name}, p99 ms`, contender.name, rate.p99Ms)
  figures.add(`${what.name}, CPU ms/request`, contender.name, cpuMs)
}

/** show, list of 25 and 100, filtered list, create. */
export async function measureMetadata(contender: Contender, setting: Setting, ids: readonly string[]): Promise<void> {
  await measureRequests(contender, setting, { name: 'show', path: `/v2/images/${ids[3]}` })
  await measureRequests(contender, setting, { name: 'list of 25', path: '/v2/images' })
  await measureRequests(contender, setting, { name: 'list of 100', path: '/v2/images?limit=100' })
  await measureRequests(contender, setting, {
    name: 'filtered list',
    path: '/v2/images?os_distro=ubuntu&tag=t3&sort=name:asc',
  })
  const name = 'bench-created'
  const body = { name, disk_format: 'raw', container_format: 'bare', os_distro: 'ubuntu', tags: ['a', 'b'] }
  await measureRequests(contender, setting, { name: 'create', path: '/v2/images', body })
  await new ImageSet(contender.url, setting.token).deleteNamed(name)
}

/** One upload and three downloads of the blob. */
export async function measureData(contender: Contender, { figures, token, blob }: Setting): Promise<void> {
  const images = new ImageSet(contender.url, token)
  const headers = { 'X-Auth-Token': token }
  const file = `${contender.url}/v2/images/${await images.create('bench-data')}/file`
  const mib = blob.gib * 1024

  let cpuBefore = contender.processes.cpuSeconds()
  figures.add('upload, MiB/s', contender.name, mib / (await transfer(file, { headers, upload: blob.path })))
  figures.add('upload, CPU s/GiB', contender.name, (contender.processes.cpuSeconds() - cpuBefore) / blob.gib)

  await transfer(file, { headers })
  const repetitions = 3
  let seconds = 0
  cpuBefore = contender.processes.cpuSeconds()
  for (let i = 0; i < repetitions; i++) seconds += await transfer(file, { headers })
  figures.add('download, MiB/s', contender.name, (repetitions * mib) / seconds)
  figures.add(
    'download, CPU s/GiB',
    contender.name,
    (contender.processes.cpuSeconds() - cpuBefore) / blob.gib / repetitions,
  )
  await images.deleteNamed('bench-data')
}

/** p99 of one client that shows an image while another uploads. */
export async function measureShowBesideUpload(
  contender: Contender,
  setting: Setting,
  ids: readonly string[],
): Promise<void> {
  const images = new ImageSet(contender.url, setting.token)
  const headers = { 'X-Auth-Token': setting.token }
  const id = await images.create('bench-beside')
  let running = true
  const upload = transfer(`${contender.url}/v2/images/${id}/file`, { headers, upload: setting.blob.path }).finally(
    () => {
      running = false
    },
  )
  const timesMs: number[] = []
  while (running) {
    const startedAt = performance.now()
    await (await fetch(`${contender.url}/v2/images/${ids[3]}`, { headers })).arrayBuffer()
    timesMs.push(performance.now() - startedAt)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await upload
  timesMs.sort((a, b) => a - b)
  setting.figures.add(
    'show beside an upload, p99 ms',
    contender.name,
    timesMs[Math.floor(timesMs.length * 0.99)] ?? Number.NaN,
  )
  await images.deleteNamed('bench-beside')
}

/** Memory at rest, and the most that is held while `parallel` uploads run at once. */
export async function measureMemory(
  contender: Contender,
  setting: Setting,
  upload: { path: string; parallel: number },
): Promise<void> {
  const images = new ImageSet(contender.url, setting.token)
  const headers = { 'X-Auth-Token': setting.token }
  const idleMib = contender.processes.memoryMib()
  const ids = await Promise.all(Array.from({ length: upload.parallel }, () => images.create('bench-memory')))
  let peakMib = 0
  const sampler = setInterval(() => {
    peakMib = Math.max(peakMib, contender.processes.memoryMib())
  }, 250)
  const startedAt = performance.now()
  try {
    await Promise.all(
      ids.map((id) => transfer(`${contender.url}/v2/images/${id}/file`, { headers, upload: upload.path })),
    )
  } finally {
    clearInterval(sampler)
  }
  const { figures } = setting
  figures.add('memory idle, MiB (PSS, all processes)', contender.name, idleMib)
  figures.add(`memory added by ${upload.parallel} uploads, MiB`, contender.name, Math.max(0, peakMib - idleMib))
  figures.add(`${upload.parallel} uploads at once, seconds`, contender.name, (performance.now() - startedAt) / 1000)
  await images.deleteNamed('bench-memory')
}
