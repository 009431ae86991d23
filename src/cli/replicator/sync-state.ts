import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import type { Image } from '../image/client.ts'
import { settable } from './fields.ts'

const saveEveryMs = 10_000

interface SyncStateOptions {
  /** Undefined: nothing is kept over restarts. */
  readonly path: string | undefined
  readonly places: string
  readonly recheckMs: number
  readonly leftOut: ReadonlySet<string>
}

/** What an image looked like when it was the same in both services, and when that was, in milliseconds since 1970. */
type Known = readonly [print: string, at: number]

/** Remembers which images are the same in two services. */
export class SyncState {
  readonly #options: SyncStateOptions
  #known: Map<string, Known>
  readonly #seen = new Set<string>()
  #savedAt = performance.now()
  #isSaved = true

  private constructor(options: SyncStateOptions, known: Map<string, Known>) {
    this.#options = options
    this.#known = known
  }

  /** Begins anew with a file that is not there, is broken, or is about other services. */
  static async open(options: SyncStateOptions): Promise<SyncState> {
    return new SyncState(options, new Map(await readKnown(options)))
  }

  /** @returns whether the image was found the same lately, and is what it was then */
  see(image: Image): boolean {
    this.#seen.add(image.id)
    const [print, at] = this.#known.get(image.id) ?? []
    return print === this.#printOf(image) && Date.now() - (at ?? 0) < this.#options.recheckMs
  }

  /** The image is the same in both services now. */
  isSame(image: Image): void {
    this.#known.set(image.id, [this.#printOf(image), Date.now()])
    this.#isSaved = false
  }

  /** Forgets images that a whole round has not seen, and begins another. */
  forgetUnseen(): void {
    const before = this.#known.size
    this.#known = new Map([...this.#known].filter(([id]) => this.#seen.has(id)))
    if (this.#known.size !== before) this.#isSaved = false
    this.#seen.clear()
  }

  async saveSometimes(): Promise<void> {
    if (performance.now() - this.#savedAt >= saveEveryMs) await this.save()
  }

  /** Writes the file as a whole or not at all. */
  async save(): Promise<void> {
    const { path, places } = this.#options
    if (path === undefined || this.#isSaved) return
    this.#savedAt = performance.now()
    this.#isSaved = true
    const text = JSON.stringify({ version, places, images: Object.fromEntries(this.#known) })
    {
      await using file = await open(`${path}.part`, 'w')
      await file.writeFile(text)
      await file.sync()
    }
    await rename(`${path}.part`, path)
  }

  #printOf(image: Image): string {
    const { status, size, checksum, os_hash_value: digest } = image
    const text = JSON.stringify([settable(image, this.#options.leftOut), status, size, checksum, digest])
    return createHash('sha256').update(text).digest('base64url')
  }
}

const version = 1

async function readKnown({ path, places }: SyncStateOptions): Promise<[string, Known][]> {
  if (path === undefined) return []
  try {
    const state = JSON.parse(await readFile(path, 'utf8')) as {
      version?: number
      places?: string
      images?: Record<string, Known>
    }
    return state.version === version && state.places === places ? Object.entries(state.images ?? {}) : []
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
