import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from '../peers/processes.ts'

/** Data to be imported, as a file. */
export interface Content {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly diskFormat: 'raw' | 'qcow2'
  /** Of what lies in the stores in the end: of the raw data, where a qcow2 image is converted. */
  readonly storedDigest: string
}

const mebibyte = 2 ** 20

/**
 * Makes files of all sizes between the two, five of raw data; with `converted` the smaller ones as qcow2 images too, which
 * the service makes raw.
 */
export async function makeContents(
  directory: string,
  { leastMib, mostMib, converted }: { leastMib: number; mostMib: number; converted: boolean },
): Promise<Content[]> {
  const contents: Content[] = []
  for (let i = 0; i < 5; i++) {
    const sizeBytes = Math.round(leastMib + ((mostMib - leastMib) * i) / 4) * mebibyte
    const path = join(directory, `raw-${i}`)
    await writeNoise(path, sizeBytes)
    const storedDigest = await digestOf(path)
    contents.push({ name: `raw-${i}`, path, sizeBytes, diskFormat: 'raw', storedDigest })
    if (converted && i < 3) contents.push(await asQcow2(path, { name: `qcow2-${i}`, directory, storedDigest }))
  }
  return contents
}

/** Every mebibyte is another one, so that none can stand for another. */
async function writeNoise(path: string, sizeBytes: number): Promise<void> {
  const piece = randomFillSync(Buffer.alloc(mebibyte))
  const file = await open(path, 'w')
  for (let at = 0; at < sizeBytes; at += mebibyte) {
    piece.writeUInt32LE(at / mebibyte)
    await file.write(piece)
  }
  await file.close()
}

async function asQcow2(
  rawPath: string,
  { name, directory, storedDigest }: { name: string; directory: string; storedDigest: string },
): Promise<Content> {
  const path = join(directory, name)
  await run(['/usr/bin/qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', rawPath, path], { timeoutMs: 120_000 })
  return { name, path, sizeBytes: (await stat(path)).size, diskFormat: 'qcow2', storedDigest }
}

/** SHA-512 of a file. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(path, { highWaterMark: mebibyte }), hash)
  return hash.digest('hex')
}
