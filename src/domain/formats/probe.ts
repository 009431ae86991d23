/** Formats that data can be recognised as. @see oslo.utils `imageutils/format_inspector.py` */
export type FormatName =
  | 'qcow2'
  | 'qed'
  | 'vmdk'
  | 'vhd'
  | 'vhdx'
  | 'vdi'
  | 'iso'
  | 'gpt'
  | 'luks'
  | 'ploop'
  | 'ova'
  | 'ami'
  | 'ari'
  | 'aki'

/**
 * How bad something in the data is.
 * - `foreign`: it makes whoever opens the image open another file
 * - `unsafe`: Glance refuses it as well
 * - `odd`: it contradicts the format or itself
 */
export type Severity = 'foreign' | 'unsafe' | 'odd'

export interface Flaw {
  readonly severity: Severity
  /** Name of the check, as `gpt_safety_checks_nonfatal` has it. */
  readonly check: string
  /** What is wrong, as the rest of a sentence about the image: `it has a backing file`. */
  readonly reason: string
}

/** Data that is of a format. */
export interface Found {
  readonly format: FormatName
  /** The kind within the format, in the format's own words. */
  readonly subformat?: string
  /** Bytes the guest sees; null where the format does not tell. */
  readonly virtualSizeBytes: number | null
  readonly flaws: readonly Flaw[]
}

/** What a probe waits for: bytes at a place, or the end of the data. */
export type Wanted = { readonly at: bigint; readonly length: number } | 'end'

export interface DataEnd {
  readonly sizeBytes: number
  /** The last bytes, `tailBytes` of them if there are as many. */
  readonly tail: Buffer
}

export const tailBytes = 1536

/**
 * Looks at data that passes by once, for one format. It runs up to what it wants next and goes on when that was there.
 * @returns null if the data is not of the format
 */
export type Probe = Generator<Wanted, Found | null, Buffer | DataEnd>

/**
 * The bytes at a place; fewer, down to none, where the data ends before or where they lie before the end of what was read
 * last: nothing is kept, so that the result never depends on how the data is cut.
 */
export function* read(at: number | bigint, length: number): Generator<Wanted, Buffer, Buffer | DataEnd> {
  return (yield { at: BigInt(at), length }) as Buffer
}

/** Waits for the end of the data. */
export function* end(): Generator<Wanted, DataEnd, Buffer | DataEnd> {
  return (yield 'end') as DataEnd
}

/** The size as a number; null for 0, and for what no column can hold. */
export function usableSize(bytes: bigint): number | null {
  return bytes > 0n && bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : null
}

/** The flaw of data that ends, or goes astray, before its header can be read. */
export const truncated: Flaw = { severity: 'unsafe', check: 'truncated', reason: 'it breaks off within its header' }

/** Whether `data` has `text`, in Latin-1, at `at`. */
export function has(data: Buffer, text: string, at = 0): boolean {
  return data.toString('latin1', at, at + text.length) === text
}

/** Collects flaws, each once: a call names one, if `isFlawed`. */
export class Flaws {
  readonly #found = new Map<string, Flaw>()

  get found(): Flaw[] {
    return [...this.#found.values()]
  }

  foreign(isFlawed: boolean, check: string, reason: string): void {
    this.#add('foreign', isFlawed, { check, reason })
  }

  unsafe(isFlawed: boolean, check: string, reason: string): void {
    this.#add('unsafe', isFlawed, { check, reason })
  }

  odd(isFlawed: boolean, check: string, reason: string): void {
    this.#add('odd', isFlawed, { check, reason })
  }

  #add(severity: Severity, isFlawed: boolean, text: { check: string; reason: string }): void {
    if (isFlawed) this.#found.set(`${severity} ${text.reason}`, { severity, ...text })
  }
}
