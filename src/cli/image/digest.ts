import { createHash, getHashes, type Hash } from 'node:crypto'
import type { Image } from './client.ts'

/** Checks data against what the service says of it, by the best algorithm that both know. */
export interface Digest {
  update(chunk: Buffer): void
  /** @throws if the data is not that of the image. */
  verify(): void
}

/** Python's names where OpenSSL has others. */
const renamed: Readonly<Record<string, string>> = { blake2b: 'blake2b512', blake2s: 'blake2s256' }

/** Undefined if the service gives no digest of the image that can be computed here. */
export function openDigest(image: Image): Digest | undefined {
  const { os_hash_algo: algorithm, os_hash_value: value, checksum } = image
  const name = algorithm ? (renamed[algorithm] ?? algorithm.replaceAll('_', '-')) : ''
  if (value && getHashes().includes(name)) return digest(createHash(name), { expected: value, name, id: image.id })
  return checksum ? digest(createHash('md5'), { expected: checksum, name: 'md5', id: image.id }) : undefined
}

function digest(hash: Hash, { expected, name, id }: { expected: string; name: string; id: string }): Digest {
  return {
    update: (chunk) => {
      hash.update(chunk)
    },
    verify: () => {
      const found = hash.digest('hex')
      if (found !== expected.toLowerCase()) {
        throw new Error(`The data of image ${id} came damaged: its ${name} is ${found}, not ${expected}.`)
      }
    },
  }
}
