import { sql } from 'kysely'
import type { Job, JobStatus, JobVerdict, Json } from '../../../ports/jobs.ts'
import type { Row } from '../database.ts'

/** Columns of `glimpse_jobs` in the order in which `jobOf` reads them. */
export const jobColumns = [
  ...['id', 'kind', 'project', 'image_id', 'input', 'steps', 'progress', 'status', 'verdict', 'reason', 'attempts'],
  ...['runner', 'created_at'],
].map((column) => sql.ref(column))

/** @param row values of `jobColumns` */
export function jobOf(row: Row): Job {
  return {
    id: row[0] as string,
    kind: row[1] as string,
    project: (row[2] as string) || null,
    imageId: row[3] as string | null,
    input: JSON.parse(row[4] as string) as Json,
    steps: JSON.parse(row[5] as string) as Job['steps'],
    progress: row[6] === null ? null : Number(row[6]),
    status: row[7] as JobStatus,
    verdict: row[8] as JobVerdict | null,
    reason: row[9] as string | null,
    attempts: row[10] as number,
    runner: row[11] as string | null,
    createdAt: new Date(Number(row[12])),
  }
}

/** JSON in ASCII, which a column of any character set holds. */
export function jsonText(value: Json): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const longestReason = 2000

/** Text for people, cut and changed so that any column holds it. */
export function plainText(text: string): string {
  return text.slice(0, longestReason).replace(/[\ud800-\udfff]+|\0/g, '\ufffd')
}
