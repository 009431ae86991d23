import { writeFile } from 'node:fs/promises'
import type { KeystonePeer } from './keystone.ts'

/** Options by section; an undefined value leaves the option out, a list repeats it. */
export type Sections = Readonly<
  Record<string, Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>>
>

/** Writes an INI file that services read with `--config-file`. It may hold passwords: nobody else can read it. */
export async function writeConfigFile(path: string, sections: Sections): Promise<string> {
  await writeFile(path, renderConfig(sections), { mode: 0o600 })
  return path
}

export function renderConfig(sections: Sections): string {
  return Object.entries(sections)
    .map(([section, options]) => {
      const lines = Object.entries(options).flatMap(([name, value]) => {
        if (value === undefined) return []
        return (Array.isArray(value) ? value : [value]).map((one) => `${name} = ${one}`)
      })
      return `[${section}]\n${lines.join('\n')}\n`
    })
    .join('\n')
}

/** Lays sections over each other, option by option; later ones win. */
export function mergeSections(...all: readonly Sections[]): Sections {
  const merged: Record<string, Sections[string]> = {}
  for (const sections of all) {
    for (const [section, options] of Object.entries(sections)) merged[section] = { ...merged[section], ...options }
  }
  return merged
}

/** `[keystone_authtoken]` and the flavor, as today's installation guide writes them. */
export function keystoneSections(keystone: KeystonePeer, memcached?: { host: string; port: number }): Sections {
  return {
    paste_deploy: { flavor: 'keystone' },
    keystone_authtoken: {
      www_authenticate_uri: keystone.publicUrl,
      auth_url: keystone.publicUrl,
      memcached_servers: memcached && `${memcached.host}:${memcached.port}`,
      auth_type: 'password',
      project_domain_name: 'Default',
      user_domain_name: 'Default',
      project_name: keystone.service.project,
      username: keystone.service.username,
      password: keystone.service.password,
    },
  }
}

/** One file store with the id `file1` in that folder. */
export function fileStoreSections(directory: string): Sections {
  return {
    DEFAULT: { enabled_backends: 'file1:file' },
    glance_store: { default_backend: 'file1' },
    file1: { filesystem_store_datadir: directory },
  }
}
