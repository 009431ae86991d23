/** Calls of the C library that send files. */
export interface Libc {
  /**
   * sendfile(2) with an offset of its own; -errno on failure.
   * @see sendfile(2)
   */
  sendfile(socketFd: number, fileFd: number, offset: number, count: number): number
  /** Starts reading a stretch of a file into the page cache, without waiting. @see posix_fadvise(2) POSIX_FADV_WILLNEED */
  readAhead(fd: number, offset: number, length: number): void
}

/** `EAGAIN` of Linux. */
export const eagain = 11
const adviceWillNeed = 3

/** The calls, or undefined where they cannot be made: no native binding for the platform, or another system than Linux. */
export async function loadLibc(): Promise<Libc | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    const sendfile = library.func('int64 sendfile64(int out, int in, int64 *offset, size_t count)')
    const fadvise = library.func('int posix_fadvise64(int fd, int64 offset, int64 length, int advice)')
    const position = new BigInt64Array(1)
    return {
      sendfile(socketFd, fileFd, offset, count) {
        position[0] = BigInt(offset)
        const sent = Number(sendfile(socketFd, fileFd, position, count))
        return sent >= 0 ? sent : -koffi.errno()
      },
      readAhead: (fd, offset, length) => void fadvise(fd, offset, length, adviceWillNeed),
    }
  } catch {
    return undefined
  }
}
