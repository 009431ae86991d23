import { readdir, readFile, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { parse } from 'yaml'
import { GlimpseError } from '../../errors/error.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Policy, RuleSource } from './policy.ts'

export interface PolicyFileOptions {
  /** `policy_file` */
  readonly file: string
  /** `policy_dirs` */
  readonly dirs: readonly string[]
  /** Where relative names are looked for, in this order: the directories of the configuration. */
  readonly searchDirs: readonly string[]
  readonly log: Logger
  /** How often the files are looked at for changes. */
  readonly pollMs?: number
}

/** Keeps a policy as its files say. */
export interface PolicyFiles {
  /** Looks at the files now, and takes their rules if they changed. Never fails: rules that cannot be read leave the old ones in force. */
  refresh(): Promise<void>
  close(): void
}

/**
 * Puts the rules of the policy files in force and follows changes of the files. A rule that cannot be understood is logged
 * with its file, and denies.
 * @throws policy_file_invalid if a file is there but cannot be read at all
 * @see oslo.policy `Enforcer.load_rules`
 */
export async function followPolicyFiles(policy: Policy, options: PolicyFileOptions): Promise<PolicyFiles> {
  const { log, pollMs = 1000 } = options
  let found = await findFiles(options)
  use(await readSources(found))

  function use(sources: readonly RuleSource[]): void {
    for (const fault of policy.useRules(sources)) log.error(fault, 'A policy rule cannot be used as it is written')
  }

  async function refresh(): Promise<void> {
    try {
      const now = await findFiles(options)
      if (now.length === found.length && now.every(({ mark }, index) => mark === found[index]?.mark)) return
      // A broken file is complained of once per change, not once per look.
      found = now
      use(await readSources(now))
      log.info({ files: now.map(({ path }) => path) }, 'Policy files were read again')
    } catch (error) {
      log.error({ err: error }, 'Policy files cannot be read; the rules read before stay in force')
    }
  }

  let refreshing = false
  const timer = setInterval(() => {
    if (refreshing) return
    refreshing = true
    void refresh().finally(() => {
      refreshing = false
    })
  }, pollMs).unref()
  return { refresh, close: () => clearInterval(timer) }
}

interface FoundFile {
  readonly path: string
  /** Differs when the file does. */
  readonly mark: string
}

async function findFiles({ file, dirs, searchDirs }: PolicyFileOptions): Promise<FoundFile[]> {
  const names = file === 'policy.yaml' ? [file, 'policy.json'] : [file]
  const files: FoundFile[] = []
  for (const name of names) {
    const main = await findFirst(name, searchDirs)
    if (main) {
      files.push(main)
      break
    }
  }
  for (const dir of dirs) {
    const place = await findFirst(dir, searchDirs)
    if (!place) continue
    const entries = await readdir(place.path, { withFileTypes: true })
    const plain = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    for (const { name } of plain.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const found = await look(join(place.path, name))
      if (found) files.push(found)
    }
  }
  return files
}

async function findFirst(name: string, searchDirs: readonly string[]): Promise<FoundFile | undefined> {
  if (isAbsolute(name)) return look(name)
  for (const dir of searchDirs) {
    const found = await look(join(dir, name))
    if (found) return found
  }
  return undefined
}

async function look(path: string): Promise<FoundFile | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return { path, mark: `${path}:${mtimeMs}:${size}:${ino}` }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new GlimpseError('policy_file_invalid', { file: path, reason: (error as Error).message }, { cause: error })
  }
}

function readSources(files: readonly FoundFile[]): Promise<RuleSource[]> {
  return Promise.all(files.map(({ path }) => readSource(path)))
}

async function readSource(file: string): Promise<RuleSource> {
  let rules: unknown
  try {
    // JSON is YAML. Of a key given twice the last counts, as in the reference.
    rules = parse(await readFile(file, 'utf8'), { uniqueKeys: false })
  } catch (error) {
    throw new GlimpseError('policy_file_invalid', { file, reason: (error as Error).message }, { cause: error })
  }
  if (rules === null || rules === undefined) return { file, rules: {} }
  if (typeof rules !== 'object' || Array.isArray(rules)) {
    throw new GlimpseError('policy_file_invalid', { file, reason: 'it is no mapping of rule names to rules' })
  }
  return { file, rules: rules as Record<string, unknown> }
}
