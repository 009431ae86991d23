import { uncheckedKinds } from '../passes/program.ts'

/** What the auditor finds. docs/operations.md tells operators what each means. */
export const auditKinds = {
  ...{ missing: 'missing', size: 'size_mismatch', corrupt: 'corrupt', storeUnknown: 'store_unknown' },
  ...{ orphan: 'orphan', noLocation: 'no_location', queuedWithData: 'queued_with_data' },
  ...{ deletedWithData: 'deleted_with_data', stuck: 'stuck' },
  storeUnavailable: uncheckedKinds.store,
  notChecked: uncheckedKinds.image,
} as const
export type AuditKind = (typeof auditKinds)[keyof typeof auditKinds]
