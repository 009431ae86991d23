import type { Generated } from 'kysely'

/** Times are text `YYYY-MM-DD HH:MM:SS`, UTC, on all databases; see timestamps.ts. */
interface Times {
  created_at: string
  updated_at: string | null
}

interface SoftDeleted extends Times {
  deleted_at: string | null
  deleted: number | boolean
}

interface ImagesTable extends SoftDeleted {
  id: string
  name: string | null
  size: number | null
  status: string
  disk_format: string | null
  container_format: string | null
  checksum: string | null
  owner: string | null
  min_disk: number
  min_ram: number
  protected: number | boolean
  virtual_size: number | null
  visibility: string
  os_hidden: number | boolean
  os_hash_algo: string | null
  os_hash_value: string | null
}

interface ImageChild extends SoftDeleted {
  id: Generated<number>
  image_id: string
}

interface ImagePropertiesTable extends ImageChild {
  name: string
  value: string | null
}

interface ImageTagsTable extends ImageChild {
  value: string
}

interface ImageLocationsTable extends ImageChild {
  value: string
  meta_data: string | null
  status: string
}

interface ImageMembersTable extends ImageChild {
  member: string
  can_share: number | boolean
  status: string
}

/** Tables that the repositories work on, as Glance's schema has them. @see glance `db/sqlalchemy/models.py` */
export interface Tables {
  images: ImagesTable
  image_properties: ImagePropertiesTable
  image_tags: ImageTagsTable
  image_locations: ImageLocationsTable
  image_members: ImageMembersTable
}
