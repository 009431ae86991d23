export interface CircuitBreakerOptions {
  /** So many failures in a row open it. */
  readonly failures: number
  /** How long nothing is tried; doubles with each further failure. */
  readonly restMs: number
  readonly longestRestMs: number
  readonly now?: () => number
  readonly onChange?: (isOpen: boolean) => void
}

/**
 * Spares a server that keeps failing, and its callers the wait. While open, it lets one call through after each rest; a
 * success closes it.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  #restMs = 0
  #restUntil = 0

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.failures
  }

  /** True if a call may be made now. While open, whoever gets it makes the trial for all. */
  admit(): boolean {
    if (!this.isOpen) return true
    if (this.#now() < this.#restUntil) return false
    this.#restUntil = this.#now() + this.#restMs
    return true
  }

  succeeded(): void {
    const wasOpen = this.isOpen
    this.#failures = 0
    this.#restMs = 0
    if (wasOpen) this.#options.onChange?.(false)
  }

  failed(): void {
    const wasOpen = this.isOpen
    this.#failures += 1
    if (!this.isOpen) return
    const { restMs, longestRestMs } = this.#options
    this.#restMs = Math.min(longestRestMs, this.#restMs === 0 ? restMs : this.#restMs * 2)
    this.#restUntil = this.#now() + this.#restMs
    if (!wasOpen) this.#options.onChange?.(true)
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now()
  }
}
