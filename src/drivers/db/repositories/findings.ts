import { createHash } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type {
  Finding,
  FindingKey,
  FindingQuery,
  FindingRepository,
  FindingState,
  ProgramName,
} from '../../../ports/passes.ts'
import type { Database, Row, Values } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { clocks } from './clock.ts'
import { plainText } from './job-rows.ts'

const columns = [
  ...['id', 'program', 'kind', 'image_id', 'store', 'location_id', 'subject', 'detail', 'state'],
  ...['first_seen', 'last_seen', 'last_pass', 'passes'],
].map((column) => sql.ref(column))

/** Columns that a query may name, by its fields. */
const filters = {
  program: 'program',
  kind: 'kind',
  state: 'state',
  imageId: 'image_id',
  storeId: 'store',
  lastPassId: 'last_pass',
} as const

/** Ids in one statement. */
const batchSize = 200

/** Findings in the table `glimpse_findings`. */
export class SqlFindingRepository implements FindingRepository {
  readonly #database: Database
  readonly #statements: Statements
  readonly #clock: RawBuilder<number>

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
    this.#clock = clocks[database.dialect]
  }

  async see(passId: string, finding: FindingKey & { readonly detail: string }): Promise<Finding> {
    const { subject } = finding
    const values = {
      ...finding,
      id: idOf(finding),
      passId,
      subject: subject === null ? null : plainText(subject),
      detail: plainText(finding.detail),
    }
    if ((await this.#seeAgain(values)) === 0) {
      try {
        await this.#change(
          'add finding',
          () => sql`insert into glimpse_findings (id, program, kind, image_id, store, location_id, subject, detail, state,
              first_seen, last_seen, last_pass, passes)
            values (${slot('id')}, ${slot('program')}, ${slot('kind')}, ${slot('imageId')}, ${slot('storeId')},
              ${slot('locationId')}, ${slot('subject')}, ${slot('detail')}, 'open', ${this.#clock}, ${this.#clock},
              ${slot('passId')}, 1)`,
          values,
        )
      } catch (error) {
        if (!(error instanceof DuplicateKeyError)) throw error
        await this.#seeAgain(values)
      }
    }
    const [found] = await this.#findings('finding', sql`where id = ${slot('id')}`, { id: values.id })
    if (!found) throw new Error('a finding went while it was recorded')
    return found
  }

  async find(key: FindingKey): Promise<Finding | undefined> {
    const [found] = await this.#findings('finding', sql`where id = ${slot('id')}`, { id: idOf(key) })
    return found
  }

  list(query: FindingQuery): Promise<Finding[]> {
    const { marker, limit } = query
    const given = Object.entries(filters).filter(([field]) => query[field as keyof typeof filters] !== undefined)
    const conditions = [
      ...given.map(([field, column]) => sql`${sql.ref(column)} = ${slot(field)}`),
      ...(marker === undefined ? [] : [sql`id > ${slot('marker')}`]),
    ]
    const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
    return this.#findings(
      `findings ${given.map(([field]) => field).join()} ${marker !== undefined}`,
      sql`${where} order by id limit ${slot('limit')}`,
      { ...query, limit },
    )
  }

  async settle(ids: readonly string[], state: Exclude<FindingState, 'open'>): Promise<void> {
    for (let at = 0; at < ids.length; at += batchSize) {
      const batch = ids.slice(at, at + batchSize)
      const slots = batch.map((_, i) => sql`${slot(`id${i}`)}`)
      await this.#change(
        `settle findings ${batch.length}`,
        () => sql`update glimpse_findings set state = ${slot('state')}, last_seen = ${this.#clock}
          where id in (${sql.join(slots)}) and state = 'open'`,
        { state, ...Object.fromEntries(batch.map((id, i) => [`id${i}`, id])) },
      )
    }
  }

  async openKinds(program: ProgramName): Promise<Readonly<Record<string, number>>> {
    const statement = this.#statements.get(
      'open kinds',
      () => sql`select kind, count(*) from glimpse_findings
        where state = 'open' and program = ${slot('program')} group by kind order by kind`,
    )
    const rows = await this.#database.rows(statement, { program })
    return Object.fromEntries(rows.map(([kind, count]) => [kind as string, Number(count)]))
  }

  purge({ ageMs }: { ageMs: number }): Promise<number> {
    return this.#change(
      'purge findings',
      () => sql`delete from glimpse_findings where state <> 'open' and last_seen < ${this.#clock} - ${slot('ageMs')}`,
      { ageMs },
    )
  }

  /** What is judged by the old values comes first: MySQL sees those before it as they are then. */
  #seeAgain(values: Values): Promise<number> {
    return this.#change(
      'see again',
      () => sql`update glimpse_findings set
          passes = case when state <> 'open' then 1 when last_pass = ${slot('passId')} then passes else passes + 1 end,
          first_seen = case when state = 'open' then first_seen else ${this.#clock} end,
          last_seen = ${this.#clock}, last_pass = ${slot('passId')}, detail = ${slot('detail')}, state = 'open'
        where id = ${slot('id')}`,
      values,
    )
  }

  async #findings(key: string, rest: RawBuilder<unknown>, values: Values): Promise<Finding[]> {
    const statement = this.#statements.get(key, () => sql`select ${sql.join(columns)} from glimpse_findings ${rest}`)
    return (await this.#database.rows(statement, values)).map(findingOf)
  }

  /** A transaction of its own, because those are tried again after a collision. */
  #change(key: string, build: () => RawBuilder<unknown>, values: Values): Promise<number> {
    const statement = this.#statements.get(key, build)
    return this.#database.transaction((transaction) => transaction.run(statement, values))
  }
}

function idOf({ program, kind, imageId, storeId, locationId, subject }: FindingKey): string {
  const names = JSON.stringify([program, kind, imageId, storeId, locationId, subject])
  return createHash('sha256').update(names).digest('hex')
}

/** @param row values of `columns` */
function findingOf(row: Row): Finding {
  return {
    id: row[0] as string,
    program: row[1] as ProgramName,
    kind: row[2] as string,
    imageId: row[3] as string | null,
    storeId: row[4] as string | null,
    locationId: row[5] === null ? null : Number(row[5]),
    subject: row[6] as string | null,
    detail: row[7] as string,
    state: row[8] as FindingState,
    firstSeenAt: new Date(Number(row[9])),
    lastSeenAt: new Date(Number(row[10])),
    lastPassId: row[11] as string,
    passes: Number(row[12]),
  }
}
