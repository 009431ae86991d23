import { GlimpseError } from '../../../errors/error.ts'
import type { SwiftClient } from './client.ts'
import type { ObjectPlace } from './location.ts'
import { type Budget, Segment } from './segment.ts'

/** Takes the data of an object. */
export interface PutBody {
  /** Takes the chunk over, and counts it in the budget while it waits in memory. */
  append(chunk: Buffer): void
  end(): void
  /** Breaks off. */
  destroy(): void
}

export interface PutOptions {
  readonly place: ObjectPlace
  readonly storeId: string
  readonly headers: Readonly<Record<string, string>>
  readonly budget: Budget
  readonly signal: AbortSignal
  readonly onFailure: (error: unknown) => void
}

/** An object that is being sent while its data arrives. */
export interface RunningPut {
  readonly body: PutBody
  /** Settles with the request, never rejects. */
  readonly ended: Promise<void>
}

/**
 * Starts to send an object. When Swift does not take it, `onFailure` is called with the error and whoever waits for the
 * budget goes on.
 */
export function startPut(client: SwiftClient, options: PutOptions): RunningPut {
  const { place, storeId, headers, budget, signal, onFailure } = options
  const body = new Segment(budget)
  const send = async (): Promise<void> => {
    try {
      const { status } = await client.putObject(place, { body, headers, signal })
      requireStored(status, { place, storeId })
    } catch (error) {
      onFailure(error)
    } finally {
      body.destroy()
      budget.wake()
    }
  }
  return { body, ended: send() }
}

/** @throws blob_exists, store_unavailable */
export function requireStored(status: number, { place, storeId }: { place: ObjectPlace; storeId: string }): void {
  if (status === 412) throw new GlimpseError('blob_exists', { key: place.object })
  if (status === 404) throw containerMissing(storeId, place.container)
}

export function containerMissing(store: string, container: string): GlimpseError {
  const reason = `there is no container ${container}, and swift_store_create_container_on_put is not set`
  return new GlimpseError('store_unavailable', { store, reason })
}
