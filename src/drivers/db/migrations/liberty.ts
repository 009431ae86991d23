import { type Column, integer, type Table, text, time, timestamps, varchar, yesNo } from './table.ts'

const required = { required: true } as const
const softDeleted: readonly Column[] = [...timestamps, time('deleted_at'), yesNo('deleted', required)]
const id = varchar('id', 36, required)
const number = integer('id', { ...required, serial: true })
const imageId = varchar('image_id', 36, required)
const ofImage = [{ column: 'image_id', table: 'images', references: 'id' }] as const
const namespaceId = integer('namespace_id', required)
const ofNamespace = [{ column: 'namespace_id', table: 'metadef_namespaces', references: 'id' }] as const

/** Tables of Glance at revision `liberty`, without those of the artifacts experiment that `pike_contract01` drops. */
export const libertyTables: readonly Table[] = [
  {
    name: 'images',
    columns: [
      id,
      varchar('name', 255),
      { name: 'size', type: 'bigint' },
      varchar('status', 30, required),
      yesNo('is_public', required),
      ...softDeleted,
      varchar('disk_format', 20),
      varchar('container_format', 20),
      varchar('checksum', 32),
      varchar('owner', 255),
      integer('min_disk', required),
      integer('min_ram', required),
      yesNo('protected', { ...required, default: 'false' }),
      { name: 'virtual_size', type: 'bigint' },
    ],
    primaryKey: ['id'],
    indexes: [
      ['checksum_image_idx', 'checksum'],
      ['ix_images_deleted', 'deleted'],
      ['ix_images_is_public', 'is_public'],
      ['owner_image_idx', 'owner'],
    ],
  },
  {
    name: 'image_properties',
    columns: [number, imageId, varchar('name', 255, required), text('value'), ...softDeleted],
    primaryKey: ['id'],
    foreignKeys: ofImage,
    unique: ['ix_image_properties_image_id_name', 'image_id', 'name'],
    indexes: [
      ['ix_image_properties_deleted', 'deleted'],
      ['ix_image_properties_image_id', 'image_id'],
    ],
  },
  {
    name: 'image_locations',
    columns: [
      number,
      imageId,
      text('value', required),
      ...softDeleted,
      text('meta_data'),
      varchar('status', 30, { ...required, default: "'active'" }),
    ],
    primaryKey: ['id'],
    foreignKeys: ofImage,
    indexes: [
      ['ix_image_locations_deleted', 'deleted'],
      ['ix_image_locations_image_id', 'image_id'],
    ],
  },
  {
    name: 'image_members',
    columns: [
      number,
      imageId,
      varchar('member', 255, required),
      yesNo('can_share', required),
      ...softDeleted,
      varchar('status', 20, { ...required, default: "'pending'" }),
    ],
    primaryKey: ['id'],
    foreignKeys: ofImage,
    unique: ['image_members_image_id_member_deleted_at_key', 'image_id', 'member', 'deleted_at'],
    indexes: [
      ['ix_image_members_deleted', 'deleted'],
      ['ix_image_members_image_id', 'image_id'],
      ['ix_image_members_image_id_member', 'image_id', 'member'],
    ],
  },
  {
    name: 'image_tags',
    columns: [number, imageId, varchar('value', 255, required), ...softDeleted],
    primaryKey: ['id'],
    foreignKeys: ofImage,
    indexes: [
      ['ix_image_tags_image_id', 'image_id'],
      ['ix_image_tags_image_id_tag_value', 'image_id', 'value'],
    ],
  },
  {
    name: 'tasks',
    columns: [
      id,
      varchar('type', 30, required),
      varchar('status', 30, required),
      varchar('owner', 255, required),
      time('expires_at'),
      ...softDeleted,
    ],
    primaryKey: ['id'],
    indexes: [
      ['ix_tasks_deleted', 'deleted'],
      ['ix_tasks_owner', 'owner'],
      ['ix_tasks_status', 'status'],
      ['ix_tasks_type', 'type'],
      ['ix_tasks_updated_at', 'updated_at'],
    ],
  },
  {
    name: 'task_info',
    columns: [varchar('task_id', 36, required), text('input'), text('result'), text('message')],
    primaryKey: ['task_id'],
    foreignKeys: [{ column: 'task_id', table: 'tasks', references: 'id' }],
  },
  {
    name: 'metadef_namespaces',
    columns: [
      number,
      varchar('namespace', 80, required),
      varchar('display_name', 80),
      text('description'),
      varchar('visibility', 32),
      yesNo('protected'),
      varchar('owner', 255, required),
      ...timestamps,
    ],
    primaryKey: ['id'],
    unique: ['uq_metadef_namespaces_namespace', 'namespace'],
    indexes: [['ix_metadef_namespaces_owner', 'owner']],
  },
  {
    name: 'metadef_resource_types',
    columns: [number, varchar('name', 80, required), yesNo('protected', required), ...timestamps],
    primaryKey: ['id'],
    unique: ['uq_metadef_resource_types_name', 'name'],
  },
  {
    name: 'metadef_namespace_resource_types',
    columns: [
      integer('resource_type_id', required),
      namespaceId,
      varchar('properties_target', 80),
      varchar('prefix', 80),
      ...timestamps,
    ],
    primaryKey: ['resource_type_id', 'namespace_id'],
    foreignKeys: [...ofNamespace, { column: 'resource_type_id', table: 'metadef_resource_types', references: 'id' }],
    indexes: [['ix_metadef_ns_res_types_namespace_id', 'namespace_id']],
  },
  {
    name: 'metadef_objects',
    columns: [
      number,
      namespaceId,
      varchar('name', 80, required),
      text('description'),
      text('required'),
      text('json_schema', required),
      ...timestamps,
    ],
    primaryKey: ['id'],
    foreignKeys: ofNamespace,
    unique: ['uq_metadef_objects_namespace_id_name', 'namespace_id', 'name'],
    indexes: [['ix_metadef_objects_name', 'name']],
  },
  {
    name: 'metadef_properties',
    columns: [number, namespaceId, varchar('name', 80, required), text('json_schema', required), ...timestamps],
    primaryKey: ['id'],
    foreignKeys: ofNamespace,
    unique: ['uq_metadef_properties_namespace_id_name', 'namespace_id', 'name'],
    indexes: [['ix_metadef_properties_name', 'name']],
  },
  {
    name: 'metadef_tags',
    columns: [number, namespaceId, varchar('name', 80, required), ...timestamps],
    primaryKey: ['id'],
    foreignKeys: ofNamespace,
    unique: ['uq_metadef_tags_namespace_id_name', 'namespace_id', 'name'],
    indexes: [['ix_metadef_tags_name', 'name']],
  },
]
