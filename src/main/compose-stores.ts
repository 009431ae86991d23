import type { Config } from '../config/config.ts'
import { apiOptions } from '../config/groups/api.ts'
import { backendOptions, glanceStoreOptions } from '../config/groups/stores.ts'
import { type StoreEntry, StoreSet } from '../domain/data/store-set.ts'
import { openFileStore } from '../drivers/stores/file/file-store.ts'
import { fileStoreOptions } from '../drivers/stores/file/options.ts'
import { httpStoreOptions } from '../drivers/stores/http/options.ts'
import { rbdStoreOptions } from '../drivers/stores/rbd/options.ts'
import { requiredS3Options, s3StoreOptions } from '../drivers/stores/s3/options.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Logger } from '../ports/logger.ts'
import { readImportFiltering, webRules } from './compose-fetch.ts'

/** The stores that the configuration names; opened later. */
export interface StoreSettings {
  /** @throws store_misconfigured */
  open(log: Logger): Promise<StoreSet>
}

interface Opener {
  readonly properties: StoreEntry['properties']
  readonly open: (id: string) => Promise<BlobStore>
}

interface StoreType {
  /** Reads the section at once, so that its faults are reported with all others. */
  prepare(config: Config, section: string): Opener
}

const fileType: StoreType = {
  prepare(config, section) {
    const values = config.group(section, fileStoreOptions)
    const { filesystem_store_datadir: datadir, filesystem_store_datadirs: datadirs } = values
    const properties = {
      data_dir: datadirs.length > 0 ? datadirs.join() : datadir,
      chunk_size: values.filesystem_store_chunk_size,
      thin_provisioning: values.filesystem_thin_provisioning,
    }
    return { properties, open: (id) => openFileStore(id, values) }
  },
}

const httpType: StoreType = {
  prepare(config, section) {
    const values = config.group(section, httpStoreOptions)
    const rules = webRules(readImportFiltering(config), values.http_local_hosts)
    return {
      properties: {},
      open: async (id) => (await import('../drivers/stores/http/http-store.ts')).openHttpStore(id, values, rules),
    }
  },
}

const s3Type: StoreType = {
  prepare(config, section) {
    const values = config.group(section, s3StoreOptions)
    for (const name of requiredS3Options) {
      if (!values[name]) config.refuse({ group: section, name }, 'expected a value: a store of type s3 needs it')
    }
    const properties = {
      s3_store_large_object_size: values.s3_store_large_object_size,
      s3_store_large_object_chunk_size: values.s3_store_large_object_chunk_size,
      s3_store_thread_pools: values.s3_store_thread_pools,
    }
    return {
      properties,
      open: async (id) => (await import('../drivers/stores/s3/s3-store.ts')).openS3Store(id, values),
    }
  },
}

const rbdType: StoreType = {
  prepare(config, section) {
    const values = config.group(section, rbdStoreOptions)
    const properties = {
      chunk_size: values.rbd_store_chunk_size * 2 ** 20,
      pool: values.rbd_store_pool,
      thin_provisioning: values.rbd_thin_provisioning,
    }
    return {
      properties,
      open: async (id) => (await import('../drivers/stores/rbd/rbd-store.ts')).openRbdStore(id, values),
    }
  },
}

/** Store types by the names that `stores`, `default_store` and `enabled_backends` use. */
const types: Readonly<Record<string, StoreType>> = {
  file: fileType,
  filesystem: fileType,
  http: httpType,
  https: httpType,
  rbd: rbdType,
  s3: s3Type,
}
const supported = 'file, http, rbd, s3'

/** Sections of stores for the service's own use. @see glance `common/wsgi.py` RESERVED_STORES */
const reservedIds = ['os_glance_staging_store', 'os_glance_tasks_store']

interface Prepared extends Opener {
  readonly id: string
  readonly type: string
  readonly description: string | null
  readonly weight: number
  readonly reserved: boolean
}

/** Reads which stores there are, in today's form (`enabled_backends`) or in that of one store of each type (`stores`). */
export function readStores(config: Config): StoreSettings {
  const { enabled_backends: backends } = config.group('DEFAULT', apiOptions)
  const names = config.group('glance_store', glanceStoreOptions)
  const multiple = Object.keys(backends).length > 0
  const prepared = multiple ? prepareBackends(config, backends) : prepareSingle(config, names.stores)
  const defaultId = multiple ? names.default_backend : typeName(names.default_store)
  const isChoice = prepared.some(({ id, reserved }) => id === defaultId && !reserved)
  if (!isChoice && prepared.length > 0) {
    const option = multiple ? 'default_backend' : 'default_store'
    const choices = prepared.filter(({ reserved }) => !reserved).map(({ id }) => id)
    config.refuse({ group: 'glance_store', name: option }, `expected one of ${choices.join(', ')}`)
  }
  return {
    async open() {
      const entries: StoreEntry[] = []
      for (const { id, open, ...rest } of prepared) entries.push({ store: await open(id), ...rest })
      return new StoreSet(entries, { defaultId: defaultId ?? '', multiple })
    },
  }
}

function prepareBackends(config: Config, backends: Readonly<Record<string, string>>): Prepared[] {
  const chosen = Object.entries(backends).flatMap(([id, typeNamed]) => {
    const option = { group: 'DEFAULT', name: 'enabled_backends' }
    if (id.startsWith('os_glance_')) {
      config.refuse(option, `the id ${id} begins with os_glance_, which is reserved`)
      return []
    }
    const type = types[typeNamed]
    if (type === undefined) {
      config.refuse(option, `${id} has the type ${typeNamed}; supported types are ${supported}`)
      return []
    }
    const common = config.group(id, backendOptions)
    return [
      {
        id,
        type: typeNamed,
        ...type.prepare(config, id),
        description: common.store_description,
        weight: common.weight,
        reserved: false,
      },
    ]
  })
  const own = reservedIds
    .filter((id) => config.has(id))
    .map((id) => ({
      id,
      type: 'file',
      ...fileType.prepare(config, id),
      description: null,
      weight: 0,
      reserved: true,
    }))
  return [...chosen, ...own]
}

function prepareSingle(config: Config, names: readonly string[]): Prepared[] {
  const ids = new Set<string>()
  for (const name of names) {
    if (types[name] !== undefined) ids.add(typeName(name))
    else {
      config.refuse(
        { group: 'glance_store', name: 'stores' },
        `${name} is no store type of this service; supported types are ${supported}`,
      )
    }
  }
  return [...ids].flatMap((id) => {
    const opener = types[id]?.prepare(config, 'glance_store')
    return opener === undefined ? [] : [{ id, type: id, ...opener, description: null, weight: 0, reserved: false }]
  })
}

/** One name for each type: stores of the old form have no other id. */
function typeName(name: string): string {
  if (types[name] === fileType) return 'file'
  return types[name] === httpType ? 'http' : name
}
