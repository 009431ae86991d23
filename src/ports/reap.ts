/** Tables with soft-deleted rows, children first: `images` only once nothing refers to them. */
export const purgedTables = [
  'task_info',
  'image_properties',
  'image_tags',
  'image_locations',
  'image_members',
  'tasks',
  'images',
] as const
export type PurgedTable = (typeof purgedTables)[number]

/** What the reaper asks of the database beyond what the service needs. */
export interface ReapRepository {
  /** How many tasks have expired and are not deleted. */
  countExpiredTasks(): Promise<number>
  /** Soft-deletes expired tasks of all projects, `limit` at most. @returns how many */
  expireTasks(options: { limit: number }): Promise<number>
  /** How many rows `purge` would remove. */
  countPurgeable(table: PurgedTable, options: { before: Date }): Promise<number>
  /**
   * Removes rows that were soft-deleted before, `limit` at most; what the scrubber still needs stays. @returns how many
   * @see glance `db/sqlalchemy/api.py` `purge_deleted_rows`
   */
  purge(table: PurgedTable, options: { before: Date; limit: number }): Promise<number>
  /** Projects that own living images, in ascending order, page by page. */
  owners(options: { after: string; limit: number }): Promise<string[]>
}
