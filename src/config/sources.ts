import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Fault } from './fault.ts'
import { type IniFile, parseIni } from './ini.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Sources {
  /** Files that were read, those that win last. */
  readonly files: readonly { readonly path: string; readonly content: IniFile }[]
  readonly faults: readonly Fault[]
}

export interface SourceOptions {
  /** Values of `--config-file`; if none, the files that oslo.config looks for by `program`. */
  readonly files?: readonly string[] | undefined
  /** Values of `--config-dir`; if none, the directories that oslo.config looks for by `program`. */
  readonly dirs?: readonly string[] | undefined
  /** Names of the program, such as `glance-api`, those of the files that win last; without any nothing is looked for. */
  readonly program?: string | readonly string[] | undefined
  readonly env: Environment
}

/**
 * Reads all configuration files in the order of oslo.config: default files, default directories, then the files and the
 * directories that were asked for. What is missing or unreadable becomes a fault if it was asked for.
 * @see oslo_config `cfg.py`: `find_config_files`, `find_config_dirs`, `_parse_config_files`
 */
export async function readSources(options: SourceOptions): Promise<Sources> {
  const home = options.env.HOME ?? '/'
  const expand = (path: string): string => resolve(path.replace(/^~(?=\/|$)/, home))
  const given = { files: options.files ?? [], dirs: options.dirs ?? [] }
  const faults: Fault[] = []
  const paths: string[] = []

  if (given.files.length === 0) paths.push(...findDefaults(options, { home, extension: '.conf' }))
  if (given.dirs.length === 0) {
    for (const dir of findDefaults(options, { home, extension: '.conf.d' })) paths.push(...(await configFilesIn(dir)))
  }
  paths.push(...given.files.map(expand))
  for (const dir of given.dirs.map(expand)) {
    if (existsSync(dir)) paths.push(...(await configFilesIn(dir)))
    else faults.push({ place: dir, problem: 'there is no such directory' })
  }

  const files: { path: string; content: IniFile }[] = []
  for (const path of paths) {
    try {
      const content = parseIni(await readFile(path, 'utf8'))
      files.push({ path, content })
      faults.push(...content.faults.map(({ line, problem }) => ({ place: `${path}:${line}`, problem })))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      faults.push({ place: path, problem: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code}` })
    }
  }
  return { files, faults }
}

/** At most one path for `glance` and one for each name of the program, each from the first directory that has it. */
function findDefaults(
  { program, env }: SourceOptions,
  { home, extension }: { home: string; extension: string },
): string[] {
  if (program === undefined) return []
  const places = [join(home, '.glance'), home, '/etc/glance', '/etc']
  for (const snap of [env.SNAP_COMMON, env.SNAP]) if (snap) places.push(join(snap, 'etc/glance'))
  return ['glance', program].flat().flatMap((name) => {
    const found = places.map((place) => join(place, name + extension)).find((path) => existsSync(path))
    return found === undefined ? [] : [found]
  })
}

async function configFilesIn(dir: string): Promise<string[]> {
  const names = await readdir(dir)
  return names
    .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
    .sort()
    .map((name) => join(dir, name))
}
