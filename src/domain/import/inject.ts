import { isReserved } from '../images/reserved.ts'
import type { InjectConfig } from './options.ts'

/**
 * Properties that an image gets because somebody with those roles imports it; those of the service's own are left out.
 * @param config undefined: the plugin is not enabled
 * @see glance `async_/flows/plugins/inject_image_metadata.py`
 */
export function injectedProperties(
  config: InjectConfig | undefined,
  roles: readonly string[],
): Readonly<Record<string, string>> {
  if (!config || roles.some((role) => config.ignore_user_roles.includes(role))) return {}
  return Object.fromEntries(Object.entries(config.inject).filter(([name]) => !isReserved(name)))
}
