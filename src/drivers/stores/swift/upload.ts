import type { SwiftClient } from './client.ts'
import type { ObjectPlace } from './location.ts'
import type { Budget } from './segment.ts'

/** Data on its way to Swift. */
export interface Upload {
  /** Names of the segments that Swift may hold. */
  readonly segments: readonly string[]
  /** Takes the chunk over; resolves when there is room for more. @throws what Swift refused an earlier one with */
  write(chunk: Buffer): Promise<void>
  /** Sends the rest, and makes the object visible. May be called again after a failure. */
  finish(): Promise<void>
  /** Breaks off; nothing is on its way afterwards. */
  stop(): Promise<void>
}

export interface UploadOptions {
  readonly client: SwiftClient
  readonly storeId: string
  readonly place: ObjectPlace
  /** Null: unknown. */
  readonly sizeBytes: number | null
  readonly segmentBytes: number
  /** Names of segments are this and their number. */
  readonly segmentPrefix: string
  /** For the object that stands for the image. */
  readonly objectHeaders: Readonly<Record<string, string>>
  readonly budget: Budget
  /** Segments are kept in files there until Swift has them; null: they are not. */
  readonly bufferDirectory: string | null
  readonly signal: AbortSignal
}
