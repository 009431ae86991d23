import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

type Tree = { readonly [key: string]: unknown }

export interface CloudFiles {
  readonly cwd: string
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Reads the clouds of `clouds.yaml`, with what `secure.yaml` adds to them. Each is the first found of the file named by
 * OS_CLIENT_CONFIG_FILE or OS_CLIENT_SECURE_FILE, and those in the working directory, the user's and the machine's folder.
 * @see openstacksdk `config/loader.py`
 */
export async function readClouds(files: CloudFiles): Promise<ReadonlyMap<string, Tree>> {
  const clouds = await readFirst('clouds', { ...files, named: files.env.OS_CLIENT_CONFIG_FILE })
  const secrets = await readFirst('secure', { ...files, named: files.env.OS_CLIENT_SECURE_FILE })
  const merged = branch(merge(clouds, secrets), 'clouds')
  return new Map(Object.entries(merged).map(([name, cloud]) => [name, isTree(cloud) ? cloud : {}]))
}

/** Settings of one cloud on one level: those of `auth` beside the others; what is no plain value is left out. */
export function flattenCloud(cloud: Tree): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [key, value] of [...Object.entries(cloud), ...Object.entries(branch(cloud, 'auth'))]) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      flat[key.replaceAll('-', '_')] = String(value)
    }
  }
  return flat
}

async function readFirst(stem: string, options: CloudFiles & { named: string | undefined }): Promise<Tree> {
  const { cwd, home, env, named } = options
  const folders = [cwd, join(env.XDG_CONFIG_HOME || join(home, '.config'), 'openstack'), '/etc/openstack']
  const paths = folders.flatMap((folder) => ['yaml', 'yml', 'json'].map((ending) => join(folder, `${stem}.${ending}`)))
  for (const path of named ? [named, ...paths] : paths) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw new Error(`${path} cannot be read: ${error.message}`)
    })
    if (text !== undefined) return parseFile(path, text)
  }
  return {}
}

function parseFile(path: string, text: string): Tree {
  try {
    const tree: unknown = parse(text)
    return isTree(tree) ? tree : {}
  } catch (error) {
    // The parser quotes the faulty lines, which may hold a password: its first line names the place and is enough.
    const [first] = error instanceof Error ? error.message.split('\n') : []
    throw new Error(`${path} is no valid YAML: ${first}`)
  }
}

function merge(base: Tree, over: Tree): Tree {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const own = merged[key]
    merged[key] = isTree(own) && isTree(value) ? merge(own, value) : value
  }
  return merged
}

function branch(tree: Tree, key: string): Tree {
  const value = tree[key]
  return isTree(value) ? value : {}
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
