import type { Native } from './native.ts'
import { hasErrno, type Mark } from './protocol.ts'

const errno = { ENOENT: 2, ERANGE: 34 } as const
const marksAtOnce = 1000

/** The names of all images of a pool. */
export async function listImages(native: Native, pool: number): Promise<string[]> {
  for (let room = 64 * 1024; ; ) {
    const names = Buffer.alloc(room)
    const size = new BigUint64Array([BigInt(room)])
    try {
      await native.wait('rbd_list', [pool, names, size])
      return split(names)
    } catch (error) {
      if (hasErrno(error, errno.ENOENT)) return []
      if (!hasErrno(error, errno.ERANGE)) throw error
      room = Math.max(2 * room, Number(size[0]))
    }
  }
}

/** The metadata of a pool whose keys begin with `prefix`. */
export async function listMarks(native: Native, { pool, prefix }: { pool: number; prefix: string }): Promise<Mark[]> {
  const marks: Mark[] = []
  for (let after = prefix; ; ) {
    const page = await listPage(native, { pool, after })
    for (const mark of page) {
      if (!mark.mark.startsWith(prefix)) return marks
      marks.push(mark)
    }
    if (page.length < marksAtOnce) return marks
    after = page.at(-1)?.mark ?? after
  }
}

async function listPage(native: Native, { pool, after }: { pool: number; after: string }): Promise<Mark[]> {
  for (let room = 64 * 1024; ; room *= 2) {
    const [keys, values] = [Buffer.alloc(room), Buffer.alloc(room)]
    const [keyBytes, valueBytes] = [new BigUint64Array([BigInt(room)]), new BigUint64Array([BigInt(room)])]
    try {
      await native.wait('rbd_pool_metadata_list', [pool, after, marksAtOnce, keys, keyBytes, values, valueBytes])
    } catch (error) {
      if (hasErrno(error, errno.ENOENT)) return []
      if (hasErrno(error, errno.ERANGE)) continue
      throw error
    }
    const ids = split(values)
    return split(keys).map((mark, i) => ({ mark, imageId: ids[i] ?? '' }))
  }
}

/** Texts that end with a NUL each; the buffer behind them is zero. */
function split(buffer: Buffer): string[] {
  const texts: string[] = []
  for (let at = 0; at < buffer.length; ) {
    const end = buffer.indexOf(0, at)
    if (end <= at) break
    texts.push(buffer.toString('utf8', at, end))
    at = end + 1
  }
  return texts
}
