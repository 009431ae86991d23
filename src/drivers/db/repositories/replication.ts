import { type RawBuilder, sql } from 'kysely'
import type { IdRange } from '../../../ports/image-walk.ts'
import type { Json } from '../../../ports/jobs.ts'
import type {
  ReplicationCount,
  ReplicationRepository,
  ReplicationRule,
  ReplicationState,
  ReplicationStatus,
  StatusLine,
  StoredRule,
} from '../../../ports/replication.ts'
import type { Database, Queryable, Row, Values } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { jsonText, plainText } from './job-rows.ts'

const columns = sql.join(
  ['image_id', 'rule', 'state', 'reason', 'good_copies', 'checked_at', 'due'].map((column) => sql.ref(column)),
)

/** How many images are tried before they are asked for again: others claim at the same time. */
const candidates = 16

/** Rules and statuses in tables of our own. No lock is held between two statements. */
export class SqlReplicationRepository implements ReplicationRepository {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async rules(): Promise<StoredRule[]> {
    const rows = await this.#rows(
      'replication rules',
      () => sql`select rule, updated_at from glimpse_replication_rules order by name`,
      {},
    )
    return rows.map(([rule, updatedAt]) => ({
      rule: JSON.parse(rule as string) as ReplicationRule,
      updatedAt: new Date(Number(updatedAt)),
    }))
  }

  async putRule(rule: ReplicationRule): Promise<boolean> {
    const values = { name: rule.name, rule: jsonText(rule as unknown as Json), now: Date.now() }
    return this.#upserting(async (transaction) => {
      const changed = await this.#run(
        transaction,
        'replace replication rule',
        () => sql`update glimpse_replication_rules set rule = ${slot('rule')}, updated_at = ${slot('now')}
          where name = ${slot('name')}`,
        values,
      )
      if (changed > 0) return false
      await this.#run(
        transaction,
        'add replication rule',
        () => sql`insert into glimpse_replication_rules (name, rule, updated_at)
          values (${slot('name')}, ${slot('rule')}, ${slot('now')})`,
        values,
      )
      return true
    })
  }

  async removeRule(name: string): Promise<boolean> {
    const removed = await this.#change(
      'remove replication rule',
      () => sql`delete from glimpse_replication_rules where name = ${slot('name')}`,
      { name },
    )
    return removed > 0
  }

  async status(imageId: string): Promise<ReplicationStatus | undefined> {
    const rows = await this.#rows(
      'replication status',
      () => sql`select ${columns} from glimpse_replication_status where image_id = ${slot('imageId')} order by rule`,
      { imageId },
    )
    return rows.length === 0 ? undefined : statusOf(rows)
  }

  async statuses(
    { from, to }: IdRange,
    { after, upTo }: { after?: string | undefined; upTo?: string | undefined } = {},
  ): Promise<ReplicationStatus[]> {
    const rows = await this.#rows(
      `replication statuses ${to !== null} ${after !== undefined} ${upTo !== undefined}`,
      () => {
        const conditions = [
          sql`image_id >= ${slot('from')}`,
          ...(to === null ? [] : [sql`image_id < ${slot('to')}`]),
          ...(after === undefined ? [] : [sql`image_id > ${slot('after')}`]),
          ...(upTo === undefined ? [] : [sql`image_id <= ${slot('upTo')}`]),
        ]
        return sql`select ${columns} from glimpse_replication_status where ${sql.join(conditions, sql` and `)}
          order by image_id, rule`
      },
      { from, to, after, upTo },
    )
    return [...Map.groupBy(rows, ([imageId]) => imageId as string).values()].map(statusOf)
  }

  async record(status: ReplicationStatus, { keepsClaimsOf }: { keepsClaimsOf?: string } = {}): Promise<void> {
    const { imageId, rules } = status
    const shared = {
      imageId,
      goodCopies: status.goodCopies,
      due: status.isDue ? 1 : 0,
      checkedAt: status.checkedAt?.getTime() ?? null,
      // Nobody has an empty name.
      keptClaims: keepsClaimsOf === undefined ? '' : `${keepsClaimsOf}%`,
    }
    await this.#upserting(async (transaction) => {
      const known = await transaction.rows(
        this.#statements.get(
          'replication rules of image',
          () => sql`select rule, case when claimed_by like ${slot('keptClaims')} then claimed_by end
            from glimpse_replication_status where image_id = ${slot('imageId')}`,
        ),
        shared,
      )
      const knownNames = new Set(known.map(([rule]) => rule as string))
      const claimedBy = known.map(([, owner]) => owner as string | null).find((owner) => owner !== null) ?? null
      for (const { rule, state, reason } of rules) {
        const values = { ...shared, claimedBy, rule, state, reason: reason === null ? null : plainText(reason) }
        await this.#run(
          transaction,
          `record replication status ${knownNames.has(rule)}`,
          () => (knownNames.has(rule) ? updateStatus : insertStatus),
          values,
        )
      }
      for (const rule of knownNames) {
        if (rules.some((current) => current.rule === rule)) continue
        await this.#run(
          transaction,
          'forget replication status',
          () =>
            sql`delete from glimpse_replication_status where image_id = ${slot('imageId')} and rule = ${slot('rule')}`,
          { imageId, rule },
        )
      }
    })
  }

  async claim({ owner }: { owner: string }): Promise<string | undefined> {
    for (;;) {
      const rows = await this.#rows(
        'due for replication',
        () => sql`select image_id, min(good_copies) from glimpse_replication_status
          where due = 1 and claimed_by is null
          group by image_id order by min(good_copies), image_id limit ${slot('limit')}`,
        { limit: candidates },
      )
      if (rows.length === 0) return undefined
      for (const [imageId] of rows) {
        const claimed = await this.#change(
          'claim for replication',
          () => sql`update glimpse_replication_status set claimed_by = ${slot('owner')}
            where image_id = ${slot('imageId')} and due = 1 and claimed_by is null`,
          { imageId, owner },
        )
        if (claimed > 0) return imageId as string
      }
    }
  }

  async claimsOf(owner: string): Promise<string[]> {
    const rows = await this.#rows(
      'replication claims',
      () => sql`select distinct image_id from glimpse_replication_status where claimed_by = ${slot('owner')}`,
      { owner },
    )
    return rows.map(([imageId]) => imageId as string)
  }

  async counts(): Promise<ReplicationCount[]> {
    const rows = await this.#rows(
      'replication counts',
      () => sql`select rule, state, count(*) from glimpse_replication_status group by rule, state order by rule, state`,
      {},
    )
    return rows.map(([rule, state, images]) => ({
      rule: rule as string,
      state: state as ReplicationState,
      images: Number(images),
    }))
  }

  async lines({ state, rule, after, limit }: Parameters<ReplicationRepository['lines']>[0]): Promise<StatusLine[]> {
    const rows = await this.#rows(
      `replication lines ${state !== undefined} ${rule !== undefined} ${after !== undefined}`,
      () => {
        const conditions = [
          ...(state === undefined ? [] : [sql`state = ${slot('state')}`]),
          ...(rule === undefined ? [] : [sql`rule = ${slot('rule')}`]),
          ...(after === undefined
            ? []
            : [
                sql`(image_id > ${slot('afterImage')} or (image_id = ${slot('afterImage')} and rule > ${slot('afterRule')}))`,
              ]),
        ]
        const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
        return sql`select ${columns} from glimpse_replication_status ${where}
          order by image_id, rule limit ${slot('limit')}`
      },
      { state, rule, afterImage: after?.imageId, afterRule: after?.rule, limit },
    )
    return rows.map(lineOf)
  }

  #rows(key: string, build: () => RawBuilder<unknown>, values: Values): Promise<readonly Row[]> {
    return this.#database.rows(this.#statements.get(key, build), values)
  }

  #run(queryable: Queryable, key: string, build: () => RawBuilder<unknown>, values: Values): Promise<number> {
    return queryable.run(this.#statements.get(key, build), values)
  }

  /** A transaction of its own, because those are tried again after a collision. */
  #change(key: string, build: () => RawBuilder<unknown>, values: Values): Promise<number> {
    return this.#database.transaction((transaction) => this.#run(transaction, key, build, values))
  }

  /** A row that another process adds at the same time is there at the second try. */
  async #upserting<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    try {
      return await this.#database.transaction(work)
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error
      return this.#database.transaction(work)
    }
  }
}

const updateStatus = sql`update glimpse_replication_status set state = ${slot('state')}, reason = ${slot('reason')},
  good_copies = ${slot('goodCopies')}, due = ${slot('due')}, checked_at = ${slot('checkedAt')},
  claimed_by = case when claimed_by like ${slot('keptClaims')} then claimed_by end
  where image_id = ${slot('imageId')} and rule = ${slot('rule')}`

const insertStatus = sql`insert into glimpse_replication_status
  (image_id, rule, state, reason, good_copies, due, checked_at, claimed_by) values (${slot('imageId')}, ${slot('rule')},
  ${slot('state')}, ${slot('reason')}, ${slot('goodCopies')}, ${slot('due')}, ${slot('checkedAt')}, ${slot('claimedBy')})`

function lineOf(row: Row): StatusLine {
  const [imageId, rule, state, reason, goodCopies, checkedAt] = row
  return {
    imageId: imageId as string,
    rule: rule as string,
    state: state as ReplicationState,
    reason: reason as string | null,
    goodCopies: Number(goodCopies),
    checkedAt: checkedAt === null ? null : new Date(Number(checkedAt)),
  }
}

/** @param rows all of one image */
function statusOf(rows: readonly Row[]): ReplicationStatus {
  const lines = rows.map(lineOf)
  const [first] = lines as [StatusLine]
  return {
    imageId: first.imageId,
    rules: lines.map(({ rule, state, reason }) => ({ rule, state, reason })),
    goodCopies: first.goodCopies,
    isDue: Number(rows[0]?.[6]) === 1,
    checkedAt: first.checkedAt,
  }
}
