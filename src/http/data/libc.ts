/** Calls of the C library that move image data without a detour through buffers of Node. */
export interface Libc {
  /**
   * sendfile(2) with an offset of its own; -errno on failure.
   * @see sendfile(2)
   */
  sendfile(socketFd: number, fileFd: number, offset: number, count: number): number
  /** recv(2) without waiting; 0 when the peer has closed, -errno on failure. @see recv(2) MSG_DONTWAIT */
  receive(socketFd: number, target: Uint8Array): number
  /** Lets a socket count as readable only when that many bytes have come, or the last one. @see socket(7) SO_RCVLOWAT */
  wakeAt(socketFd: number, bytes: number): void
  /** Starts reading a stretch of a file into the page cache, without waiting. @see posix_fadvise(2) POSIX_FADV_WILLNEED */
  readAhead(fd: number, offset: number, length: number): void
}

/** `EAGAIN` of Linux. */
export const eagain = 11
const adviceWillNeed = 3
const messageDontWait = 0x40
const socketLevel = 1
const receiveLowWater = 18

/** The calls, or undefined where they cannot be made: no native binding for the platform, or another system than Linux. */
export async function loadLibc(): Promise<Libc | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    const sendfile = library.func('int64 sendfile64(int out, int in, int64 *offset, size_t count)')
    const recv = library.func('int64 recv(int fd, void *buffer, size_t length, int flags)')
    const setsockopt = library.func('int setsockopt(int fd, int level, int name, const int *value, uint32 size)')
    const fadvise = library.func('int posix_fadvise64(int fd, int64 offset, int64 length, int advice)')
    const position = new BigInt64Array(1)
    return {
      sendfile(socketFd, fileFd, offset, count) {
        position[0] = BigInt(offset)
        const sent = Number(sendfile(socketFd, fileFd, position, count))
        return sent >= 0 ? sent : -koffi.errno()
      },
      receive(socketFd, target) {
        const received = Number(recv(socketFd, target, target.length, messageDontWait))
        return received >= 0 ? received : -koffi.errno()
      },
      wakeAt: (socketFd, bytes) => void setsockopt(socketFd, socketLevel, receiveLowWater, [bytes], 4),
      readAhead: (fd, offset, length) => void fadvise(fd, offset, length, adviceWillNeed),
    }
  } catch {
    return undefined
  }
}
