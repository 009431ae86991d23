import { join } from 'node:path'
import { keystoneSections, mergeSections } from '../support/config-file.ts'
import type { KeystonePeer } from '../support/keystone.ts'
import { startGlimpse } from '../support/service.ts'
import { PatientClient } from './client.ts'
import type { Content } from './contents.ts'
import { pacedFile } from './paced.ts'

/** Another image service, which nobody harms: images are downloaded from it. */
export interface Remote extends AsyncDisposable {
  readonly region: string
  readonly port: number
  /** By the name of the content. */
  readonly imageIds: ReadonlyMap<string, string>
}

/** Starts the service in a region of its own and gives it an image of each content. */
export async function startRemote(
  contents: readonly Content[],
  { keystone, token, directory }: { keystone: KeystonePeer; token: string; directory: string },
): Promise<Remote> {
  await using cleanup = new AsyncDisposableStack()
  const folder = join(directory, 'remote')
  const service = cleanup.use(
    await startGlimpse({
      directory: folder,
      config: mergeSections(keystoneSections(keystone), {
        DEFAULT: { enabled_backends: 'far:file', workers: 1 },
        database: { connection: `sqlite:///${join(folder, 'images.sqlite')}` },
        glance_store: { default_backend: 'far' },
        far: { filesystem_store_datadir: join(folder, 'images') },
      }),
    }),
  )
  const { region, remove } = await keystone.registerImageService(service.url)
  cleanup.defer(remove)
  const client = new PatientClient([service.url], { token })
  const imageIds = new Map<string, string>()
  for (const { name, path, diskFormat } of contents) {
    const json = { name, disk_format: diskFormat, container_format: 'bare' }
    const { id } = JSON.parse((await client.insist('POST', '/v2/images', { json })).body) as { id: string }
    const data = () => pacedFile(path, { bytesPerSecond: Number.POSITIVE_INFINITY })
    const answer = await client.once('PUT', `/v2/images/${id}/file`, { data, timeoutMs: 120_000 })
    if (answer?.status !== 204) throw new Error(`upload to the remote service gives ${answer?.status}: ${answer?.body}`)
    imageIds.set(name, id)
  }
  const kept = cleanup.move()
  return { region, port: service.port, imageIds, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
