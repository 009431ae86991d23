import { getHashes } from 'node:crypto'

/** Names that differ between Python's hashlib, whose names Glance keeps, and node:crypto. */
const differing: Readonly<Record<string, string>> = {
  sha3_224: 'sha3-224',
  sha3_256: 'sha3-256',
  sha3_384: 'sha3-384',
  sha3_512: 'sha3-512',
  sha512_224: 'sha512-224',
  sha512_256: 'sha512-256',
  blake2b: 'blake2b512',
  blake2s: 'blake2s256',
}

/** The name in node:crypto of a hash that Glance calls `name`; undefined if there is none. */
export function nodeHashName(name: string): string | undefined {
  const candidate = differing[name.toLowerCase()] ?? name.toLowerCase()
  return getHashes().includes(candidate) && !candidate.startsWith('shake') ? candidate : undefined
}
