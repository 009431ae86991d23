import { type RawBuilder, sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type {
  QuotaAmounts,
  QuotaClaim,
  QuotaExcess,
  QuotaRepository,
  QuotaResource,
  ReserveRequest,
  Settlement,
} from '../../../ports/quota.ts'
import type { Database, Queryable } from '../database.ts'
import type { OwnTables } from '../migrations/own-tables.ts'
import { type Statements, slot } from '../statement.ts'
import { usageQuery } from './quota-usage.ts'

const clockMarginMs = 60_000

/** What a claim meets: usage and others' reservations, and what the reservation holds already; null: nothing. */
interface Standing {
  readonly used: number
  readonly held: number | null
}

/**
 * Reservations in tables of our own. Every reservation first changes the row of its project: on one server the row's lock
 * puts them in a row, in a cluster all but one fail when they are certified and are tried again. Usage and reservations
 * are read in one statement, so what becomes usage meanwhile counts once.
 */
export class SqlQuotaRepository implements QuotaRepository {
  readonly #database: Database
  readonly #statements: Statements
  readonly #tables: OwnTables

  constructor(database: Database, { statements, tables }: { statements: Statements; tables: OwnTables }) {
    this.#database = database
    this.#statements = statements
    this.#tables = tables
  }

  async usage(owner: string | null, resources: readonly QuotaResource[]): Promise<QuotaAmounts> {
    const ownerless = owner === null
    const statement = this.#statements.get(
      `quota usage ${ownerless} ${resources.join()}`,
      () =>
        sql`select ${sql.join(resources.map((resource) => usageQuery(resource, { ownerless, dialect: this.#database.dialect })))}`,
    )
    const [row = []] = await this.#database.rows(statement, { owner })
    return Object.fromEntries(resources.map((resource, index) => [resource, Number(row[index])]))
  }

  async reserve(request: ReserveRequest): Promise<readonly QuotaExcess[]> {
    await this.#tables.ensure()
    const { claims } = request
    return this.#database.transaction(async (transaction) => {
      await this.#takeTurn(transaction, request.owner ?? '')
      const standings = await this.#standings(transaction, request)
      const excesses = claims.flatMap((claim, index) => excessOf(claim, standings[index]))
      if (excesses.length > 0) return excesses
      for (const [index, claim] of claims.entries()) {
        await this.#hold(transaction, { request, claim, isNew: standings[index]?.held === null })
      }
      return []
    })
  }

  async release(id: string): Promise<void> {
    await this.#database.run(
      this.#statements.get('quota release', () => sql`delete from glimpse_quota_reservations where id = ${slot('id')}`),
      { id },
    )
  }

  async renew(holder: string, { lifetimeMs }: { lifetimeMs: number }): Promise<void> {
    const statement = this.#statements.get(
      'quota renew',
      () =>
        sql`update glimpse_quota_reservations set expires_at = ${slot('expiresAt')} where holder = ${slot('holder')}`,
    )
    await this.#database.run(statement, { holder, expiresAt: Date.now() + lifetimeMs })
  }

  async removeExpired(): Promise<number> {
    const statement = this.#statements.get(
      'quota all expired',
      () => sql`delete from glimpse_quota_reservations where expires_at < ${slot('before')}`,
    )
    // The clocks of processes differ a little.
    const values = { before: Date.now() - clockMarginMs }
    return this.#database.transaction((transaction) => transaction.run(statement, values))
  }

  /** Keeps other reservations of the project waiting until the transaction ends, or makes one of both fail. */
  async #takeTurn(transaction: Queryable, owner: string): Promise<void> {
    const turn = this.#statements.get(
      'quota turn',
      () => sql`update glimpse_quota_projects set version = version + 1 where owner = ${slot('owner')}`,
    )
    if ((await transaction.run(turn, { owner })) > 0) return
    const add = this.#statements.get('quota project', () => {
      const ignore = this.#database.dialect === 'mysql' ? sql`ignore ` : sql``
      const conflict = this.#database.dialect === 'mysql' ? sql`` : sql` on conflict do nothing`
      return sql`insert ${ignore}into glimpse_quota_projects (owner, version) values (${slot('owner')}, 0)${conflict}`
    })
    await transaction.run(add, { owner })
    await transaction.run(turn, { owner })
  }

  /** Standings of the claims, in their order; reservations of dead processes count for nothing and are removed. */
  async #standings(transaction: Queryable, { id, owner, claims }: ReserveRequest): Promise<Standing[]> {
    const ownerless = owner === null
    const values = { id, owner, reservedBy: owner ?? '', now: Date.now() }
    const ofOthers = sql`id <> ${slot('id')} and expires_at >= ${slot('now')}`
    const statement = this.#statements.get(
      `quota standing ${ownerless} ${claims.map((c) => c.resource).join()}`,
      () => {
        const columns = claims.flatMap(({ resource }) => [
          usageQuery(resource, { ownerless, dialect: this.#database.dialect }),
          reserved(sql`coalesce(sum(amount), 0)`, sql`resource = ${sql.lit(resource)} and ${ofOthers}`),
          reserved(sql`sum(amount)`, sql`resource = ${sql.lit(resource)} and id = ${slot('id')}`),
        ])
        return sql`select ${sql.join([...columns, reserved(sql`min(expires_at)`, sql`id <> ${slot('id')}`)])}`
      },
    )
    const [row = []] = await transaction.rows(statement, values)
    const oldest = row.at(-1)
    if (typeof oldest === 'number' && oldest < values.now) await this.#removeExpired(transaction, values)
    return claims.map((_, index) => {
      const [usage, others, held] = row.slice(index * 3, index * 3 + 3)
      return { used: Number(usage) + Number(others), held: held === null ? null : Number(held) }
    })
  }

  async #removeExpired(transaction: Queryable, values: { id: string; reservedBy: string; now: number }): Promise<void> {
    const statement = this.#statements.get(
      'quota expired',
      () => sql`delete from glimpse_quota_reservations
        where owner = ${slot('reservedBy')} and expires_at < ${slot('now')} and id <> ${slot('id')}`,
    )
    await transaction.run(statement, values)
  }

  async #hold(
    transaction: Queryable,
    { request, claim, isNew }: { request: ReserveRequest; claim: QuotaClaim; isNew: boolean },
  ): Promise<void> {
    const { resource, amount } = claim
    const values = {
      id: request.id,
      resource,
      reservedBy: request.owner ?? '',
      holder: request.holder,
      amount,
      expiresAt: Date.now() + request.lifetimeMs,
    }
    const statement = isNew
      ? this.#statements.get(
          'quota hold',
          () => sql`insert into glimpse_quota_reservations (id, resource, owner, holder, amount, expires_at)
            values (${slot('id')}, ${slot('resource')}, ${slot('reservedBy')}, ${slot('holder')}, ${slot('amount')},
              ${slot('expiresAt')})`,
        )
      : this.#statements.get(
          'quota hold on',
          () => sql`update glimpse_quota_reservations set amount = ${slot('amount')}, expires_at = ${slot('expiresAt')}
            where id = ${slot('id')} and resource = ${slot('resource')}`,
        )
    await transaction.run(statement, values)
  }
}

/**
 * Ends the part of a reservation that the transaction turns into usage.
 * @throws reservation_lost if it is not there any more: it expired while nobody kept it alive
 */
export async function settle(
  transaction: Queryable,
  { statements, settlement }: { statements: Statements; settlement: Settlement },
): Promise<void> {
  const statement = statements.get(
    'quota settle',
    () => sql`delete from glimpse_quota_reservations where id = ${slot('id')} and resource = ${slot('resource')}`,
  )
  const { reservationId: id, resource } = settlement
  if ((await transaction.run(statement, { id, resource })) === 0)
    throw new GlimpseError('reservation_lost', { resource })
}

function reserved(what: RawBuilder<unknown>, which: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select ${what} from glimpse_quota_reservations where owner = ${slot('reservedBy')} and ${which})`
}

function excessOf(claim: QuotaClaim, standing: Standing | undefined): QuotaExcess[] {
  const used = standing?.used ?? 0
  const total = claim.mayExceed ? used : used + Math.max(claim.amount, 1)
  return total > claim.maximum ? [{ ...claim, used }] : []
}
