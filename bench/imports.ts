import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGlimpse } from '../test/support/service.ts'
import { ImageSet } from './images.ts'
import { startNginx } from './limits.ts'
import { transfer } from './load.ts'
import { ProcessTree } from './process-tree.ts'
import type { Figures } from './table.ts'

export interface ImportSetting {
  /** Lies in `work`. */
  readonly blob: { readonly path: string; readonly gib: number }
  readonly work: string
  readonly rounds: number
  readonly figures: Figures
}

interface Image {
  readonly status: string
  readonly stores?: string
}

const pollMs = 25

/**
 * Imports by web-download beside plain uploads of the same bytes, in turn: into one file store, and into two at once.
 * The times end when the image is active; what the source has sent tells how often it was read.
 */
export async function measureImports({ blob, work, rounds, figures }: ImportSetting): Promise<void> {
  const nginx = await startNginx(work, work, { logsBytes: true })
  const source = `${nginx.url}/${blob.path.slice(work.length + 1)}`
  const directory = join(work, 'imports')
  const service = await startGlimpse({
    directory,
    config: {
      DEFAULT: { workers: 2, enabled_backends: 'one:file,two:file' },
      database: { connection: `sqlite:///${join(work, 'imports.sqlite')}` },
      glance_store: { default_backend: 'one' },
      one: { filesystem_store_datadir: join(directory, 'one') },
      two: { filesystem_store_datadir: join(directory, 'two') },
      import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${new URL(nginx.url).port}]` },
    },
  })
  const images = new ImageSet(service.url, '')
  const processes = new ProcessTree(service.pid)
  const size = `${Math.round(blob.gib * 1024)} MiB`
  const measure = async (where: string, column: string, work: (id: string) => Promise<unknown>) => {
    const id = await images.create('bench-import')
    const cpuBefore = processes.cpuSeconds()
    const startedAt = performance.now()
    await work(id)
    figures.add(`${size} into ${where}, seconds`, column, (performance.now() - startedAt) / 1000)
    figures.add(`${size} into ${where}, CPU s/GiB`, column, (processes.cpuSeconds() - cpuBefore) / blob.gib)
    await images.delete(id)
  }
  const imported = async (id: string, stores: readonly string[]) => {
    await post(`${service.url}/v2/images/${id}/import`, { method: { name: 'web-download', uri: source }, stores })
    await active(`${service.url}/v2/images/${id}`, stores)
  }
  try {
    // Once for the page cache and the first use of everything.
    await measure('nowhere', 'import', (id) => imported(id, ['one', 'two']))
    for (let round = 0; round < rounds; round++) {
      await measure('a store', 'upload', (id) =>
        transfer(`${service.url}/v2/images/${id}/file`, { headers: {}, upload: blob.path }),
      )
      for (const stores of [['one'], ['one', 'two']]) {
        const where = stores.length === 1 ? 'a store' : 'two stores'
        const before = await nginx.bytesSent()
        await measure(where, 'import', (id) => imported(id, stores))
        const reads = ((await nginx.bytesSent()) - before) / (blob.gib * 2 ** 30)
        figures.add(`reads of the source for ${where}`, 'import', reads)
      }
    }
  } finally {
    await service.stop()
    nginx.process.kill('SIGTERM')
  }
}

async function post(url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
}

/** Polls until the image is active in `stores`. @throws when its import has failed */
async function active(url: string, stores: readonly string[]): Promise<void> {
  for (;;) {
    const { status, stores: found } = (await (await fetch(url)).json()) as Image
    if (status === 'active' && found === stores.join()) return
    if (status === 'queued') throw new Error(`the import of ${url} has failed`)
    await sleep(pollMs)
  }
}
