import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { JsonSchema } from '../http/schemas/image-properties.ts'

const fileName = 'schema-image.json'
const shipped = join(import.meta.dirname, '../../etc', fileName)

/**
 * The properties that `schema-image.json` adds to the schema of images: the file beside the configuration, else that of
 * `/etc/glance`, else the one that is shipped.
 * @throws Error naming the file, if it is no JSON object
 */
export async function readCustomProperties(configFiles: readonly string[]): Promise<Record<string, JsonSchema>> {
  const beside = configFiles.map((file) => join(dirname(file), fileName)).reverse()
  for (const path of [...beside, join('/etc/glance', fileName), shipped]) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw new Error(`${path} cannot be read: ${error.message}`, { cause: error })
    })
    if (text !== undefined) return parse(path, text)
  }
  return {}
}

function parse(path: string, text: string): Record<string, JsonSchema> {
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, JsonSchema>
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`, { cause: error })
  }
  throw new Error(`${path} must hold an object of properties`)
}
