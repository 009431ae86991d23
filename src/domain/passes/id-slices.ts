import type { IdRange } from '../../ports/image-walk.ts'

/** 4096 slices; more would only cost. */
const longestPrefix = 3

interface SliceSize {
  /** About so many ids are in one slice. */
  readonly perSlice: number
}

/** First digits of UUIDs, in ascending order, so many that `count` ids fall into slices of the size wanted. */
export function idPrefixes(count: number, { perSlice }: SliceSize): string[] {
  let length = 0
  while (length < longestPrefix && count > perSlice * 16 ** length) length += 1
  return Array.from({ length: 16 ** length }, (_, i) => (length === 0 ? '' : i.toString(16).padStart(length, '0')))
}

/** Cuts all ids into stretches along those prefixes. Together they hold every text: odd ids are in one of them too. */
export function idSlices(count: number, size: SliceSize): IdRange[] {
  const starts = idPrefixes(count, size)
  return starts.map((start, i) => ({ from: i === 0 ? '' : start, to: starts[i + 1] ?? null }))
}
