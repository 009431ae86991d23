import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import type { WritableStore } from '../test/contract/store-fixture.ts'
import type { Figures } from './table.ts'

export interface StoreSetting {
  readonly blob: { readonly path: string; readonly gib: number }
  readonly work: string
  readonly rounds: number
  readonly figures: Figures
}

/** What operators would move the same data with. */
export interface Tool {
  readonly name: string
  transfer(round: number, path: string): Promise<unknown>
}

export interface StoreBeside {
  readonly name: string
  readonly store: WritableStore
  /** Bytes that an upload may hold at a time by its settings. */
  readonly inFlightMib: number
  readonly upload: Tool
  readonly download: Tool
  /** Removes what the tool uploaded. */
  cleanUp?(): Promise<unknown>
}

/** A store beside other tools, in turn, with the same file: rates, memory, and how long the event loop stood still. */
export async function measureBeside(
  { blob, work, rounds, figures }: StoreSetting,
  { name, store, inFlightMib, upload, download, cleanUp }: StoreBeside,
): Promise<void> {
  const target = join(work, 'downloaded')
  const add = async (row: string, column: string, transfer: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await transfer()
    figures.add(row, column, (blob.gib * 1024 * 1000) / (performance.now() - startedAt))
    await rm(target, { force: true })
  }
  for (let round = 0; round < rounds; round++) {
    await add(`${name} upload, MiB/s`, upload.name, () => upload.transfer(round, blob.path))
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const before = process.memoryUsage.rss()
    let peak = before
    let url = ''
    delay.enable()
    await add(`${name} upload, MiB/s`, 'glimpse', async () => {
      const writer = await store.create(`round-${round}`, { sizeBytes: blob.gib * 2 ** 30 })
      for await (const chunk of createReadStream(blob.path, { highWaterMark: 512 * 1024 })) {
        await writer.write(chunk as Buffer)
        peak = Math.max(peak, process.memoryUsage.rss())
      }
      url = (await writer.commit()).url
      await writer.settle()
    })
    await add(`${name} download, MiB/s`, 'glimpse', async () =>
      pipeline(await store.open(url, {}), createWriteStream(target)),
    )
    delay.disable()
    figures.add(`${name}, longest stall of the event loop, ms`, 'glimpse', delay.max / 1e6)
    figures.add(
      `${name} upload, memory beyond ${inFlightMib} MiB, MiB`,
      'glimpse',
      (peak - before) / 2 ** 20 - inFlightMib,
    )
    await add(`${name} download, MiB/s`, download.name, () => download.transfer(round, target))
    await store.delete(url)
    await cleanUp?.()
  }
}
