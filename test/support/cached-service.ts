import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type CountedWebStore, startCountedWebStore } from './counted-web-store.ts'
import { Images } from './images.ts'
import { glimpse, type Implementation } from './implementations.ts'
import { type Service, startService } from './service.ts'

export interface CacheState {
  readonly cached_images: readonly { readonly image_id: string; readonly hits: number; readonly size: number }[]
  readonly queued_images: readonly string[]
}

/** A service of two workers with an image cache and without authentication, and a web server that holds its images. */
export interface CachedService extends AsyncDisposable {
  readonly service: Service
  readonly web: CountedWebStore
  readonly cacheDirectory: string
  /** Makes an active image whose data lies on the web server, and forgets the reads so far. */
  createImage(): Promise<string>
  fileUrl(imageId: string): string
  state(): Promise<CacheState>
  isCached(imageId: string): Promise<boolean>
  restart(): Promise<void>
}

export async function startCachedService(
  directory: string,
  { data, implementation = glimpse }: { data: Buffer; implementation?: Implementation },
): Promise<CachedService> {
  const cacheDirectory = join(directory, 'cache')
  const web = await startCountedWebStore(data)
  let service = await startService(implementation, {
    directory,
    config: {
      DEFAULT: {
        workers: 2,
        enabled_backends: 'file1:file,web:http',
        show_multiple_locations: true,
        image_cache_dir: cacheDirectory,
        image_cache_driver: 'sqlite',
      },
      database: { connection: `sqlite:///${join(directory, 'glance.sqlite')}` },
      glance_store: { default_backend: 'file1' },
      file1: { filesystem_store_datadir: join(directory, 'images') },
      import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${web.port}]` },
      paste_deploy: { flavor: 'cachemanagement' },
    },
  })
  const validation_data = {
    checksum: createHash('md5').update(data).digest('hex'),
    os_hash_algo: 'sha512',
    os_hash_value: createHash('sha512').update(data).digest('hex'),
  }
  const state = async () => (await (await fetch(`${service.url}/v2/cache`)).json()) as CacheState
  return {
    get service() {
      return service
    },
    web,
    cacheDirectory,
    async createImage() {
      const images = new Images(service)
      const id = await images.create()
      assert.equal(await images.addLocation(id, { url: web.url, metadata: { store: 'web' }, validation_data }), 200)
      assert.equal((await images.show(id)).status, 'active')
      web.reads.splice(0)
      return id
    },
    fileUrl: (imageId) => `${service.url}/v2/images/${imageId}/file`,
    state,
    isCached: async (imageId) => (await state()).cached_images.some(({ image_id }) => image_id === imageId),
    async restart() {
      service = await service.restart()
    },
    async [Symbol.asyncDispose]() {
      await service.stop()
      await web[Symbol.asyncDispose]()
    },
  }
}
