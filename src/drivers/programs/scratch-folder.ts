import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'
import type { ScratchFile, ScratchSpace } from '../../ports/scratch.ts'
import { writeFully } from '../stores/write-fully.ts'

const readBytes = 512 * 1024

/** Scratch files in a folder that exists. @param name of the store that the folder is part of, for errors */
export function scratchFolder(folder: string, { name }: { name: string }): ScratchSpace {
  return {
    async create() {
      // It has a name for a moment only, one that looks like a write whose process died.
      const path = join(folder, `.glimpse-scratch.${randomBytes(6).toString('hex')}`)
      try {
        const file = await open(path, 'wx+', 0o600)
        await unlink(path).catch((error: NodeJS.ErrnoException) => {
          // Who looks for dead writes may have removed it.
          if (error.code !== 'ENOENT') throw error
        })
        return new NamelessFile(file, name)
      } catch (error) {
        throw translate(error, name)
      }
    },
  }
}

class NamelessFile implements ScratchFile {
  readonly #file: FileHandle
  readonly #name: string
  #writtenBytes = 0

  constructor(file: FileHandle, name: string) {
    this.#file = file
    this.#name = name
  }

  get fd(): number {
    return this.#file.fd
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      await writeFully(this.#file, chunk, this.#writtenBytes)
      this.#writtenBytes += chunk.length
    } catch (error) {
      throw translate(error, this.#name)
    }
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size
  }

  drain(): Readable {
    return this.#file.createReadStream({ start: 0, highWaterMark: readBytes })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

function translate(error: unknown, store: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return new GlimpseError('storage_full', { store }, { cause: error })
  if (code === undefined) return error
  return new GlimpseError('store_unavailable', { store, reason: code }, { cause: error })
}
