import type { Native } from './native.ts'
import { CephError } from './protocol.ts'

const protection = { readWrite: 3 } as const
const mapping = { shared: 0x01, noReserve: 0x4000 } as const
const punchHole = 0x03

/** Addresses, not memory: only what was touched takes any. */
const sizeBytes = 2 ** 36

/** Memory that another process can open as `/proc/PID/fd/FD`, for data on its way from and to images. */
export class SharedMemory {
  readonly fd: number
  readonly #native: Native
  readonly #base: number

  constructor(native: Native) {
    this.#native = native
    this.fd = native.call('memfd_create', ['glimpse-rbd', 1])
    native.call('ftruncate64', [this.fd, sizeBytes])
    const flags = mapping.shared | mapping.noReserve
    this.#base = native.call('mmap64', [0, sizeBytes, protection.readWrite, flags, this.fd, 0])
    // What cannot be mapped has the address -1.
    if (this.#base > Number.MAX_SAFE_INTEGER) throw new CephError('the shared memory cannot be mapped', 0)
  }

  /** The address of a stretch. @throws RangeError if it is not all inside */
  addressOf({ memoryOffset, length }: { memoryOffset: number; length: number }): number {
    if (memoryOffset < 0 || length < 0 || memoryOffset + length > sizeBytes)
      throw new RangeError('outside of the memory')
    return this.#base + memoryOffset
  }

  async release({ memoryOffset, length }: { memoryOffset: number; length: number }): Promise<void> {
    await this.#native.wait('fallocate64', [this.fd, punchHole, memoryOffset, length])
  }
}
