import type { GlimpseError } from '../errors/error.ts'

/** What the quota of a project bounds, by the names of Keystone's limits: bytes or numbers of images. */
export const quotaResources = [
  'image_size_total',
  'image_stage_total',
  'image_count_total',
  'image_count_uploading',
] as const
export type QuotaResource = (typeof quotaResources)[number]

/** Those that are counted in bytes; Keystone's limits and the API give them in MiB. */
export const sizeResources: ReadonlySet<QuotaResource> = new Set(['image_size_total', 'image_stage_total'])

/** Bytes of the sizes, numbers of the counts. */
export type QuotaAmounts = Readonly<Partial<Record<QuotaResource, number>>>

/** What a reservation shall hold of one resource. */
export interface QuotaClaim {
  readonly resource: QuotaResource
  /** 0: nothing yet, but there must be room for something. */
  readonly amount: number
  /** Most that the project may use, all reservations included. */
  readonly maximum: number
  /** Granted whatever the amount is, as long as all the rest is within the maximum. */
  readonly mayExceed: boolean
}

export interface ReserveRequest {
  /** UUID of the reservation; one that exists gets new amounts. */
  readonly id: string
  /** Project; null: what belongs to none. */
  readonly owner: string | null
  /** UUID of the process that keeps the reservation alive. */
  readonly holder: string
  readonly claims: readonly QuotaClaim[]
  /** It is void after this time, unless it is renewed. */
  readonly lifetimeMs: number
}

/** A claim that does not fit. */
export interface QuotaExcess extends QuotaClaim {
  /** What the project uses without this claim, reservations of others included. */
  readonly used: number
}

/** Names the part of a reservation that a change of an image turns into usage: both happen or none. */
export interface Settlement {
  readonly reservationId: string
  readonly resource: QuotaResource
}

/**
 * Usage and reservations of projects. All reservations of a project come one after another, over all processes and nodes,
 * so that usage and reservations together never exceed what they were checked against.
 */
export interface QuotaRepository {
  /** What a project uses, without reservations. @see glance `db/sqlalchemy/api.py` `user_get_storage_usage` and those after it */
  usage(owner: string | null, resources: readonly QuotaResource[]): Promise<QuotaAmounts>
  /** Grants all claims or none. @returns the claims that do not fit; empty: granted */
  reserve(request: ReserveRequest): Promise<readonly QuotaExcess[]>
  /** Gives back what is left of a reservation. */
  release(id: string): Promise<void>
  /** Keeps all reservations of `holder` alive. */
  renew(holder: string, options: { lifetimeMs: number }): Promise<void>
  /** Removes reservations that nobody kept alive, of all projects; they count for nothing already. @returns how many */
  removeExpired(): Promise<number>
}

/** Where the limits of projects come from. */
export interface QuotaLimits {
  /** Of `owner`, as they are now; what is absent has no limit. @throws identity_unavailable, limits_unusable */
  of(owner: string | null): Promise<QuotaAmounts>
  /** Data of unknown size is taken as long as the project is within its limit before it, as the reference does. */
  readonly unknownSizeMayExceed: boolean
  /** The error for claims that do not fit. */
  refusal(owner: string | null, excesses: readonly QuotaExcess[]): GlimpseError
  close(): Promise<void>
}
