import { shownUrl } from '../../domain/locations/shown-url.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import { quote, timestamp } from './json-text.ts'

/** How images are shown under one configuration. */
export interface ImageViewConfig {
  readonly showMultipleLocations: boolean
  readonly showDirectUrl: boolean
  /** Images tell the ids of their stores. */
  readonly multiStore: boolean
  /** False for custom properties that the schema hides. */
  readonly shows: (property: string) => boolean
  /** True for custom properties that `schema-image.json` names: only they may be null. */
  readonly names: (property: string) => boolean
}

/** Bookkeeping of workers among themselves. */
const hiddenProperties: ReadonlySet<string> = new Set(['os_glance_stage_host', 'os_glance_hash_op_host'])

function propertiesJson(image: Image, config: ImageViewConfig): string {
  let json = ''
  const { properties } = image
  for (const name of Object.keys(properties)) {
    const value = properties[name] ?? null
    if (hiddenProperties.has(name) || !config.shows(name)) continue
    json += `${quote(name)}:${value === null && !config.names(name) ? '""' : quote(value)},`
  }
  return json
}

/** Locations as they are shown: without secrets. */
export function locationList(locations: readonly ImageLocation[]): Pick<ImageLocation, 'url' | 'metadata'>[] {
  return locations.map(({ url, metadata }) => ({ url: shownUrl(url), metadata }))
}

function locationsJson(locations: readonly ImageLocation[], config: ImageViewConfig): string {
  let json = ''
  if (config.showMultipleLocations) {
    json += `"locations":${JSON.stringify(locationList(locations))},`
  }
  const first = locations[0]
  if (config.showDirectUrl && first) json += `"direct_url":${quote(shownUrl(first.url))},`
  return json
}

function storesJson(locations: readonly ImageLocation[]): string {
  const stores: unknown[] = []
  for (const { metadata } of locations) if (metadata.store) stores.push(metadata.store)
  return stores.length > 0 ? `,"stores":${quote(stores.join(','))}` : ''
}

/**
 * The JSON of an image, built by hand because lists of hundreds are made of it. Keys stand in the reference's order:
 * custom properties first.
 * @see glance `api/v2/images.py` `ResponseSerializer._format_image`
 */
export function imageJson(image: Image, config: ImageViewConfig): string {
  const { id, locations } = image
  return `{${propertiesJson(image, config)}"name":${quote(image.name)},"disk_format":${quote(
    image.diskFormat,
  )},"container_format":${quote(image.containerFormat)},"visibility":"${image.visibility}","size":${
    image.sizeBytes
  },"virtual_size":${image.virtualSizeBytes},"status":"${image.status}","checksum":${quote(
    image.checksum,
  )},"protected":${image.protected},"min_ram":${image.minRamMib},"min_disk":${image.minDiskGib},"owner":${quote(
    image.owner,
  )},"os_hidden":${image.osHidden},"os_hash_algo":${quote(image.osHashAlgo)},"os_hash_value":${quote(
    image.osHashValue,
  )},"id":"${id}","created_at":"${timestamp(image.createdAt)}","updated_at":"${timestamp(
    image.updatedAt,
  )}",${locationsJson(locations, config)}"tags":[${image.tags.map(quote).join()}],"self":"/v2/images/${id}","file":"/v2/images/${id}/file","schema":"/v2/schemas/image"${
    config.multiStore ? storesJson(locations) : ''
  }}`
}
