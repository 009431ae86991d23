import { uncheckedKinds } from '../passes/program.ts'

/** What the reaper finds. In a dry run, what it would remove; otherwise what it could not, or must not yet. */
export const reapKinds = {
  ...{ data: 'data_of_deleted', deadUpload: 'dead_upload', staging: 'staging_leftover' },
  ...{ tasks: 'expired_tasks', rows: 'deleted_rows', project: 'unknown_project' },
  storeUnavailable: uncheckedKinds.store,
  notChecked: uncheckedKinds.image,
} as const
