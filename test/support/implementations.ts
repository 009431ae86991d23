import { accessSync, constants } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { run } from '../peers/processes.ts'

/** A set of programs that take Glance's configuration files and speak its API. */
export interface Implementation {
  readonly name: 'glimpse' | 'reference'
  readonly api: string
  readonly manage: string
  /** Puts beside a configuration file what the programs look for there. */
  prepare(configPath: string): Promise<void>
}

const bin = resolve(import.meta.dirname, '../../bin')

/** Glimpse from this repository's source. */
export const glimpse: Implementation = {
  name: 'glimpse',
  api: join(bin, 'glance-api'),
  manage: join(bin, 'glance-manage'),
  prepare: async () => {},
}

/**
 * Debian's Glance. It takes its middleware pipelines from a file named after the last configuration file, and reads
 * `schema-image.json` from beside it before `/etc/glance`, where only root may read.
 */
export const reference: Implementation = {
  name: 'reference',
  api: '/usr/bin/glance-api',
  manage: '/usr/bin/glance-manage',
  async prepare(configPath) {
    const folder = dirname(configPath)
    const paste = join(folder, `${basename(configPath, '.conf')}-paste.ini`)
    await copyFile('/usr/share/glance-common/glance-api-paste.ini', paste)
    await copyFile(schemaPath(), join(folder, 'schema-image.json'))
  },
}

function schemaPath(): string {
  const original = '/etc/glance/schema-image.json'
  try {
    accessSync(original, constants.R_OK)
    return original
  } catch {
    return join(bin, '../etc/schema-image.json')
  }
}

/** Runs `glance-manage` with those arguments and gives its output. @throws with the output if it fails */
export function manage(
  implementation: Implementation,
  configPaths: readonly string[],
  args: readonly string[],
): Promise<string> {
  const files = configPaths.flatMap((path) => ['--config-file', path])
  return run([implementation.manage, ...files, ...args], { timeoutMs: 180_000 })
}
