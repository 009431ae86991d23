import type { Config } from '../config/config.ts'
import { apiOptions } from '../config/groups/api.ts'
import { backendOptions, glanceStoreOptions } from '../config/groups/stores.ts'
import type { StoreObserver } from '../domain/data/guard/guarded-store.ts'
import { type StoreEntry, StoreSet } from '../domain/data/store-set.ts'
import { importOptions } from '../domain/import/options.ts'
import { keystoneAccount } from '../drivers/identity/keystone-account.ts'
import { keystone_authtokenOptions, keystoneAccountOptions } from '../drivers/identity/keystone-options.ts'
import { openFileStore } from '../drivers/stores/file/file-store.ts'
import { fileStoreOptions } from '../drivers/stores/file/options.ts'
import { httpStoreOptions } from '../drivers/stores/http/options.ts'
import { rbdStoreOptions } from '../drivers/stores/rbd/options.ts'
import { s3Schemes } from '../drivers/stores/s3/location.ts'
import { requiredS3Options, s3StoreOptions } from '../drivers/stores/s3/options.ts'
import { swiftSchemes } from '../drivers/stores/swift/location.ts'
import { sizeUnitBytes, swiftStoreOptions } from '../drivers/stores/swift/options.ts'
import type { Logger } from '../ports/logger.ts'
import { readImportFiltering, webRules } from './compose-fetch.ts'
import { openStore, type PreparedStore } from './open-stores.ts'

/** The stores that the configuration names; opened later. */
export interface StoreSettings {
  /** Of the store `os_glance_staging_store`. */
  readonly stagingFolder: string
  /** @throws store_misconfigured for a store that the service cannot do without */
  open(log: Logger, observer?: StoreObserver): Promise<StoreSet>
}

type Opener = Pick<PreparedStore, 'properties' | 'open'>

interface StoreType {
  /** Schemes of its locations. */
  readonly schemes: readonly string[]
  readonly isWritable: boolean
  /** Reads the section at once, so that its faults are reported with all others. */
  prepare(config: Config, section: string): Opener
}

const fileType: StoreType = {
  schemes: ['file', 'filesystem'],
  isWritable: true,
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
  schemes: ['http', 'https'],
  isWritable: false,
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
  schemes: s3Schemes,
  isWritable: true,
  prepare(config, section) {
    const values = config.group(section, s3StoreOptions)
    // Lists of stores in the old form may name types that are not set up.
    const isMeant = section !== 'glance_store' || requiredS3Options.some((name) => values[name])
    for (const name of requiredS3Options) {
      if (isMeant && !values[name])
        config.refuse({ group: section, name }, 'expected a value: a store of type s3 needs it')
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
  schemes: ['rbd'],
  isWritable: true,
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

const swiftType: StoreType = {
  schemes: swiftSchemes,
  isWritable: true,
  prepare(config, section) {
    const values = config.group(section, swiftStoreOptions)
    if (values.swift_store_multi_tenant && values.swift_store_config_file !== null) {
      const option = { group: section, name: 'swift_store_config_file' }
      config.refuse(option, 'it cannot be used together with swift_store_multi_tenant')
    }
    const { auth_section } = config.group('keystone_authtoken', keystone_authtokenOptions)
    const account = config.group(auth_section ?? 'keystone_authtoken', keystoneAccountOptions)
    const properties = {
      container: values.swift_store_container,
      large_object_size: values.swift_store_large_object_size * sizeUnitBytes,
      large_object_chunk_size: values.swift_store_large_object_chunk_size * sizeUnitBytes,
    }
    return {
      properties,
      async open(id) {
        const { openSwiftStore } = await import('../drivers/stores/swift/swift-store.ts')
        return openSwiftStore(id, { config: values, authAddress: keystoneAccount(account).url })
      },
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
  swift: swiftType,
  'swift+http': swiftType,
  'swift+https': swiftType,
  'swift+config': swiftType,
}
const supported = 'file, http, rbd, s3, swift'

/** Sections of stores for the service's own use. @see glance `common/wsgi.py` RESERVED_STORES */
const stagingId = 'os_glance_staging_store'
const tasksId = 'os_glance_tasks_store'

const own = { type: 'file', description: null, weight: 0, reserved: true } as const

/** Reads which stores there are, in today's form (`enabled_backends`) or in that of one store of each type (`stores`). */
export function readStores(config: Config): StoreSettings {
  const { enabled_backends: backends } = config.group('DEFAULT', apiOptions)
  const names = config.group('glance_store', glanceStoreOptions)
  const multiple = Object.keys(backends).length > 0
  const prepared = multiple ? prepareBackends(config, backends) : prepareSingle(config, names.stores)
  const staging = prepareStaging(config, { multiple })
  const defaultId = multiple ? names.default_backend : typeName(names.default_store)
  const isChoice = prepared.some(({ id, reserved }) => id === defaultId && !reserved)
  if (!isChoice && prepared.length > 0) {
    const option = multiple ? 'default_backend' : 'default_store'
    const choices = prepared.filter(({ reserved }) => !reserved).map(({ id }) => id)
    config.refuse({ group: 'glance_store', name: option }, `expected one of ${choices.join(', ')}`)
  }
  return {
    stagingFolder: staging.folder,
    async open(log, observer) {
      const open = (store: PreparedStore) =>
        openStore(store, { isDefault: store.id === defaultId, log, ...(observer && { observer }) })
      const entries: StoreEntry[] = []
      for (const store of [...prepared, staging.store]) entries.push(await open(store))
      return new StoreSet(entries, { defaultId: defaultId ?? '', multiple })
    },
  }
}

function prepareBackends(config: Config, backends: Readonly<Record<string, string>>): PreparedStore[] {
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
        ...preparedBy(type, { config, section: id }),
        description: common.store_description,
        weight: common.weight,
        reserved: false,
      },
    ]
  })
  const tasks = config.has(tasksId)
    ? [{ ...own, id: tasksId, ...preparedBy(fileType, { config, section: tasksId }) }]
    : []
  return [...chosen, ...tasks]
}

/** Where data waits for its import: the folder of the reserved store, else that of `node_staging_uri`. */
function prepareStaging(config: Config, { multiple }: { multiple: boolean }): { folder: string; store: PreparedStore } {
  const { node_staging_uri: uri } = config.group('DEFAULT', importOptions)
  const values = config.group(multiple && config.has(stagingId) ? stagingId : 'glance_store', fileStoreOptions)
  const folder =
    multiple && config.has(stagingId) ? values.filesystem_store_datadir : /^file:\/\/(\/.*)$/.exec(uri)?.[1]
  if (!folder) {
    config.refuse({ group: 'DEFAULT', name: 'node_staging_uri' }, 'expected a folder as file:///path')
  }
  const filesystem_store_datadir = folder ?? ''
  const open = (id: string) =>
    openFileStore(id, {
      ...values,
      filesystem_store_datadir,
      filesystem_store_datadirs: [],
      filesystem_store_metadata_file: null,
    })
  const store = { ...own, id: stagingId, schemes: fileType.schemes, isWritable: true, properties: {}, open }
  return { folder: filesystem_store_datadir.replace(/\/+$/, ''), store }
}

function prepareSingle(config: Config, names: readonly string[]): PreparedStore[] {
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
    const type = types[id]
    if (type === undefined) return []
    const opener = preparedBy(type, { config, section: 'glance_store' })
    return [{ id, type: id, ...opener, description: null, weight: 0, reserved: false }]
  })
}

function preparedBy(type: StoreType, { config, section }: { config: Config; section: string }) {
  return { schemes: type.schemes, isWritable: type.isWritable, ...type.prepare(config, section) }
}

/** One name for each type: stores of the old form have no other id. */
function typeName(name: string): string {
  if (types[name] === fileType) return 'file'
  if (types[name] === swiftType) return 'swift'
  return types[name] === httpType ? 'http' : name
}
