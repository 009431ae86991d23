import type { Image } from './client.ts'

const baseFields = new Set(
  `status name container_format created_at size disk_format updated_at visibility min_disk protected id file checksum
  owner virtual_size min_ram schema`.split(/\s+/),
)
const hiddenFields = new Set(['tags', 'self', 'locations', 'direct_url'])

const shortColumns: Readonly<Record<string, string>> = { ID: 'id', Name: 'name', Status: 'status' }
const longColumns: Readonly<Record<string, string>> = {
  ID: 'id',
  Name: 'name',
  'Disk Format': 'disk_format',
  'Container Format': 'container_format',
  Size: 'size',
  Checksum: 'checksum',
  Status: 'status',
  Visibility: 'visibility',
  Protected: 'protected',
  Project: 'owner',
  Tags: 'tags',
}

/** The fields of one image as `openstack image show` has them: unset ones left out, custom properties in one field. */
export function imageFields(image: Image): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  const properties: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(image)) {
    if (value === null || hiddenFields.has(name)) continue
    if (baseFields.has(name)) fields[name] = value
    else properties[name] = value
  }
  fields.tags = image.tags
  if (Object.keys(properties).length > 0) fields.properties = properties
  return fields
}

/** The table of `openstack image list`. */
export function imageRows(
  images: readonly Image[],
  options: { long: boolean },
): { names: string[]; rows: unknown[][] } {
  const columns = options.long ? longColumns : shortColumns
  return { names: Object.keys(columns), rows: images.map((image) => Object.values(columns).map((key) => image[key])) }
}
