import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]` @see glance `image_cache/__init__.py`, `image_cache/drivers/sqlite.py` */
export const cacheOptions = {
  image_cache_dir: {
    type: 'string',
    default: null,
    help: 'Directory of the image cache, shared by the processes of one node. With a flavor that has caching, downloads go through it. When it is set, the versions of the API that have cache management are listed.',
  },
  image_cache_driver: {
    type: 'string',
    default: 'centralized_db',
    choices: ['centralized_db', 'sqlite', 'xattr'],
    ignoreCase: true,
    help: 'Where the use of cached images is recorded: in the database of the service (it needs worker_self_reference_url, and the tables of 2024.1), in an SQLite file in the directory of the cache, or in extended attributes of its files. What cannot be used is replaced by sqlite.',
  },
  image_cache_sqlite_db: {
    type: 'string',
    default: 'cache.db',
    help: 'SQLite file of the driver sqlite, in the directory of the cache.',
  },
  image_cache_max_size: {
    type: 'integer',
    default: 10 * 2 ** 30,
    min: 0,
    unit: 'bytes',
    help: 'Size to which the cache is pruned when it has grown beyond it, the least recently used images first. A larger image does not come into the cache.',
  },
  image_cache_stall_time: {
    type: 'integer',
    default: 86400,
    min: 0,
    unit: 'seconds',
    help: 'How long an incomplete image that nobody is fetching stays in the cache, for the next one who wants it to go on with.',
  },
  cache_prefetcher_interval: {
    type: 'integer',
    default: 300,
    min: 1,
    unit: 'seconds',
    help: 'Time between two runs that fetch the images which are queued for the cache.',
  },
} as const satisfies OptionGroup
export type CacheConfig = Values<typeof cacheOptions>
