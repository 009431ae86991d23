import { amazon } from './amazon.ts'
import { Capture, Tail } from './capture.ts'
import { gpt } from './gpt.ts'
import { iso } from './iso.ts'
import { luks } from './luks.ts'
import { ova } from './ova.ts'
import { ploop } from './ploop.ts'
import type { Found } from './probe.ts'
import { qcow2 } from './qcow2.ts'
import { qed } from './qed.ts'
import { vdi } from './vdi.ts'
import { vhd } from './vhd.ts'
import { vhdx } from './vhdx.ts'
import { vmdk } from './vmdk.ts'

const probes = [qcow2, qed, vmdk, vhd, vhdx, vdi, iso, gpt, luks, ploop, ova, amazon]

export interface Report {
  readonly sizeBytes: number
  /** Every format that the data is of; none: raw data. */
  readonly found: readonly Found[]
}

/**
 * Finds out of which formats data is while it passes by once, chunk by chunk, in order. It keeps at most what the probes
 * ask for (1 MiB in the worst case, the entries of a GPT), and costs a comparison and a copy of 1.5 KiB for each chunk after that.
 */
export class Inspection {
  #captures = probes.map((probe) => new Capture(probe()))
  readonly #all = this.#captures
  readonly #tail = new Tail()
  #position = 0
  #nextAt = 0

  /** Never throws, whatever the data is. */
  eat(chunk: Uint8Array): void {
    this.#tail.eat(chunk)
    if (this.#nextAt < this.#position + chunk.length) {
      for (const capture of this.#captures) capture.eat(chunk, this.#position)
      this.#captures = this.#captures.filter(({ nextAt }) => nextAt < Number.POSITIVE_INFINITY)
      this.#nextAt = Math.min(...this.#captures.map(({ nextAt }) => nextAt))
    }
    this.#position += chunk.length
  }

  /** To be called once, after the last chunk. */
  finish(): Report {
    const end = { sizeBytes: this.#position, tail: this.#tail.bytes }
    const found = this.#all.map((capture) => capture.finish(end)).filter((one) => one !== null)
    return { sizeBytes: this.#position, found }
  }
}
