/** A program of the package: takes its arguments, gives its exit code. */
export interface Program {
  /** What it does, in a few words for the list of `glimpse --help`. */
  readonly summary: string
  readonly load: () => Promise<{ main: (argv: string[]) => Promise<number> }>
}

/**
 * The programs beside `glimpse`, by their names on PATH. Each has a launcher of that name in bin/ and a line in package.json's
 * `bin`; `glimpse NAME` runs it too, with or without `glance-`.
 */
export const programs: Readonly<Record<string, Program>> = {
  'glance-api': { summary: 'run the image service', load: () => import('./api.ts') },
  'glance-auditor': {
    summary: 'compare the database with the stores',
    load: () => import('./passes/auditor-command.ts'),
  },
  'glance-cache-cleaner': {
    summary: 'remove broken images from the cache',
    load: async () => (await import('./cache-programs.ts')).cleaner,
  },
  'glance-cache-manage': { summary: 'manage the cache of a node', load: () => import('./cache-manage.ts') },
  'glance-cache-prefetcher': {
    summary: 'fetch queued images into the cache',
    load: async () => (await import('./cache-programs.ts')).prefetcher,
  },
  'glance-cache-pruner': {
    summary: 'keep the cache to its size',
    load: async () => (await import('./cache-programs.ts')).pruner,
  },
  'glance-control': { summary: 'start, stop and reload servers', load: () => import('./control.ts') },
  'glance-manage': { summary: 'manage the database', load: () => import('./manage.ts') },
  'glance-policy': {
    summary: 'print rules, and tell what a caller may do',
    load: () => import('./policy-command.ts'),
  },
  'glance-replicator': { summary: 'copy images between services and folders', load: () => import('./replicator.ts') },
  'glance-registry': {
    summary: 'serve the database to API nodes that hold no credentials of it',
    load: () => import('./registry.ts'),
  },
  'glance-reaper': {
    summary: 'remove what deletions and dead uploads have left',
    load: () => import('./passes/reaper-command.ts'),
  },
  'glance-scrubber': { summary: 'remove the data of deleted images', load: () => import('./scrubber.ts') },
  'glance-status': { summary: 'tell whether an upgrade would succeed', load: () => import('./status.ts') },
  'glance-updater': {
    summary: 'carry out what was put off or left half done',
    load: () => import('./passes/updater-command.ts'),
  },
}
