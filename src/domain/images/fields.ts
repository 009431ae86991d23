import type { ImageFields } from '../../ports/image.ts'

/** Fields of an image that callers may set, by their names on the wire; `tags` is one that is no column. */
export const fieldNames = {
  name: 'name',
  disk_format: 'diskFormat',
  container_format: 'containerFormat',
  visibility: 'visibility',
  min_disk: 'minDiskGib',
  min_ram: 'minRamMib',
  protected: 'protected',
  owner: 'owner',
  os_hidden: 'osHidden',
} as const satisfies Record<string, keyof ImageFields>

export type FieldName = keyof typeof fieldNames | 'tags'

/** True for fields that a patch can set and that can never be removed. */
export function isField(name: string): name is FieldName {
  return name === 'tags' || Object.hasOwn(fieldNames, name)
}
