/** What progress is written to: a terminal gets a bar that is drawn anew, anything else a line every ten percent. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressOptions {
  /** What is done, for the beginning of the line. */
  readonly label: string
  /** Unknown when reading from a pipe. */
  readonly totalBytes?: number | undefined
  /** Bytes that were there before. */
  readonly startBytes?: number
  readonly output: ProgressOutput
  readonly now?: () => number
}

const redrawEveryMs = 100
const unknownTotalStepBytes = 256 * 2 ** 20

/** Shows how far a transfer is, with rate and time to go. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #now: () => number
  readonly #startedAt: number
  #doneBytes: number
  #drawnAt = Number.NEGATIVE_INFINITY
  #step: number

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#startedAt = this.#now()
    this.#doneBytes = options.startBytes ?? 0
    this.#step = this.#stepAt(this.#doneBytes)
  }

  /** Counts bytes and shows them when it is time. */
  add(bytes: number): void {
    this.#doneBytes += bytes
    if (this.#options.output.isTTY) this.#redraw()
    else this.#line()
  }

  /** Counts what passes through. */
  async *meter(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.add(chunk.length)
      yield chunk
    }
  }

  /** Draws the last state and leaves the line. */
  finish(): void {
    const { output } = this.#options
    if (!output.isTTY) return
    this.#drawnAt = Number.NEGATIVE_INFINITY
    this.#redraw()
    output.write('\n')
  }

  #redraw(): void {
    const now = this.#now()
    if (now - this.#drawnAt < redrawEveryMs) return
    this.#drawnAt = now
    const { output } = this.#options
    output.write(`\r\u001b[K${this.#text(Math.max(20, (output.columns || 80) - 1))}`)
  }

  #line(): void {
    const step = this.#stepAt(this.#doneBytes)
    if (step <= this.#step) return
    this.#step = step
    this.#options.output.write(`${this.#text(0)}\n`)
  }

  #stepAt(bytes: number): number {
    const { totalBytes } = this.#options
    if (!totalBytes) return Math.floor(bytes / unknownTotalStepBytes)
    return Math.floor((bytes / totalBytes) * 10)
  }

  #text(width: number): string {
    const seconds = (this.#now() - this.#startedAt) / 1000
    const movedBytes = this.#doneBytes - (this.#options.startBytes ?? 0)
    return renderProgress({
      label: this.#options.label,
      doneBytes: this.#doneBytes,
      totalBytes: this.#options.totalBytes,
      bytesPerSecond: seconds > 0 ? movedBytes / seconds : 0,
      width,
    })
  }
}

/** One line of progress; a bar fills what `width` leaves, if that is enough. */
export function renderProgress(state: {
  label: string
  doneBytes: number
  totalBytes: number | undefined
  bytesPerSecond: number
  width: number
}): string {
  const { label, doneBytes, totalBytes, bytesPerSecond, width } = state
  const rate = bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : ''
  if (!totalBytes) return [label, formatBytes(doneBytes), rate].filter(Boolean).join('  ')
  const part = Math.min(1, doneBytes / totalBytes)
  const left = bytesPerSecond > 0 && part < 1 ? `ETA ${formatDuration((totalBytes - doneBytes) / bytesPerSecond)}` : ''
  const percent = `${Math.floor(part * 100)}`.padStart(3)
  const figures = [`${percent} %`, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`, rate, left]
    .filter(Boolean)
    .join('  ')
  const room = Math.min(40, width - label.length - figures.length - 6)
  if (room < 8) return width > 0 ? `${label}  ${figures}`.slice(0, width) : `${label}  ${figures}`
  const filled = Math.floor(part * room)
  return `${label}  [${'#'.repeat(filled)}${'.'.repeat(room - filled)}]  ${figures}`
}

/** `1.5 GiB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `0:07`, `12:34`, `1:02:03` */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':')
}
