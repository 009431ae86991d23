/** What the updater finds. docs/operations.md tells operators what each means. */
export const updateKinds = {
  ...{ digests: 'digests_missing', location: 'location_unfinished', url: 'location_outdated' },
  ...{ stuck: 'stuck', lock: 'lock_left' },
} as const
