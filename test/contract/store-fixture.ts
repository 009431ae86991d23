import type { TestContext } from 'node:test'
import { GlimpseError } from '../../src/errors/error.ts'
import type { BlobStore, BlobWriter, WrittenBlob } from '../../src/ports/blob-store.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

export type WritableStore = BlobStore & Required<Pick<BlobStore, 'create' | 'delete'>>

/** A store that can be written to, and how many things (files, objects, parts) it holds now. */
export interface StoreUnderTest {
  readonly store: WritableStore
  countThings(): Promise<number>
}

/** How to open the store, and what sets it apart from others. */
export interface StoreFixture {
  /** Opens an empty store for one test. */
  readonly open: (t: TestContext) => Promise<StoreUnderTest>
  /** Data is split into pieces of this size (parts, segments, objects): the suite writes around its borders. 64 KiB by default. */
  readonly partBytes?: number
  /** Zeros of this length are written and read at the end; only where they cost next to nothing. */
  readonly sparseBytes?: number
  /** False where the place of the blobs cannot be listed. */
  readonly lists?: false
  /** Keys beside those of images that the store takes. */
  readonly oddKeys?: readonly string[]
  /** It has `clear`. */
  readonly clears?: true
  /** The same store with credentials that its server refuses. Opening it may fail too. */
  readonly openDenied?: (t: TestContext) => Promise<WritableStore>
  /** The store with a proxy between it and its server. */
  readonly openBehindProxy?: (t: TestContext) => Promise<StoreUnderTest & { readonly proxy: TcpProxy }>
}

export const hasErrorCode =
  (...codes: readonly string[]) =>
  (error: unknown) =>
    error instanceof GlimpseError && codes.includes(error.code)

/** Writes the chunks to the end of the blob's life as a write. */
export async function put(writer: BlobWriter, chunks: readonly Uint8Array[]): Promise<WrittenBlob> {
  for (const chunk of chunks) await writer.write(chunk)
  const written = await writer.commit()
  await writer.settle()
  return written
}

/** The data in pieces whose size divides nothing. */
export function pieces(data: Buffer, pieceBytes = 262_139): Buffer[] {
  const count = Math.ceil(data.length / pieceBytes)
  return Array.from({ length: count }, (_, i) => data.subarray(i * pieceBytes, (i + 1) * pieceBytes))
}
