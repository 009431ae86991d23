import type { CacheClient, CachedImage } from './client.ts'
import { renderTable } from './table.ts'

/** What a command works with. */
export interface CommandContext {
  readonly client: CacheClient
  /** Asked for by `-v`. */
  readonly isVerbose: boolean
  print(line: string): void
  /** Whether the user agrees; always with `-f`. */
  confirm(question: string): Promise<boolean>
}

export interface CacheCommand {
  readonly summary: string
  /** What it does, as it is said of one that has failed. */
  readonly action: string
  /** Takes the id of one image. */
  readonly takesImage?: true
  /** `imageId` is empty for commands that take none. */
  run(context: CommandContext, imageId: string): Promise<void>
}

/** @see glance `cmd/cache_manage.py` */
export const cacheCommands: Readonly<Record<string, CacheCommand>> = {
  'list-cached': {
    summary: 'List the images in the cache',
    action: 'show cached images',
    async run({ client, print }) {
      const images = await client.cached()
      if (images.length === 0) return print('No cached images.')
      print(`Found ${images.length} cached images...`)
      print(cachedTable(images))
    },
  },
  'list-queued': {
    summary: 'List the images that are queued for the cache',
    action: 'show queued images',
    async run({ client, print }) {
      const images = await client.queued()
      if (images.length === 0) return print('No queued images.')
      print(`Found ${images.length} queued images...`)
      print(
        renderTable(
          [{ title: 'ID' }],
          images.map((id) => [id]),
        ),
      )
    },
  },
  'queue-image': {
    summary: 'Queue an image for the cache',
    action: 'queue the specified image for caching',
    takesImage: true,
    async run(context, imageId) {
      if (!(await context.confirm(`Queue image ${imageId} for caching?`))) return
      await context.client.queue(imageId)
      tell(context, `Queued image ${imageId} for caching`)
    },
  },
  'delete-cached-image': {
    summary: 'Take an image out of the cache',
    action: 'delete the specified cached image',
    takesImage: true,
    async run(context, imageId) {
      if (!(await context.confirm(`Delete cached image ${imageId}?`))) return
      await context.client.remove('cached_images', imageId)
      tell(context, `Deleted cached image ${imageId}`)
    },
  },
  'delete-all-cached-images': {
    summary: 'Take all images out of the cache',
    action: 'delete all cached images',
    async run(context) {
      if (!(await context.confirm('Delete all cached images?'))) return
      tell(context, `Deleted ${await context.client.removeAll('cached_images')} cached images`)
    },
  },
  'delete-queued-image': {
    summary: 'Take an image out of the queue',
    action: 'delete the specified queued image',
    takesImage: true,
    async run(context, imageId) {
      if (!(await context.confirm(`Delete queued image ${imageId}?`))) return
      await context.client.remove('queued_images', imageId)
      tell(context, `Deleted queued image ${imageId}`)
    },
  },
  'delete-all-queued-images': {
    summary: 'Take all images out of the queue',
    action: 'delete all queued images',
    async run(context) {
      if (!(await context.confirm('Delete all queued images?'))) return
      tell(context, `Deleted ${await context.client.removeAll('queued_images')} queued images`)
    },
  },
}

function tell({ isVerbose, print }: CommandContext, line: string): void {
  if (isVerbose) print(line)
}

function cachedTable(images: readonly CachedImage[]): string {
  return renderTable(
    [
      { title: 'ID' },
      { title: 'Last Accessed (UTC)' },
      { title: 'Last Modified (UTC)' },
      { title: 'Size', align: 'right' },
      { title: 'Hits', align: 'right' },
    ],
    images.map(({ image_id, last_accessed, last_modified, size, hits }) => [
      image_id,
      last_accessed === 0 ? 'N/A' : isoTime(last_accessed),
      isoTime(last_modified),
      String(size),
      String(hits),
    ]),
  )
}

/** As Python writes it: microseconds, and none of a whole second. */
function isoTime(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString()
  const fraction = text.slice(20, 23)
  return text.slice(0, 19) + (fraction === '000' ? '' : `.${fraction}000`)
}
