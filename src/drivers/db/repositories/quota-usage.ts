import { type RawBuilder, sql } from 'kysely'
import type { QuotaResource } from '../../../ports/quota.ts'
import type { Dialect } from '../database.ts'
import { slot } from '../statement.ts'

/** Statuses of images that are there: all others stand for nothing any more. */
const present = ['queued', 'saving', 'uploading', 'importing', 'active', 'deactivated']
const arriving = ['saving', 'uploading', 'importing']
const staged = ['uploading', 'importing']

/**
 * The usage of the project in slot `owner` as one scalar query. With `ownerless`, of the images that belong to none. The
 * statuses are listed for the sake of the index on owner, status and size, which answers most without reading an image.
 * @see glance `db/sqlalchemy/api.py` `_image_get_disk_usage_by_owner` and those after it
 */
export function usageQuery(
  resource: QuotaResource,
  { ownerless, dialect }: { ownerless: boolean; dialect: Dialect },
): RawBuilder<unknown> {
  const copying = copyingOn(dialect)
  const owned = ownerless ? sql`i.owner is null` : sql`i.owner = ${slot('owner')}`
  const images = (statuses: readonly string[]) => sql`images i where ${owned} and i.status in (${words(statuses)})`
  switch (resource) {
    case 'image_size_total':
      return sql`(select coalesce(sum(i.size), 0) from images i
        join image_locations l on l.image_id = i.id and l.status <> 'deleted'
        where ${owned} and i.status in (${words(present)}) and i.size > 0)`
    case 'image_stage_total':
      return sql`((select coalesce(sum(i.size), 0) from ${images(staged)} and i.size > 0)
        + (select coalesce(sum(i.size), 0) from ${images(others(staged))} and i.size > 0 and ${copying}))`
    case 'image_count_total':
      return sql`(select count(*) from ${images(present)})`
    case 'image_count_uploading':
      return sql`((select count(*) from ${images(arriving)})
        + (select count(*) from ${images(others(arriving))} and ${copying}))`
  }
}

/**
 * The image is being copied to further stores. Few are at any time: they are found first, not asked for image by image. MySQL
 * compares the beginnings of texts in an index and would walk all empty ones.
 */
function copyingOn(dialect: Dialect): RawBuilder<unknown> {
  const some = dialect === 'mysql' ? sql`p.value >= '!'` : sql`p.value > ''`
  return sql`i.id in (select p.image_id from image_properties p
    where p.name = 'os_glance_importing_to_stores' and ${some} and p.deleted = false)`
}

function others(statuses: readonly string[]): string[] {
  return present.filter((status) => !statuses.includes(status))
}

function words(statuses: readonly string[]): RawBuilder<unknown> {
  return sql.join(statuses.map((status) => sql.lit(status)))
}
