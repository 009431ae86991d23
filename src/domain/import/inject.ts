import type { Image } from '../../ports/image.ts'
import { countProperties, requireProperty, requireQuota } from '../images/limits.ts'
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

/**
 * Whether the image may get `properties` that an import brings. @param options `most`: `image_property_quota`
 * @throws quota_exceeded, bad_request for a property that cannot be stored
 */
export function requireRoom(
  image: Image,
  { properties, most }: { properties: Readonly<Record<string, string>>; most: number },
): void {
  const names = new Set(Object.keys(image.properties))
  const fresh = Object.entries(properties).filter(([name]) => !names.has(name))
  for (const [name, value] of Object.entries(properties)) requireProperty(name, value)
  if (fresh.length === 0) return
  requireQuota({ properties: most }, { properties: countProperties([...names, ...fresh.map(([name]) => name)]) })
}
