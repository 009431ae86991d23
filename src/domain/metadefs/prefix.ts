import type { MetadefContents } from '../../ports/metadefs.ts'

/**
 * The contents with the names that resources of a type use: the prefix of its association stands before each property,
 * also those of objects. Unchanged without an association or a prefix.
 * @see glance `api/v2/metadef_namespaces.py` `_prefix_property_name`
 */
export function prefixed(contents: MetadefContents, resourceType: string): MetadefContents {
  const prefix = contents.associations.find(({ name }) => name === resourceType)?.prefix
  if (!prefix) return contents
  return {
    ...contents,
    properties: contents.properties.map((property) => ({ ...property, name: prefix + property.name })),
    objects: contents.objects.map((object) => ({
      ...object,
      required: object.required.map((name) => prefix + name),
      properties: Object.fromEntries(
        Object.entries(object.properties).map(([name, schema]) => [prefix + name, schema]),
      ),
    })),
  }
}
