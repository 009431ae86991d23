import type { AbandonedWrite } from '../../../ports/blob-store.ts'
import type { SwiftClient } from './client.ts'
import { removeAll } from './remove.ts'

/** A living write stores a segment now and then; one that has stored none for so long has lost its process. */
const deadAfterMs = 24 * 60 * 60 * 1000

/** Segments as `SwiftWriter` names them: image, write, number. */
const segment = /^(([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})_[0-9a-f]{8}-)\d{5}$/

interface Group {
  readonly key: string
  readonly prefix: string
  newestMs: number
}

/**
 * Finds segments of writes that nobody goes on with and that no manifest stands for. Swift does not tell who writes, so
 * time decides.
 */
export async function* findAbandonedSegments(
  client: SwiftClient,
  { container, now = Date.now }: { container: string; now?: () => number },
): AsyncGenerator<AbandonedWrite, void, undefined> {
  for await (const group of groups(client, container)) {
    if (group.newestMs > now() - deadAfterMs) continue
    const image = await client.headObject({ container, object: group.key })
    const [, ...manifest] = String(image?.['x-object-manifest'] ?? '').split('/')
    if (decodeURIComponent(manifest.join('/')) === group.prefix) continue
    yield {
      key: group.key,
      // Without a manifest there is no blob.
      removeBlob: async () => undefined,
      discard: () => removeAll(client, { container, prefix: group.prefix }),
      release: async () => undefined,
    }
  }
}

/** The segments of one write follow each other in a listing. */
async function* groups(client: SwiftClient, container: string): AsyncGenerator<Group, void, undefined> {
  let group: Group | undefined
  for await (const page of client.list(container, { prefix: '' })) {
    for (const { name, modifiedAt } of page) {
      const [, prefix, key] = segment.exec(name) ?? []
      if (prefix === undefined || key === undefined) continue
      if (group && group.prefix !== prefix) yield group
      if (group?.prefix !== prefix) group = { key, prefix, newestMs: 0 }
      group.newestMs = Math.max(group.newestMs, modifiedAt.getTime())
    }
  }
  if (group) yield group
}
