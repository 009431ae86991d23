import { existsSync } from 'node:fs'
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DefinitionFault, parseDefinitions, renderDefinitions } from '../domain/metadefs/definition-file.ts'
import { metadefFileOptions } from '../domain/metadefs/options.ts'
import { repositoriesOver } from '../drivers/db/open.ts'
import { GlimpseError } from '../errors/error.ts'
import type { MetadefLoadMode, MetadefNamespace, MetadefRepository } from '../ports/metadefs.ts'
import { CommandFailure, type CommandSpec, progress } from './manage-commands.ts'

const ownCatalogue = resolve(import.meta.dirname, '../../etc/metadefs')

const loadOptions = [
  ['--path <path>', 'file, or directory of *.json files, to load'],
  ['--merge', 'add to namespaces that exist what they lack, instead of skipping them'],
  ['--prefer_new', 'with --merge: let the files win over what is in the database'],
  ['--overwrite', 'with --merge: remove such namespaces first, with all that is in them'],
] as const

/** The commands of `glance-manage db` for metadata definitions. @see glance `db/sqlalchemy/metadata.py` */
export const metadefCommands: Readonly<Record<string, CommandSpec>> = {
  load_metadefs: {
    summary: 'Load metadata definitions from files, each as a whole or not at all',
    options: loadOptions,
    positional: ['path', 'merge', 'prefer_new', 'overwrite'],
    async run({ database, metadataSourcePath }, options) {
      return load(repositoriesOver(database).metadefs, {
        path: options.path || defaultSource(metadataSourcePath),
        mode: modeOf(options),
      })
    },
  },
  unload_metadefs: {
    summary: 'Remove all metadata definitions',
    async run({ database }) {
      await repositoriesOver(database).metadefs.clear()
      progress('All metadata definitions are removed.')
      return 0
    },
  },
  export_metadefs: {
    summary: 'Write metadata definitions to files, one for each namespace',
    options: [['--path <path>', 'directory to write to']],
    positional: ['path'],
    async run({ database, metadataSourcePath }, { path }) {
      await exportTo(path || metadataSourcePath, repositoriesOver(database).metadefs)
      return 0
    },
  },
}

function defaultSource(configured: string): string {
  const isDefault = configured === metadefFileOptions.metadata_source_path.default
  return isDefault && !existsSync(configured) ? ownCatalogue : configured
}

function modeOf({ merge, prefer_new: preferNew, overwrite }: Record<string, string | undefined>): MetadefLoadMode {
  if (!merge && (preferNew || overwrite)) throw new CommandFailure('--prefer_new and --overwrite need --merge.')
  if (preferNew && overwrite) throw new CommandFailure('Give one of --prefer_new and --overwrite, not both.')
  if (overwrite) return 'overwrite'
  if (preferNew) return 'prefer_new'
  return merge ? 'merge' : 'skip'
}

/** @returns the exit code: 1 if a file could not be loaded; the others are */
async function load(
  metadefs: MetadefRepository,
  { path, mode }: { path: string; mode: MetadefLoadMode },
): Promise<number> {
  const counts = { loaded: 0, skipped: 0, failed: 0 }
  for (const file of await filesOf(path)) {
    try {
      const loaded = parseDefinitions(await readFile(file, 'utf8'))
      const done = await metadefs.load(loaded, mode)
      counts[done ? 'loaded' : 'skipped'] += 1
      if (!done) progress(`${file}: skipped, ${loaded.namespace.name} exists; --merge adds to it`)
    } catch (error) {
      if (!(error instanceof DefinitionFault || error instanceof GlimpseError || isFileError(error))) throw error
      counts.failed += 1
      progress(`${file}: ${error.message}`)
    }
  }
  progress(`${counts.loaded} namespaces loaded, ${counts.skipped} skipped, ${counts.failed} failed.`)
  return counts.failed === 0 ? 0 : 1
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).isFile()) return [path]
    const files = (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.name.endsWith('.json') && !entry.isDirectory())
      .map((entry) => join(path, entry.name))
    if (files.length > 0) return files.sort()
  } catch (error) {
    if (!isFileError(error)) throw error
    throw new CommandFailure(`${path} cannot be read: ${error.message}`)
  }
  throw new CommandFailure(`${path} holds no *.json file.`)
}

async function exportTo(directory: string, metadefs: MetadefRepository): Promise<void> {
  const namespaces = await metadefs.listNamespaces({ sortKey: 'id', direction: 'asc' })
  const names = new Set<string>()
  for (const namespace of namespaces) {
    const file = join(directory, fileName(namespace, names))
    const text = renderDefinitions(namespace, await metadefs.contents(namespace.id))
    try {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    } catch (error) {
      if (!isFileError(error)) throw error
      throw new CommandFailure(`${file} cannot be written: ${error.message}`)
    }
    progress(`${namespace.name}: ${file}`)
  }
  progress(`${namespaces.length} namespaces exported.`)
}

/** From the display name, as Glance names its files; from the namespace's own where that is taken or empty. */
function fileName({ name, displayName }: MetadefNamespace, taken: Set<string>): string {
  const word = (text: string) => text.replace(/[^\p{L}\p{N}]+/gu, '')
  const choices = [word(displayName ?? ''), word(name), encodeURIComponent(name)]
  const chosen = choices.find((it) => it !== '' && !taken.has(it.toLowerCase())) as string
  taken.add(chosen.toLowerCase())
  return `${chosen}.json`
}
