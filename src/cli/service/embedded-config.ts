import { mkdir, writeFile } from 'node:fs/promises'
import type { Places } from './places.ts'

/**
 * Makes the folders and the configuration of the embedded service, unless the user has one there already.
 * @returns whether it made the configuration: the service is new
 */
export async function prepareEmbedded(places: Places): Promise<boolean> {
  await mkdir(places.imagesDir, { recursive: true, mode: 0o700 })
  await mkdir(places.configDir, { recursive: true, mode: 0o700 })
  try {
    await writeFile(places.configFile, embeddedConfig(places), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/** A dollar sign begins a reference in this language. */
function embeddedConfig({ databaseFile, imagesDir, stagingDir }: Places): string {
  const value = (path: string) => path.replaceAll('$', '$$$$')
  return `# The service that 'glimpse up' starts. Made once, then yours to change; docs/configuration.md has all options.

[DEFAULT]
bind_host = 127.0.0.1
bind_port = 9292
workers = 1
node_staging_uri = file://${value(stagingDir)}

[database]
connection = sqlite:///${value(databaseFile)}

[glance_store]
filesystem_store_datadir = ${value(imagesDir)}

[paste_deploy]
# No Keystone: whoever can connect is admin.
flavor =
`
}
