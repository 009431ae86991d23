import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'
import type { DigestPool } from './digest-pool.ts'
import { nodeHashName } from './hash-names.ts'

/** Digests that data must have, in lower-case hexadecimal, by the names of node:crypto. */
export type ExpectedDigests = Readonly<Record<string, string>>

/** Each costs a pass of a hashing thread. */
const mostDigests = 4

/**
 * Reads what a caller expects: digests in hexadecimal by their algorithm, in hashlib's or node's words.
 * @throws bad_request for an algorithm that cannot be computed here, and for a value that is none of its digests
 */
export function readExpectedDigests(given: Readonly<Record<string, unknown>>): ExpectedDigests {
  const entries = Object.entries(given)
  if (entries.length > mostDigests) refuse(`At most ${mostDigests} digests can be expected of one image.`)
  return Object.fromEntries(
    entries.map(([algorithm, value]) => {
      const name = nodeHashName(algorithm)
      if (name === undefined) refuse(`The digest ${algorithm} cannot be computed here.`)
      if (typeof value !== 'string' || !isDigest(name, value)) {
        refuse(`The ${algorithm} given is no such digest in hexadecimal.`)
      }
      return [name, value.toLowerCase()]
    }),
  )
}

/** Whether `value` is hexadecimal and as long as digests of `algorithm`, a name of node:crypto, are. */
export function isDigest(algorithm: string, value: string): boolean {
  return /^([0-9a-f]{2})+$/i.test(value) && value.length === createHash(algorithm).digest().length * 2
}

/** `algorithms`, and those that are expected beside them, each once. */
export function withExpected(algorithms: readonly string[], expected: ExpectedDigests): readonly string[] {
  return [...new Set([...algorithms, ...Object.keys(expected)])]
}

/** @param digests in the order of `algorithms`. @throws digest_mismatch if one is not as expected */
export function requireExpected(
  expected: ExpectedDigests,
  { algorithms, digests }: { algorithms: readonly string[]; digests: readonly string[] },
): void {
  for (const [algorithm, wanted] of Object.entries(expected)) {
    const found = digests[algorithms.indexOf(algorithm)] ?? 'unknown'
    if (found !== wanted) throw new GlimpseError('digest_mismatch', { algorithm, expected: wanted, found })
  }
}

export interface VerifiedBody {
  /** Fails with digest_mismatch at its end if the data is not what was expected. */
  readonly body: Readable
  /** @throws digest_mismatch unless `body` was read to its end and is what was expected */
  requireVerified(): void
}

/** Passes `body` on while it is hashed: for data that is changed on its way to where it is hashed again. */
export function verified(
  body: Readable,
  { expected, digests }: { expected: ExpectedDigests; digests: DigestPool },
): VerifiedBody {
  let isVerified = false
  const onVerified = () => {
    isVerified = true
  }
  const out = Readable.from(hashing(body, { expected, digests, onVerified }), { objectMode: false })
  // A generator that was never asked for anything ends nothing.
  out.once('close', () => body.destroy())
  return {
    body: out,
    requireVerified() {
      if (!isVerified) requireExpected(expected, { algorithms: [], digests: [] })
    },
  }
}

async function* hashing(
  body: Readable,
  { expected, digests: pool, onVerified }: { expected: ExpectedDigests; digests: DigestPool; onVerified: () => void },
): AsyncGenerator<Buffer, void> {
  const algorithms = Object.keys(expected)
  const stream = pool.open(algorithms)
  let isFinished = false
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      for (let rest: Uint8Array = chunk; rest.length > 0; ) {
        const taken = stream.append(rest)
        stream.local.consume(taken)
        rest = rest.subarray(taken)
        if (rest.length > 0) await stream.room(undefined)
      }
      yield chunk
    }
    const digests = await stream.finish()
    isFinished = true
    requireExpected(expected, { algorithms, digests })
    onVerified()
  } finally {
    if (!isFinished) await stream.cancel()
  }
}

function refuse(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}
