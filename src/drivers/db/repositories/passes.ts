import { type RawBuilder, sql } from 'kysely'
import type {
  Pass,
  PassCounts,
  PassQuery,
  PassRepository,
  PassScope,
  PassState,
  ProgramName,
  ProgramState,
} from '../../../ports/passes.ts'
import type { Database, Row, Values } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { clocks } from './clock.ts'
import { jsonText } from './job-rows.ts'
import { takeTurn } from './lock-image.ts'

const columns = [
  ...['id', 'program', 'scope', 'state', 'planned_steps', 'done_steps', 'failed_steps', 'counts'],
  ...['started_at', 'ended_at'],
].map((column) => sql.ref(column))

type Progress = Pick<Pass, 'doneSteps' | 'failedSteps' | 'counts'>

/** Passes in the tables `glimpse_programs`, `glimpse_passes` and `glimpse_pass_steps`. Every change is a compare-and-set. */
export class SqlPassRepository implements PassRepository {
  readonly #database: Database
  readonly #statements: Statements
  readonly #clock: RawBuilder<number>

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
    this.#clock = clocks[database.dialect]
  }

  async program(name: ProgramName): Promise<ProgramState> {
    const statement = this.#statements.get(
      'program',
      () => sql`select paused, next_at from glimpse_programs where name = ${slot('name')}`,
    )
    const [row] = await this.#database.rows(statement, { name })
    return { isPaused: Number(row?.[0] ?? 0) === 1, nextPassAt: timeOf(row?.[1]) }
  }

  async setPaused(name: ProgramName, isPaused: boolean): Promise<void> {
    await this.#ensureProgram(name)
    await this.#change(
      'pause',
      () => sql`update glimpse_programs set paused = ${slot('paused')} where name = ${slot('name')}`,
      {
        name,
        paused: isPaused ? 1 : 0,
      },
    )
  }

  async takeTurn(name: ProgramName, { intervalMs }: { intervalMs: number }): Promise<boolean> {
    await this.#ensureProgram(name)
    const changed = await this.#change(
      'take turn',
      // An interval that was made shorter counts at once.
      () => sql`update glimpse_programs set next_at = ${this.#clock} + ${slot('intervalMs')} where name = ${slot('name')}
        and paused = 0 and (next_at is null or next_at <= ${this.#clock} or next_at > ${this.#clock} + ${slot('intervalMs')})`,
      { name, intervalMs },
    )
    return changed > 0
  }

  async begin({ id, program, scope }: Pick<Pass, 'id' | 'program' | 'scope'>): Promise<string> {
    await this.#ensureProgram(program)
    const text = scopeText(scope)
    const statements = this.#statements
    const lock = statements.get(
      'lock program',
      () => sql`update glimpse_programs set paused = paused where name = ${slot('program')}`,
    )
    const open = statements.get(
      'open passes',
      () => sql`select id, scope from glimpse_passes where program = ${slot('program')} and state = 'open'
        order by started_at, id`,
    )
    const insert = statements.get(
      'begin pass',
      () => sql`insert into glimpse_passes (id, program, scope, state, started_at)
        values (${slot('id')}, ${slot('program')}, ${slot('scope')}, 'open', ${this.#clock})`,
    )
    return this.#database.transaction(async (transaction) => {
      await takeTurn(transaction, { statements, dialect: this.#database.dialect, id: `pass of ${program}` })
      await transaction.run(lock, { program })
      const rows = await transaction.rows(open, { program })
      const [known] = rows.find(([, other]) => scopeText(JSON.parse(other as string) as PassScope) === text) ?? []
      if (known !== undefined) return known as string
      await transaction.run(insert, { id, program, scope: text })
      return id
    })
  }

  async get(id: string): Promise<Pass | undefined> {
    const [pass] = await this.#passes('pass', sql`where id = ${slot('id')}`, { id })
    return pass
  }

  list({ program, state, limit }: PassQuery): Promise<Pass[]> {
    const conditions = [
      ...(program === undefined ? [] : [sql`program = ${slot('program')}`]),
      ...(state === undefined ? [] : [sql`state = ${slot('state')}`]),
    ]
    const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
    return this.#passes(
      `passes ${program !== undefined} ${state !== undefined}`,
      sql`${where} order by started_at desc, id desc limit ${slot('limit')}`,
      { program, state, limit },
    )
  }

  async planned(id: string, { steps }: { steps: number }): Promise<void> {
    await this.#change(
      'plan pass',
      () => sql`update glimpse_passes set planned_steps = ${slot('steps')} where id = ${slot('id')} and state = 'open'`,
      { id, steps },
    )
  }

  async endStep(id: string, options: { step: string; counts: PassCounts; isFailed: boolean }): Promise<void> {
    const { step, counts, isFailed } = options
    try {
      await this.#change(
        'end step',
        () => sql`insert into glimpse_pass_steps (pass_id, step, failed, counts)
          values (${slot('id')}, ${slot('step')}, ${slot('failed')}, ${slot('counts')})`,
        { id, step, failed: isFailed ? 1 : 0, counts: jsonText(counts) },
      )
    } catch (error) {
      // The process that recorded it died before it could end the step's job.
      if (!(error instanceof DuplicateKeyError)) throw error
    }
  }

  async end(id: string, { state }: { state: Exclude<PassState, 'open'> }): Promise<boolean> {
    const { doneSteps, failedSteps, counts } = await this.#progress(id)
    const values = { id, state, done: doneSteps, failed: failedSteps, counts: jsonText(counts) }
    const changed = await this.#change(
      'end pass',
      () => sql`update glimpse_passes set state = ${slot('state')}, done_steps = ${slot('done')},
        failed_steps = ${slot('failed')}, counts = ${slot('counts')}, ended_at = ${this.#clock}
        where id = ${slot('id')} and state = 'open'`,
      values,
    )
    if (changed > 0) await this.#forgetSteps(id)
    return changed > 0
  }

  purge({ ageMs }: { ageMs: number }): Promise<number> {
    return this.#change(
      'purge passes',
      () => sql`delete from glimpse_passes where ended_at < ${this.#clock} - ${slot('ageMs')}`,
      { ageMs },
    )
  }

  async #ensureProgram(name: ProgramName): Promise<void> {
    const known = this.#statements.get(
      'known program',
      () => sql`select 1 from glimpse_programs where name = ${slot('name')}`,
    )
    if ((await this.#database.rows(known, { name })).length > 0) return
    try {
      await this.#change(
        'add program',
        () => sql`insert into glimpse_programs (name, paused) values (${slot('name')}, 0)`,
        { name },
      )
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error
    }
  }

  async #forgetSteps(id: string): Promise<void> {
    await this.#change('forget steps', () => sql`delete from glimpse_pass_steps where pass_id = ${slot('id')}`, { id })
  }

  async #progress(id: string): Promise<Progress> {
    const statement = this.#statements.get(
      'pass progress',
      () => sql`select failed, counts from glimpse_pass_steps where pass_id = ${slot('id')}`,
    )
    const counts: Record<string, number> = {}
    let failedSteps = 0
    const rows = await this.#database.rows(statement, { id })
    for (const [failed, text] of rows) {
      failedSteps += Number(failed)
      for (const [name, value] of Object.entries(JSON.parse(text as string) as PassCounts)) {
        counts[name] = (counts[name] ?? 0) + value
      }
    }
    return { doneSteps: rows.length, failedSteps, counts }
  }

  async #passes(key: string, rest: RawBuilder<unknown>, values: Values): Promise<Pass[]> {
    const statement = this.#statements.get(key, () => sql`select ${sql.join(columns)} from glimpse_passes ${rest}`)
    const passes = (await this.#database.rows(statement, values)).map(passOf)
    return Promise.all(
      passes.map(async (pass) => (pass.state === 'open' ? { ...pass, ...(await this.#progress(pass.id)) } : pass)),
    )
  }

  /** A transaction of its own, because those are tried again after a collision. */
  #change(key: string, build: () => RawBuilder<unknown>, values: Values): Promise<number> {
    const statement = this.#statements.get(key, build)
    return this.#database.transaction((transaction) => transaction.run(statement, values))
  }
}

/** @param row values of `columns` */
function passOf(row: Row): Pass {
  return {
    id: row[0] as string,
    program: row[1] as ProgramName,
    scope: JSON.parse(row[2] as string) as PassScope,
    state: row[3] as PassState,
    plannedSteps: row[4] === null ? null : Number(row[4]),
    doneSteps: Number(row[5] ?? 0),
    failedSteps: Number(row[6] ?? 0),
    counts: JSON.parse((row[7] as string | null) ?? '{}') as PassCounts,
    startedAt: new Date(Number(row[8])),
    endedAt: timeOf(row[9]),
  }
}

/** The same text for the same scope. */
function scopeText({ imageId, storeId, choices }: PassScope): string {
  const sorted = Object.fromEntries(Object.entries(choices).sort(([a], [b]) => (a < b ? -1 : 1)))
  return jsonText({ imageId, storeId, choices: sorted })
}

function timeOf(value: unknown): Date | null {
  return value === null || value === undefined ? null : new Date(Number(value))
}
