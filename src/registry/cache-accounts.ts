import { GlimpseError } from '../errors/error.ts'
import type { CacheRecords, CentralCacheRecords } from '../ports/cache.ts'
import { type CommandsOf, once, repeatable } from './command.ts'
import { date, nullable, number, object, text } from './shape.ts'

type Question = Exclude<keyof CacheRecords, 'close'>

/** The accounts of the caches of all nodes as single questions: each names the node it is about. */
export type CacheAccounts = {
  readonly [Q in Question]: (nodeUrl: string, ...args: Parameters<CacheRecords[Q]>) => ReturnType<CacheRecords[Q]>
} & {
  /** Whether there are accounts of that node. */
  has(nodeUrl: string): Promise<boolean>
}

export const cacheCommands: CommandsOf<CacheAccounts> = {
  has: repeatable(text),
  list: repeatable(text),
  get: repeatable(text, text),
  add: once(text, object({ imageId: text, sizeBytes: number, checksum: nullable(text), at: date }, {})),
  hit: once(text, text, object({ count: number, at: date }, {})),
  remove: repeatable(text, text),
  removeAll: repeatable(text),
  nodesOf: repeatable(text, text),
}

/** The side of the registry: accounts that were looked up once are kept, for there are few nodes. */
export function cacheAccounts(central: CentralCacheRecords | undefined): CacheAccounts {
  const known = new Map<string, CacheRecords>()
  const find = async (nodeUrl: string): Promise<CacheRecords | undefined> => {
    const records = known.get(nodeUrl) ?? (await central?.ofNode(nodeUrl))
    if (records) known.set(nodeUrl, records)
    return records
  }
  const of = async (nodeUrl: string): Promise<CacheRecords> => {
    const records = await find(nodeUrl)
    if (!records) throw new GlimpseError('not_found', { reason: 'The database has no tables of caches.' })
    return records
  }
  return {
    has: async (nodeUrl) => (await find(nodeUrl)) !== undefined,
    list: async (nodeUrl) => (await of(nodeUrl)).list(),
    get: async (nodeUrl, imageId) => (await of(nodeUrl)).get(imageId),
    add: async (nodeUrl, entry) => (await of(nodeUrl)).add(entry),
    hit: async (nodeUrl, imageId, options) => (await of(nodeUrl)).hit(imageId, options),
    remove: async (nodeUrl, imageId) => (await of(nodeUrl)).remove(imageId),
    removeAll: async (nodeUrl) => (await of(nodeUrl)).removeAll(),
    nodesOf: async (nodeUrl, imageId) => (await of(nodeUrl)).nodesOf(imageId),
  }
}

/** The side of an API node. */
export function centralCacheRecords(accounts: CacheAccounts): CentralCacheRecords {
  return {
    async ofNode(nodeUrl) {
      if (!(await accounts.has(nodeUrl))) return undefined
      return {
        list: () => accounts.list(nodeUrl),
        get: (imageId) => accounts.get(nodeUrl, imageId),
        add: (entry) => accounts.add(nodeUrl, entry),
        hit: (imageId, options) => accounts.hit(nodeUrl, imageId, options),
        remove: (imageId) => accounts.remove(nodeUrl, imageId),
        removeAll: () => accounts.removeAll(nodeUrl),
        nodesOf: (imageId) => accounts.nodesOf(nodeUrl, imageId),
        close: async () => {},
      }
    },
  }
}
