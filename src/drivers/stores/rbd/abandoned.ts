import { setTimeout as sleep } from 'node:timers/promises'
import type { AbandonedWrite } from '../../../ports/blob-store.ts'
import type { Connection } from './connection.ts'
import { CephError } from './helper/protocol.ts'

/** Begin of the names of unfinished images and of marks. */
export const temporaryPrefix = 'glimpse-write.'
const pattern = /^glimpse-write\.(.+)\.[0-9a-f]{12}$/s

/** A cluster takes a client that was cut off for alive up to 30 s (`osd_client_watch_timeout`). */
const watchTimeoutMs = 35_000

/** A name that no other write has. `random`: 12 hexadecimal digits. */
export function temporaryName(key: string, random: string): string {
  return `${temporaryPrefix}${key}.${random}`
}

interface FindOptions {
  readonly connection: Connection
  readonly pool: string
  readonly snapshot: string
  readonly signal: AbortSignal
}

/**
 * Finds writes whose writer has neither an image open nor comes back: images under temporary names, and committed ones
 * with a mark. Where a writer seems to live, it looks again when a dead one would have lost its place.
 */
export async function* findAbandoned(options: FindOptions): AsyncGenerator<AbandonedWrite, void, undefined> {
  let waiting = await whenReachable(() => candidates(options), options)
  for (const pauseMs of [0, watchTimeoutMs]) {
    if (pauseMs > 0) await pause(pauseMs, options)
    if (options.signal.aborted) return
    const busy: Candidate[] = []
    for (const candidate of waiting) {
      const found = await claim(candidate, options)
      if (found === 'busy') busy.push(candidate)
      else yield found
    }
    if (busy.length === 0) return
    waiting = busy
  }
}

/** A cluster that is away at the start is asked again until it is there. */
async function whenReachable(find: () => Promise<Candidate[]>, options: FindOptions): Promise<Candidate[]> {
  while (!options.signal.aborted) {
    try {
      return await find()
    } catch (error) {
      if (!(error instanceof CephError)) throw error
      await pause(watchTimeoutMs, options)
    }
  }
  return []
}

async function pause(pauseMs: number, { signal }: FindOptions): Promise<void> {
  await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
}

interface Candidate {
  readonly key: string
  readonly mark: string
  /** Known of committed writes: the image has its own name then. */
  readonly imageId: string | null
}

async function candidates({ connection, pool }: FindOptions): Promise<Candidate[]> {
  const helper = await connection.helper()
  const { images, marks } = await helper.call('unfinished', { pool, prefix: temporaryPrefix })
  const unfinished = images.map((mark) => ({ mark, imageId: null }))
  const committed = marks.filter(({ mark }) => !images.includes(mark))
  return [...unfinished, ...committed].flatMap((write) => {
    const key = pattern.exec(write.mark)?.[1]
    return key === undefined ? [] : [{ ...write, key }]
  })
}

/** Holds the write by having its image open; one whose image is gone needs no holding. */
async function claim(candidate: Candidate, options: FindOptions): Promise<AbandonedWrite | 'busy'> {
  const { key, mark, imageId } = candidate
  const { connection, pool, snapshot } = options
  const helper = await connection.helper()
  const name = imageId === null ? mark : key
  const claimed = await helper.call('claim', { pool, name, imageId })
  if (claimed === 'busy') return 'busy'
  let handle = claimed === 'gone' ? null : claimed
  const take = () => {
    const taken = handle
    handle = null
    return taken
  }
  const release = async () => {
    const taken = take()
    if (taken !== null) await helper.call('close', { handle: taken })
  }
  const discard = () => helper.call('discard', { pool, name, imageId, snapshot, mark, handle: take() })
  return {
    key,
    async removeBlob() {
      if (imageId !== null && handle !== null) await discard()
    },
    async discard() {
      if (imageId === null) return discard()
      await release()
      await helper.call('removeMark', { pool, mark })
    },
    release,
  }
}
