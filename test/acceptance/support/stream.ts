import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Deployment } from './deployment.ts'
import type { Persona } from './personas.ts'

/** Hash and length of what passes: `sha256` in hex, `sizeBytes`. */
export interface Digest {
  readonly sha256: string
  readonly sizeBytes: number
}

/** Reads to the end without keeping anything. */
export async function digest(source: AsyncIterable<Buffer>): Promise<Digest> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of source) {
    sizeBytes += chunk.length
    hash.update(chunk)
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}

export function digestFile(path: string): Promise<Digest> {
  return digest(createReadStream(path, { highWaterMark: 1024 * 1024 }))
}

/** Uploads a file of any size and gives the answer's status. */
export async function uploadFile(
  deployment: Deployment,
  persona: Persona,
  { id, path }: { id: string; path: string },
): Promise<number> {
  const { size } = await stat(path)
  const request = open(deployment, persona, { method: 'PUT', id, headers: { 'content-length': String(size) } })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), request)
  const response = await answer
  response.resume()
  return response.statusCode ?? 0
}

/** Downloads an image and gives its digest. @throws unless the answer is 200 */
export async function downloadDigest(deployment: Deployment, persona: Persona, id: string): Promise<Digest> {
  const request = open(deployment, persona, { method: 'GET', id, headers: {} })
  request.end()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  if (response.statusCode !== 200) throw new Error(`download gives ${response.statusCode}`)
  return digest(response)
}

/** A request for an image's data that the caller writes and ends. */
export function open(
  deployment: Deployment,
  persona: Persona,
  { method, id, headers }: { method: 'GET' | 'PUT'; id: string; headers: Record<string, string> },
) {
  return httpRequest(`${deployment.service.url}/v2/images/${id}/file`, {
    method,
    agent: false,
    headers: {
      ...(persona.token !== undefined && { 'x-auth-token': persona.token }),
      ...(method === 'PUT' && { 'content-type': 'application/octet-stream' }),
      ...headers,
    },
  })
}
