import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CustomProperties } from '../http/schemas/image.ts'

const fileName = 'schema-image.json'
const shipped = join(import.meta.dirname, '../../etc', fileName)

/**
 * What `schema-image.json` adds to the schema of images: the file beside the configuration, else that of `/etc/glance`,
 * else the one that is shipped. It holds properties by name or, with a key `properties`, these there and in `required` the
 * names that every image must have.
 * @throws Error naming the file and what it should hold
 * @see glance `api/v2/images.py` `load_custom_properties`
 */
export async function readCustomProperties(configFiles: readonly string[]): Promise<CustomProperties> {
  const beside = configFiles.map((file) => join(dirname(file), fileName)).reverse()
  for (const path of [...beside, join('/etc/glance', fileName), shipped]) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw new Error(`${path} cannot be read: ${error.message}`, { cause: error })
    })
    if (text !== undefined) return parse(path, text)
  }
  return { properties: {}, required: [] }
}

function parse(path: string, text: string): CustomProperties {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (!isObject(value)) throw new Error(`${path} must hold an object of properties`)
  const extended = Object.hasOwn(value, 'properties')
  const properties: unknown = extended ? value.properties : value
  const required: unknown = extended ? (value.required ?? []) : []
  if (!isObject(properties)) throw new Error(`${path}: properties must be an object`)
  for (const [name, schema] of Object.entries(properties)) {
    if (!isObject(schema)) throw new Error(`${path}: ${name} must be a JSON schema`)
  }
  if (!Array.isArray(required) || required.some((name) => typeof name !== 'string')) {
    throw new Error(`${path}: required must be a list of names`)
  }
  return { properties: properties as CustomProperties['properties'], required }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
