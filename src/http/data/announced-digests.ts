import type { FastifyRequest } from 'fastify'
import { type ExpectedDigests, readExpectedDigests } from '../../domain/data/expected-digests.ts'
import { nodeHashName } from '../../domain/data/hash-names.ts'
import { GlimpseError } from '../../errors/error.ts'

/** Names of the registry of hash algorithms for HTTP digest fields that are not the runtime's own. */
const registered: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512', sha: 'sha1' }
const member = /^([a-z*][a-z0-9_.*-]*)=:([a-z0-9+/]*={0,2}):\s*(?:;.*)?$/i

/**
 * The digests that a request says its body has (`Content-Digest`, `Repr-Digest`). Algorithms that are not known here are
 * left out as long as another one is.
 * @throws bad_request for a header that cannot be read, or none of whose digests can be computed
 * @see RFC 9530
 */
export function announcedDigests({ headers }: Pick<FastifyRequest, 'headers'>): ExpectedDigests {
  const given = ['content-digest', 'repr-digest'].flatMap((name) => {
    const text = [headers[name] ?? []].flat().join(', ')
    return text.trim() === '' ? [] : text.split(',').map((part) => read(name, part))
  })
  const known = given.filter(({ algorithm }) => nodeHashName(algorithm) !== undefined)
  if (given.length > 0 && known.length === 0) {
    refuse(`None of these digests can be computed here: ${given.map(({ algorithm }) => algorithm).join(', ')}.`)
  }
  for (const { algorithm, digest } of known) {
    const isOther = known.some((other) => other.algorithm === algorithm && other.digest !== digest)
    if (isOther) refuse(`Content-Digest and Repr-Digest contradict each other about ${algorithm}.`)
  }
  return readExpectedDigests(Object.fromEntries(known.map(({ algorithm, digest }) => [algorithm, digest])))
}

function read(name: string, part: string): { algorithm: string; digest: string } {
  const [, key = '', value = ''] = member.exec(part.trim()) ?? []
  if (key === '') refuse(`The header ${name} must have the form of RFC 9530: sha-256=:base64:`)
  const algorithm = key.toLowerCase()
  return { algorithm: registered[algorithm] ?? algorithm, digest: Buffer.from(value, 'base64').toString('hex') }
}

function refuse(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}
