import { admin, adminOrProjectReader, adminOrReaderOfNamespace } from './checks.ts'
import type { RuleTable } from './rule.ts'

const metadefAdmin = 'rule:metadef_admin'
const metadefDefault = 'rule:metadef_default'

/** @see glance `glance/policies/metadef.py` */
export const metadefRules = {
  metadef_default: { check: '', operations: [] },
  metadef_admin: { check: admin, operations: [] },
  get_metadef_namespace: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}'],
  },
  get_metadef_namespaces: {
    check: adminOrProjectReader,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces'],
  },
  modify_metadef_namespace: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['PUT /v2/metadefs/namespaces/{namespace_name}'],
  },
  add_metadef_namespace: { check: metadefAdmin, scope: 'project', operations: ['POST /v2/metadefs/namespaces'] },
  delete_metadef_namespace: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['DELETE /v2/metadefs/namespaces/{namespace_name}'],
  },
  get_metadef_object: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/objects/{object_name}'],
  },
  get_metadef_objects: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/objects'],
  },
  modify_metadef_object: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['PUT /v2/metadefs/namespaces/{namespace_name}/objects/{object_name}'],
  },
  add_metadef_object: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['POST /v2/metadefs/namespaces/{namespace_name}/objects'],
  },
  delete_metadef_object: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['DELETE /v2/metadefs/namespaces/{namespace_name}/objects/{object_name}'],
  },
  list_metadef_resource_types: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/resource_types'],
  },
  get_metadef_resource_type: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/resource_types'],
  },
  add_metadef_resource_type_association: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['POST /v2/metadefs/namespaces/{namespace_name}/resource_types'],
  },
  remove_metadef_resource_type_association: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['POST /v2/metadefs/namespaces/{namespace_name}/resource_types/{name}'],
  },
  get_metadef_property: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/properties/{property_name}'],
  },
  get_metadef_properties: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/properties'],
  },
  modify_metadef_property: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/properties/{property_name}'],
  },
  add_metadef_property: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['POST /v2/metadefs/namespaces/{namespace_name}/properties'],
  },
  remove_metadef_property: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['DELETE /v2/metadefs/namespaces/{namespace_name}/properties/{property_name}'],
  },
  get_metadef_tag: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/tags/{tag_name}'],
  },
  get_metadef_tags: {
    check: adminOrReaderOfNamespace,
    scope: 'project',
    formerCheck: metadefDefault,
    operations: ['GET /v2/metadefs/namespaces/{namespace_name}/tags'],
  },
  modify_metadef_tag: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['PUT /v2/metadefs/namespaces/{namespace_name}/tags/{tag_name}'],
  },
  add_metadef_tag: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['POST /v2/metadefs/namespaces/{namespace_name}/tags/{tag_name}'],
  },
  add_metadef_tags: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['POST /v2/metadefs/namespaces/{namespace_name}/tags'],
  },
  delete_metadef_tag: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['DELETE /v2/metadefs/namespaces/{namespace_name}/tags/{tag_name}'],
  },
  delete_metadef_tags: {
    check: metadefAdmin,
    scope: 'project',
    operations: ['DELETE /v2/metadefs/namespaces/{namespace_name}/tags'],
  },
} as const satisfies RuleTable
