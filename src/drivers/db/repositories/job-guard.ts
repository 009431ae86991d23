import { sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { JobGuard } from '../../../ports/jobs.ts'
import type { Queryable } from '../database.ts'
import { type Statements, slot } from '../statement.ts'

/**
 * Lets a transaction happen only before a job is taken over: it changes the job's row, so that one of the two has to come
 * first, in a cluster too. @throws job_lease_lost
 */
export async function requireJob(
  transaction: Queryable,
  { statements, job: { jobId, token } }: { statements: Statements; job: JobGuard },
): Promise<void> {
  const condition = token === null ? sql`status = 'queued' and attempts = 0` : sql`lease_token = ${slot('token')}`
  const statement = statements.get(
    `job guard ${token === null}`,
    () => sql`update glimpse_jobs set due_at = due_at + 1 where id = ${slot('jobId')} and ${condition}`,
  )
  const changed = await transaction.run(statement, token === null ? { jobId } : { jobId, token })
  if (changed === 0) throw new GlimpseError('job_lease_lost', { jobId })
}
