export const imageStatuses = [
  'queued',
  'saving',
  'uploading',
  'importing',
  'active',
  'deactivated',
  'killed',
  'deleted',
  'pending_delete',
] as const
export type ImageStatus = (typeof imageStatuses)[number]

export const visibilities = ['public', 'private', 'shared', 'community'] as const
export type Visibility = (typeof visibilities)[number]

export const memberStatuses = ['pending', 'accepted', 'rejected'] as const
export type MemberStatus = (typeof memberStatuses)[number]

/** Where image data lies. `metadata.store` names the backend in a multi-store set-up. */
export interface ImageLocation {
  readonly id: number
  readonly url: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** `active`, `pending_delete`, `deleted` and, since 2026.1, `pending` and `uploading`. */
  readonly status: string
}

export type NewImageLocation = Omit<ImageLocation, 'id'>

/** Columns of an image that a change may set. */
export interface ImageFields {
  readonly name: string | null
  readonly status: ImageStatus
  readonly visibility: Visibility
  readonly diskFormat: string | null
  readonly containerFormat: string | null
  /** Bytes; null while there is no data. */
  readonly sizeBytes: number | null
  /** Bytes the guest sees. */
  readonly virtualSizeBytes: number | null
  /** MD5 of the data, hexadecimal. */
  readonly checksum: string | null
  readonly osHashAlgo: string | null
  readonly osHashValue: string | null
  readonly owner: string | null
  readonly minDiskGib: number
  readonly minRamMib: number
  readonly protected: boolean
  readonly osHidden: boolean
}

/** An image as stored, with its custom properties, tags and live locations. */
export interface Image extends ImageFields {
  readonly id: string
  /** Whole seconds, as Glance's columns hold them. */
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletedAt: Date | null
  readonly deleted: boolean
  readonly properties: Readonly<Record<string, string | null>>
  /** In the order they were added. */
  readonly tags: readonly string[]
  /** In the order they were added, without deleted ones. */
  readonly locations: readonly ImageLocation[]
}

export interface ImageMember {
  readonly imageId: string
  readonly memberId: string
  readonly status: MemberStatus
  readonly createdAt: Date
  readonly updatedAt: Date
}
