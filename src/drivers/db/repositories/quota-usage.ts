import { type RawBuilder, sql } from 'kysely'
import type { QuotaResource } from '../../../ports/quota.ts'
import { slot } from '../statement.ts'

/** Images that stand for nothing any more. */
const gone = sql`('killed', 'deleted', 'pending_delete')`
const arriving = sql`('saving', 'uploading', 'importing')`
const staged = sql`('uploading', 'importing')`
/** The image is being copied to further stores. */
const copying = sql`exists (select 1 from image_properties p where p.image_id = i.id and p.deleted = false
  and p.name = 'os_glance_importing_to_stores' and p.value <> '')`

/**
 * The usage of the project in slot `owner` as one scalar query. With `ownerless`, of the images that belong to none.
 * @see glance `db/sqlalchemy/api.py` `_image_get_disk_usage_by_owner` and those after it
 */
export function usageQuery(resource: QuotaResource, { ownerless }: { ownerless: boolean }): RawBuilder<unknown> {
  const owned = ownerless ? sql`i.owner is null` : sql`i.owner = ${slot('owner')}`
  switch (resource) {
    case 'image_size_total':
      return sql`(select coalesce(sum(i.size), 0) from images i
        join image_locations l on l.image_id = i.id and l.status <> 'deleted'
        where ${owned} and i.size > 0 and i.status not in ${gone})`
    case 'image_stage_total':
      return sql`(select coalesce(sum(i.size), 0) from images i
        where ${owned} and i.size > 0 and (i.status in ${staged} or (i.status not in ${gone} and ${copying})))`
    case 'image_count_total':
      return sql`(select count(*) from images i where ${owned} and i.status not in ${gone})`
    case 'image_count_uploading':
      return sql`(select count(*) from images i
        where ${owned} and (i.status in ${arriving} or (i.status not in ${gone} and ${copying})))`
  }
}
