import type {
  MetadefNamespace,
  MetadefObject,
  MetadefProperty,
  MetadefTag,
  MetadefVisibility,
  ResourceTypeAssociation,
} from '../../../ports/metadefs.ts'
import type { Row } from '../database.ts'
import { parseTimestamp } from '../timestamps.ts'

/** Columns of `metadef_namespaces t` in the order in which `namespaceOf` reads them. */
export const namespaceColumns = [
  'id',
  'namespace',
  'display_name',
  'description',
  'visibility',
  'protected',
  'owner',
  'created_at',
  'updated_at',
] as const

/** @param row values of `namespaceColumns`; what the API could not have written stands for its default */
export function namespaceOf(row: Row): MetadefNamespace {
  return {
    id: row[0] as number,
    name: row[1] as string,
    displayName: row[2] as string | null,
    description: row[3] as string | null,
    visibility: (row[4] as MetadefVisibility | null) || 'private',
    protected: isTrue(row[5]),
    owner: row[6] as string,
    ...timesOf(row, 7),
  }
}

/** @param row name, prefix, target, times */
export function associationOf(row: Row): ResourceTypeAssociation {
  return {
    name: row[0] as string,
    prefix: row[1] as string | null,
    propertiesTarget: row[2] as string | null,
    ...timesOf(row, 3),
  }
}

/** @param row id, name, times, schema */
export function propertyOf(row: Row): MetadefProperty {
  return { ...tagOf(row), schema: parseObject(row[4] as string) }
}

/** @param row id, name, times, description, required, properties */
export function objectOf(row: Row): MetadefObject {
  const required = row[5] as string | null
  return {
    ...tagOf(row),
    description: row[4] as string | null,
    required: required ? required.split(',') : [],
    properties: parseObject(row[6] as string) as MetadefObject['properties'],
  }
}

/** @param row id, name, times */
export function tagOf(row: Row): MetadefTag {
  return { id: row[0] as number, name: row[1] as string, ...timesOf(row, 2) }
}

/** @param at index of `created_at`, which `updated_at` follows */
export function timesOf(row: Row, at: number): { createdAt: Date; updatedAt: Date | null } {
  const updatedAt = row[at + 1] as string | null
  return {
    createdAt: parseTimestamp(row[at] as string),
    updatedAt: updatedAt === null ? null : parseTimestamp(updatedAt),
  }
}

export function isTrue(value: unknown): boolean {
  return value === 1 || value === true
}

/** Files that Glance loads may hold `null` where a schema is meant. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  return (JSON.parse(text) as Record<string, unknown> | null) ?? {}
}

/** JSON of ASCII alone, as Python writes it: the columns of MySQL hold no characters of 4 bytes. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
