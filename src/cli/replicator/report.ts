import { printable } from '../format.ts'
import { reason } from '../http.ts'
import type { Image } from '../image/client.ts'

/** What can become of an image, in the order of the summary. */
const outcomes = ['copied', 'updated', 'different', 'missing', 'unchanged', 'left out', 'failed'] as const
export type Outcome = (typeof outcomes)[number]

/** Tells of the work, line by line, and counts what became of each image. */
export class Report {
  readonly #write: (text: string) => void
  readonly #verbose: boolean
  readonly #counts = new Map<Outcome, number>()

  /** `verbose`: tells of images that need nothing, too. */
  constructor(options: { write: (text: string) => void; verbose: boolean }) {
    this.#write = options.write
    this.#verbose = options.verbose
  }

  say(line: string): void {
    this.#write(`${printable(line)}\n`)
  }

  detail(line: string): void {
    if (this.#verbose) this.say(line)
  }

  count(outcome: Outcome): void {
    this.#counts.set(outcome, this.of(outcome) + 1)
  }

  /** Counts anew. */
  reset(): void {
    this.#counts.clear()
  }

  of(outcome: Outcome): number {
    return this.#counts.get(outcome) ?? 0
  }

  fail(image: string, error: unknown): void {
    this.say(`ERROR: ${image}: ${reason(error)}`)
    this.count('failed')
  }

  /** `12 copied, 3 unchanged, 1 failed`; empty if nothing was counted */
  summary(): string {
    const counted = outcomes.filter((outcome) => this.of(outcome) > 0)
    return counted.map((outcome) => `${this.of(outcome)} ${outcome}`).join(', ')
  }
}

/** `ID (name)` */
export function labelOf({ id, name }: Image): string {
  return `${id} (${name ?? '--unnamed--'})`
}
