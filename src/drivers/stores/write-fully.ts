import type { FileHandle } from 'node:fs/promises'

/** Writes all bytes at `position`; a disk that runs full may take a part of them first. @throws what the system says */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}
