import { basename, dirname } from 'node:path'
import type { CloudFiles } from '../clouds.ts'
import { openEndpoint } from '../session.ts'
import { resolveSettings } from '../settings.ts'

/** Commands to type after `up`, as they work in this shell, whatever its variables and clouds.yaml say. */
export async function nextCommands(options: CloudFiles & { url: string; data: string | undefined }): Promise<string[]> {
  const { url, data, env } = options
  const glimpse = commandName(env)
  const dataFlag = data === undefined ? '' : ` --data ${quote(data)}`
  return [
    ...((await leadsTo(url, options)) ? [] : [`export OS_AUTH_TYPE=none OS_ENDPOINT=${url}`]),
    `${glimpse} image create --name first --file FILE`,
    `${glimpse} image list`,
    `openstack --os-auth-type none --os-endpoint ${url} image list`,
    `${glimpse} down${dataFlag}`,
  ]
}

/** True if the client, as things are, would talk to that service. */
async function leadsTo(url: string, files: CloudFiles): Promise<boolean> {
  const settings = await resolveSettings({ ...files, flags: {} }).catch(() => undefined)
  if (settings?.authType !== 'none') return false
  return openEndpoint(settings) === url
}

/** How the user has called us: by name if that folder is in PATH, else by path. */
function commandName(env: CloudFiles['env']): string {
  const path = env.GLIMPSE_COMMAND
  if (!path) return 'glimpse'
  return env.PATH?.split(':').includes(dirname(path)) ? basename(path) : quote(path)
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
