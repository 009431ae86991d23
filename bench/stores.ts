import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import { openRbdStore } from '../src/drivers/stores/rbd/rbd-store.ts'
import type { BlobStore } from '../src/ports/blob-store.ts'
import { makeCephPool, rbdConfig } from '../test/support/ceph.ts'
import { peers } from '../test/support/peers.ts'
import type { Figures } from './table.ts'

export interface StoreSetting {
  readonly blob: { readonly path: string; readonly gib: number }
  readonly work: string
  readonly rounds: number
  readonly figures: Figures
}

/** The RBD store beside Ceph's own `rbd import` and `rbd export`, in turn, with the same file. */
export async function measureStores({ blob, work, rounds, figures }: StoreSetting): Promise<void> {
  const { ceph } = await peers('ceph')
  await using pool = await makeCephPool(ceph)
  const store = openRbdStore('rbd', rbdConfig(ceph, pool))
  const target = join(work, 'downloaded')
  const add = async (name: string, column: string, transfer: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await transfer()
    figures.add(name, column, (blob.gib * 1024 * 1000) / (performance.now() - startedAt))
  }
  try {
    for (let round = 0; round < rounds; round++) {
      const key = `round-${round}`
      const delay = monitorEventLoopDelay({ resolution: 1 })
      await add('RBD upload, MiB/s', 'rbd', () => pool.rbd('import', blob.path, 'imported', '--object-size', '8M'))
      delay.enable()
      let url = ''
      await add('RBD upload, MiB/s', 'glimpse', async () => {
        url = await upload(store, key, blob)
      })
      await add('RBD download, MiB/s', 'glimpse', async () =>
        pipeline(await store.open(url, {}), createWriteStream(target)),
      )
      delay.disable()
      figures.add('longest stall of the event loop, ms', 'glimpse', delay.max / 1e6)
      await rm(target)
      await add('RBD download, MiB/s', 'rbd', () => pool.rbd('export', 'imported', target))
      await rm(target)
      await pool.rbd('rm', 'imported')
      await store.delete(url)
    }
  } finally {
    await store.close()
  }
}

async function upload(store: Pick<BlobStore, 'create'>, key: string, { path, gib }: StoreSetting['blob']) {
  const writer = await store.create?.(key, { sizeBytes: gib * 2 ** 30 })
  if (writer === undefined) throw new Error('the store takes no data')
  for await (const chunk of createReadStream(path, { highWaterMark: 512 * 1024 })) await writer.write(chunk as Buffer)
  const { url } = await writer.commit()
  await writer.settle()
  return url
}
