import type { RingMemory } from './ring.ts'

/** Words of a thread's doorbell. */
export const doorbellWords = { rings: 0, posted: 1 } as const

export interface ThreadSetup {
  readonly doorbell: Int32Array
  /** Added to the process's own; lets the event loop go first when all cores are busy. */
  readonly niceness: number
}

/** Hash what passes through a ring, as its reader number `reader`. */
export interface ThreadTask {
  readonly id: number
  readonly algorithm: string
  readonly memory: RingMemory
  readonly reader: number
}

/** The one answer to a task. */
export type ThreadReply =
  | { readonly id: number; readonly digest: string }
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly cancelled: true }
