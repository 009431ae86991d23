import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { ClaimedJob, Job, JobLease, JobRepository, JobVerdict, Json, NewJob } from '../../../ports/jobs.ts'
import type { Database, Queryable, Row, Values } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { clocks } from './clock.ts'
import { jobColumns, jobOf, jsonText, plainText } from './job-rows.ts'

/** How many jobs of a project are tried before the next project's turn. */
const candidates = 8

/** Jobs in the table `glimpse_jobs`. No lock is held between two statements: a Galera cluster has none across its nodes. */
export class SqlJobRepository implements JobRepository {
  readonly #database: Database
  readonly #statements: Statements
  readonly #clock: RawBuilder<number>

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
    this.#clock = clocks[database.dialect]
  }

  async enqueue(job: NewJob): Promise<void> {
    const values = { ...job, project: job.project ?? '', input: jsonText(job.input), steps: '{}' }
    await this.#change(
      'enqueue job',
      () => sql`insert into glimpse_jobs (id, kind, project, image_id, input, steps, status, attempts, due_at, created_at)
        values (${slot('id')}, ${slot('kind')}, ${slot('project')}, ${slot('imageId')}, ${slot('input')}, ${slot('steps')},
          'queued', 0, ${this.#clock} + ${slot('delayMs')}, ${this.#clock})`,
      values,
    )
  }

  async get(id: string): Promise<Job | undefined> {
    const [job] = await this.#jobs('job', sql`id = ${slot('id')}`, { id })
    return job
  }

  openOf(imageId: string): Promise<Job[]> {
    return this.#jobs('open jobs', sql`image_id = ${slot('imageId')} and due_at is not null`, { imageId })
  }

  async hasten(id: string): Promise<boolean> {
    const changed = await this.#change(
      'hasten job',
      () => sql`update glimpse_jobs set due_at = ${this.#clock} where id = ${slot('id')} and status = 'queued'`,
      { id },
    )
    return changed > 0
  }

  async assign(id: string, { kind }: { kind: string }): Promise<boolean> {
    const changed = await this.#change(
      'assign job',
      () => sql`update glimpse_jobs set kind = ${slot('kind')} where id = ${slot('id')} and due_at <= ${this.#clock}`,
      { id, kind },
    )
    return changed > 0
  }

  async claim(options: { kinds: readonly string[]; runner: string; leaseMs: number }): Promise<ClaimedJob | undefined> {
    const { kinds, runner, leaseMs } = options
    if (kinds.length === 0) return undefined
    const token = randomUUID()
    for (const project of await this.#projectsInTurn(kinds)) {
      for (const id of await this.#dueOf(project, kinds)) {
        const changed = await this.#change(
          'claim job',
          () => sql`update glimpse_jobs set status = 'running', lease_token = ${slot('token')},
            runner = ${slot('runner')}, attempts = attempts + 1, due_at = ${this.#clock} + ${slot('leaseMs')}
            where id = ${slot('id')} and due_at <= ${this.#clock}`,
          { id, token, runner: runner.slice(0, 255), leaseMs },
        )
        if (changed === 0) continue
        const job = await this.get(id)
        if (job) return { job, lease: { jobId: id, token } }
      }
    }
    return undefined
  }

  extend(lease: JobLease, options: { leaseMs: number; progress: number | null }): Promise<JobVerdict | null> {
    return this.#database.transaction(async (transaction) => {
      const statement = this.#statements.get(
        'extend lease',
        () => sql`update glimpse_jobs set due_at = ${this.#clock} + ${slot('leaseMs')},
          progress = coalesce(${slot('progress')}, progress) where ${held}`,
      )
      await this.#held(transaction.run(statement, { ...lease, ...options }), lease)
      return this.#verdict(transaction, lease)
    })
  }

  async recordStep(
    lease: JobLease,
    options: { steps: Readonly<Record<string, Json>>; leaseMs: number },
  ): Promise<void> {
    await this.#held(
      this.#change(
        'record step',
        () => sql`update glimpse_jobs set steps = ${slot('steps')}, attempts = 1,
          due_at = ${this.#clock} + ${slot('leaseMs')} where ${held}`,
        { ...lease, steps: jsonText(options.steps), leaseMs: options.leaseMs },
      ),
      lease,
    )
  }

  async release(lease: JobLease, options: { delayMs: number; reason?: string; uncounted?: true }): Promise<void> {
    const { delayMs, reason, uncounted } = options
    await this.#held(
      this.#change(
        'release job',
        () => sql`update glimpse_jobs set status = 'queued', lease_token = null, attempts = attempts - ${slot('refund')},
          due_at = ${this.#clock} + ${slot('delayMs')}, reason = coalesce(${slot('reason')}, reason) where ${held}`,
        { ...lease, delayMs, refund: uncounted ? 1 : 0, reason: reason === undefined ? null : plainText(reason) },
      ),
      lease,
    )
  }

  async decide(lease: JobLease, { verdict, reason }: { verdict: JobVerdict; reason: string }): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const statement = this.#statements.get(
        'decide job',
        () => sql`update glimpse_jobs set verdict = ${slot('verdict')}, reason = ${slot('reason')}
          where ${held} and verdict is null`,
      )
      const changed = await transaction.run(statement, { ...lease, verdict, reason: plainText(reason) })
      if (changed === 0) await this.#verdict(transaction, lease)
    })
  }

  finish(lease: JobLease, { as }: { as: 'succeeded' | JobVerdict }): Promise<boolean> {
    return this.#database.transaction(async (transaction) => {
      const statement = this.#statements.get(
        'finish job',
        () => sql`update glimpse_jobs set status = ${slot('as')}, lease_token = null, due_at = null,
          ended_at = ${this.#clock} where ${held} and coalesce(verdict, 'succeeded') = ${slot('as')}`,
      )
      if ((await transaction.run(statement, { ...lease, as })) > 0) return true
      await this.#verdict(transaction, lease)
      return false
    })
  }

  cancel(imageId: string, { reason }: { reason: string }): Promise<number> {
    return this.#change(
      'cancel jobs',
      // A running job learns of it with its next heartbeat.
      () => sql`update glimpse_jobs set verdict = 'cancelled', reason = ${slot('reason')},
        due_at = case when lease_token is null then ${this.#clock} else due_at end
        where image_id = ${slot('imageId')} and due_at is not null and verdict is null`,
      { imageId, reason: plainText(reason) },
    )
  }

  async withdraw(id: string): Promise<boolean> {
    const changed = await this.#change(
      'withdraw job',
      () => sql`delete from glimpse_jobs where id = ${slot('id')} and status = 'queued' and attempts = 0`,
      { id },
    )
    return changed > 0
  }

  purge({ ageMs }: { ageMs: number }): Promise<number> {
    return this.#change(
      'purge jobs',
      () => sql`delete from glimpse_jobs where ended_at < ${this.#clock} - ${slot('ageMs')}`,
      { ageMs },
    )
  }

  /** Projects that have a due job: those with the fewest running ones first, then those that wait longest. */
  async #projectsInTurn(kinds: readonly string[]): Promise<string[]> {
    const due = this.#statements.get(
      `due projects ${kinds.join()}`,
      () => sql`select project, min(created_at) from glimpse_jobs
        where due_at <= ${this.#clock} and kind in (${sql.join(kinds)}) group by project order by min(created_at) limit 100`,
    )
    const waiting = (await this.#database.rows(due, {})).map(([project]) => project as string)
    if (waiting.length < 2) return waiting
    const running = this.#statements.get(
      'busy projects',
      () => sql`select project, count(*) from glimpse_jobs
        where due_at > ${this.#clock} and lease_token is not null group by project`,
    )
    const counts = new Map((await this.#database.rows(running, {})).map(([project, count]) => [project, Number(count)]))
    return waiting.sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0))
  }

  async #dueOf(project: string, kinds: readonly string[]): Promise<string[]> {
    const statement = this.#statements.get(
      `due jobs ${kinds.join()}`,
      () => sql`select id from glimpse_jobs where project = ${slot('project')} and due_at <= ${this.#clock}
        and kind in (${sql.join(kinds)}) order by created_at, id limit ${slot('limit')}`,
    )
    return (await this.#database.rows(statement, { project, limit: candidates })).map(([id]) => id as string)
  }

  async #jobs(key: string, condition: RawBuilder<unknown>, values: Values): Promise<Job[]> {
    const statement = this.#statements.get(
      key,
      () => sql`select ${sql.join(jobColumns)} from glimpse_jobs where ${condition} order by created_at, id`,
    )
    return (await this.#database.rows(statement, values)).map(jobOf)
  }

  /** A transaction of its own, because those are tried again after a collision. */
  #change(key: string, build: () => RawBuilder<unknown>, values: Values): Promise<number> {
    const statement = this.#statements.get(key, build)
    return this.#database.transaction((transaction) => transaction.run(statement, values))
  }

  async #held(changed: Promise<number>, { jobId }: JobLease): Promise<void> {
    if ((await changed) === 0) throw new GlimpseError('job_lease_lost', { jobId })
  }

  async #verdict(transaction: Queryable, lease: JobLease): Promise<JobVerdict | null> {
    const statement = this.#statements.get('verdict', () => sql`select verdict from glimpse_jobs where ${held}`)
    const [row] = (await transaction.rows(statement, { ...lease })) as readonly Row[]
    if (!row) throw new GlimpseError('job_lease_lost', { jobId: lease.jobId })
    return row[0] as JobVerdict | null
  }
}

const held = sql`id = ${slot('jobId')} and lease_token = ${slot('token')}`
