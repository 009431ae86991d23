import type { AuditRepository } from './audit.ts'
import type { CentralCacheRecords } from './cache.ts'
import type {
  Image,
  ImageFields,
  ImageMember,
  ImageStatus,
  MemberStatus,
  NewImageLocation,
  Visibility,
} from './image.ts'
import type { ImageWalk } from './image-walk.ts'
import type { JobGuard, JobRepository } from './jobs.ts'
import type { MetadefRepository } from './metadefs.ts'
import type { FindingRepository, PassRepository } from './passes.ts'
import type { QuotaRepository, Settlement } from './quota.ts'
import type { ReapRepository } from './reap.ts'
import type { ReplicationRepository } from './replication.ts'
import type { ScrubRepository } from './scrub.ts'
import type { TaskRepository } from './tasks.ts'

export interface NewImage extends Partial<ImageFields> {
  readonly id: string
  readonly status: ImageStatus
  readonly visibility: Visibility
  readonly properties?: Readonly<Record<string, string | null>>
  readonly tags?: readonly string[]
  readonly locations?: readonly NewImageLocation[]
}

/** A change of one image, carried out as a whole or not at all. What is absent stays. */
export interface ImageChange {
  readonly fields?: Partial<ImageFields>
  readonly setProperties?: Readonly<Record<string, string | null>>
  readonly removeProperties?: readonly string[]
  /** The whole new list of tags. */
  readonly tags?: readonly string[]
  readonly addLocations?: readonly NewImageLocation[]
  /** Ids of locations, and the status they end in (`deleted`, `pending_delete`). */
  readonly removeLocations?: readonly { readonly id: number; readonly status: string }[]
}

/** Whose view a list shows. An admin sees all images; `projectId` null sees public and community ones only. */
export interface Viewer {
  readonly projectId: string | null
  readonly isAdmin: boolean
}

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq'
export type SortDirection = 'asc' | 'desc'

/** Columns that a list can be sorted by, in Glance's words. */
export const sortKeys = [
  'name',
  'status',
  'container_format',
  'disk_format',
  'size',
  'id',
  'created_at',
  'updated_at',
] as const
export type SortKey = (typeof sortKeys)[number]

/** Columns that a list can be bounded by, in Glance's words. */
export const rangeColumns = ['size', 'virtual_size', 'min_disk', 'min_ram'] as const
export type RangeColumn = (typeof rangeColumns)[number]

/** What `GET /v2/images` can ask. Every given condition must hold. */
export interface ImageQuery {
  readonly viewer: Viewer
  /** One of the values, exactly. */
  readonly id?: readonly string[]
  readonly name?: readonly string[]
  readonly status?: readonly string[]
  readonly diskFormat?: readonly string[]
  readonly containerFormat?: readonly string[]
  readonly owner?: string
  readonly checksum?: string
  readonly osHashAlgo?: string
  readonly osHashValue?: string
  readonly minDiskGib?: number
  readonly minRamMib?: number
  readonly protected?: boolean
  /** Absent: both. */
  readonly osHidden?: boolean
  readonly sizeBytes?: number
  readonly virtualSizeBytes?: number
  /** Bounds of numbers, both ends included; an image without the number is outside. */
  readonly ranges?: readonly { readonly column: RangeColumn; readonly op: 'gte' | 'lte'; readonly bound: number }[]
  /** `all` shows community images of others too, which no list shows unasked. */
  readonly visibility?: Visibility | 'all'
  /** Which memberships count in a list of shared images; `accepted` unless told. */
  readonly memberStatus?: MemberStatus | 'all'
  /** All of them. */
  readonly tags?: readonly string[]
  readonly times?: readonly {
    readonly column: 'created_at' | 'updated_at'
    readonly op: Comparison
    readonly at: Date
  }[]
  readonly properties?: Readonly<Record<string, string>>
  /** With the tie-breakers of the API already in place (`created_at`, `id`). */
  readonly sort: readonly { readonly key: SortKey; readonly direction: SortDirection }[]
  readonly limit: number
  /** Id of the last image of the page before. */
  readonly marker?: string
}

/** A property that decides whether a change is carried out. */
export interface HeldProperty {
  readonly name: string
  readonly value: string | null
}

export interface ImageRepository {
  /** The image, unless it is deleted; undefined if there is none. Says nothing about who may see it. */
  get(id: string): Promise<Image | undefined>
  /**
   * A page in the order of `query.sort`, by keyset from `query.marker`, in a constant number of SQL statements.
   * @throws marker_not_found when the marker is no image that the viewer can see
   */
  list(query: ImageQuery): Promise<Image[]>
  /** Ids, in their order and behind `after`, of images in status `active` or `deactivated` that lack a digest or the size. */
  lackingDigests(options: { after?: string; limit: number }): Promise<string[]>
  /**
   * With `settles` the image takes the place of what was reserved for it.
   * @throws image_id_taken (ids of deleted images stay taken), reservation_lost
   */
  create(image: NewImage, options?: { settles?: Settlement | undefined }): Promise<Image>
  /**
   * Carries out `change` if the image's status is one of `from` (any status if absent), and sets `updatedAt`.
   * With `keepsLocation` it is not carried out if it would leave the image without a location, with `holding` only if the
   * image has that property with that value (null: has no such property), with `expects` only if its fields have those
   * values, with `locations` only if it has no others than those, by their ids, with `job` only if that job is where it is
   * said to be; with `settles` it takes the place of what was reserved for it.
   * @returns the image as it is then
   * @throws image_not_found, image_status_conflict (status was none of `from`), location_last, image_property_conflict,
   * image_changed (not what `expects` or `locations` say), job_lease_lost, reservation_lost; nothing was changed then
   */
  update(
    id: string,
    change: ImageChange,
    options?: {
      from?: readonly ImageStatus[]
      keepsLocation?: true
      holding?: HeldProperty
      expects?: Partial<ImageFields>
      locations?: readonly number[]
      job?: JobGuard
      settles?: Settlement | undefined
    },
  ): Promise<Image>
  /**
   * Soft-deletes the image with its properties, tags, members and locations if its status is one of `from`. With `status`
   * `pending_delete`, image and locations end in that status and the scrubber finds their data; `deleted` unless told. With
   * `locations` it is not deleted if it has others than those, by their ids.
   * @throws image_not_found, image_status_conflict, image_changed (it has other locations)
   */
  delete(
    id: string,
    options?: {
      from?: readonly ImageStatus[]
      status?: 'deleted' | 'pending_delete'
      locations?: readonly number[]
    },
  ): Promise<void>
  /** Adds one tag; no change if it is there. @throws image_not_found */
  addTag(id: string, tag: string): Promise<void>
  /** @throws image_not_found, tag_not_found */
  removeTag(id: string, tag: string): Promise<void>
}

export interface MemberRepository {
  get(imageId: string, memberId: string): Promise<ImageMember | undefined>
  /** In the order they were added. */
  list(imageId: string): Promise<ImageMember[]>
  /** @throws member_exists */
  create(imageId: string, memberId: string, status: MemberStatus): Promise<ImageMember>
  /** @throws member_not_found */
  update(imageId: string, memberId: string, status: MemberStatus): Promise<ImageMember>
  /** @throws member_not_found */
  delete(imageId: string, memberId: string): Promise<void>
}

/** All repositories over one database. */
export interface Repositories {
  readonly images: ImageRepository
  readonly members: MemberRepository
  readonly tasks: TaskRepository
  readonly scrub: ScrubRepository
  readonly jobs: JobRepository
  readonly metadefs: MetadefRepository
  readonly quota: QuotaRepository
  readonly walk: ImageWalk
  readonly audit: AuditRepository
  readonly reap: ReapRepository
  readonly passes: PassRepository
  readonly findings: FindingRepository
  /** Absent where the accounts of caches cannot be kept beside the images. */
  readonly caches?: CentralCacheRecords
  readonly replication: ReplicationRepository
  /** Makes our own tables where they are missing, so that a service may be put on a database of Glance's. @throws database_unavailable */
  prepare(): Promise<void>
  /** @throws database_unavailable */
  ping(): Promise<void>
  close(): Promise<void>
}
