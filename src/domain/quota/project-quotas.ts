import { randomUUID } from 'node:crypto'
import type { Logger } from '../../ports/logger.ts'
import {
  type QuotaAmounts,
  type QuotaClaim,
  type QuotaLimits,
  type QuotaRepository,
  type QuotaResource,
  quotaResources,
  sizeResources,
} from '../../ports/quota.ts'
import { Reservation } from './reservation.ts'
import { Turns } from './turns.ts'

export interface ProjectQuotasOptions {
  /** Null: projects have no quotas, and nothing is asked or written. */
  readonly limits: QuotaLimits | null
  readonly log: Logger
  /** Reservations of a dead process are void after this. */
  readonly lifetimeMs?: number
}

/** One line of a project's account: bytes, or a number of images. */
export interface ResourceUsage {
  readonly resource: QuotaResource
  readonly usage: number
  /** Null: no limit. */
  readonly limit: number | null
}

const defaultLifetimeMs = 60_000

/**
 * Quotas of projects. Whatever will count is reserved first, and the reservation becomes usage in the same transaction as
 * the change of the image; requests side by side, in any number of processes, can never use more than the limit.
 * @see glance `quota/keystone.py`, `api/common.py` `check_quota`
 */
export class ProjectQuotas {
  readonly #repository: QuotaRepository
  readonly #limits: QuotaLimits | null
  readonly #log: Logger
  readonly #lifetimeMs: number
  readonly #holder = randomUUID()
  readonly #turns = new Turns()
  readonly #live = new Set<Reservation>()
  /** Ids of reservations that nobody wants and that may still be there: renewed with the others, they would stay. */
  readonly #strays = new Set<string>()
  #heartbeat: NodeJS.Timeout | undefined

  constructor(repository: QuotaRepository, { limits, log, lifetimeMs = defaultLifetimeMs }: ProjectQuotasOptions) {
    this.#repository = repository
    this.#limits = limits
    this.#log = log
    this.#lifetimeMs = lifetimeMs
  }

  /**
   * Reserves `amounts` for `owner`, all or nothing. With `sizeUnknown` the sizes are what has come so far.
   * @throws storage_quota_full, limit_exceeded, identity_unavailable, limits_unusable
   */
  async reserve(
    owner: string | null,
    amounts: QuotaAmounts,
    { sizeUnknown = false }: { sizeUnknown?: boolean } = {},
  ): Promise<Reservation> {
    const reservation = new Reservation({
      owner,
      sizeUnknown,
      acquire: (wanted) => this.#acquire(reservation, wanted),
      end: () => this.#end(reservation),
    })
    await reservation.claim(amounts)
    return reservation
  }

  /** What `owner` uses of everything that has limits; empty if projects have no quotas. @throws as `reserve` */
  async account(owner: string | null): Promise<ResourceUsage[]> {
    if (!this.#limits) return []
    const [limits, usage] = await Promise.all([this.#limits.of(owner), this.#repository.usage(owner, quotaResources)])
    return quotaResources.map((resource) => ({
      resource,
      usage: usage[resource] ?? 0,
      limit: limits[resource] ?? null,
    }))
  }

  /** @returns the amounts that are held now: those that have a limit */
  async #acquire(reservation: Reservation, amounts: QuotaAmounts): Promise<QuotaAmounts> {
    if (!this.#limits || Object.keys(amounts).length === 0) return {}
    const { id, owner, sizeUnknown } = reservation
    const limits = await this.#limits.of(owner)
    const mayExceed = sizeUnknown && this.#limits.unknownSizeMayExceed
    const claims: QuotaClaim[] = []
    for (const resource of quotaResources) {
      const [amount, maximum] = [amounts[resource], limits[resource]]
      if (amount === undefined || maximum === undefined) continue
      claims.push({ resource, amount, maximum, mayExceed: mayExceed && sizeResources.has(resource) })
    }
    if (claims.length === 0) return {}
    const request = { id, owner, holder: this.#holder, claims, lifetimeMs: this.#lifetimeMs }
    const excesses = await this.#turns
      .run(owner ?? '', () => this.#repository.reserve(request))
      .catch((error: unknown) => {
        // Granted or not: the answer is lost.
        if (!this.#live.has(reservation)) this.#strays.add(id)
        throw error
      })
    if (excesses.length > 0) throw this.#limits.refusal(owner, excesses)
    this.#live.add(reservation)
    this.#heartbeat ??= setInterval(() => void this.#renew(), this.#lifetimeMs / 4).unref()
    return Object.fromEntries(claims.map(({ resource, amount }) => [resource, amount]))
  }

  async #end(reservation: Reservation): Promise<void> {
    this.#live.delete(reservation)
    if (this.#live.size === 0) {
      clearInterval(this.#heartbeat)
      this.#heartbeat = undefined
    }
    if (reservation.isEmpty) return
    try {
      await this.#repository.release(reservation.id)
    } catch (error) {
      this.#strays.add(reservation.id)
      this.#log.warn({ err: error }, 'a reservation could not be given back, and counts for a while')
    }
  }

  async #renew(): Promise<void> {
    try {
      for (const id of this.#strays) {
        await this.#repository.release(id)
        this.#strays.delete(id)
      }
      await this.#repository.renew(this.#holder, { lifetimeMs: this.#lifetimeMs })
    } catch (error) {
      this.#log.warn({ err: error }, 'reservations could not be renewed')
    }
  }
}
