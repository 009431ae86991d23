import { readFile } from 'node:fs/promises'
import { GlimpseError } from '../../errors/error.ts'

/**
 * Certificates in PEM that a store's server is checked with. `option` is the option that named the file.
 * @throws store_misconfigured if the file cannot be read
 */
export async function readCaCertificates(
  path: string,
  { option, store }: { option: string; store: string },
): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new GlimpseError('store_misconfigured', { store, reason: `${option} ${path} cannot be read` }, { cause })
  }
}
