import { reservedNamespace } from './limits.ts'

/** Fields that the service alone sets, in a new image. @see glance `domain/__init__.py` `_readonly_properties` */
export const readOnlyOnCreate = ['created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size'] as const

/** Fields of data that does not exist yet; a new image that names them is made without them. */
export const ignoredOnCreate: ReadonlySet<string> = new Set(['os_hash_algo', 'os_hash_value'])

/** Names that no property of a new image may have. @see glance `domain/__init__.py` `_reserved_properties` */
export const reservedOnCreate: ReadonlySet<string> = new Set(['locations', 'deleted', 'deleted_at'])

/** Fields that the service makes up when it shows an image. @see glance `images.py` `_disallowed_properties` */
export const madeUp: readonly string[] = ['direct_url', 'self', 'file', 'schema', 'stores']

/** Fields that no patch may touch. */
export const readOnlyInPatch: ReadonlySet<string> = new Set([...readOnlyOnCreate, ...ignoredOnCreate, ...madeUp, 'id'])

const neverProperties: ReadonlySet<string> = new Set(['location', 'deleted', 'deleted_at'])

/** True for names that belong to the service. @see glance `images.py` `_reserved_properties`, `_reserved_namespaces` */
export function isReserved(name: string): boolean {
  return neverProperties.has(name) || name.startsWith(reservedNamespace)
}
