import { Cluster } from './cluster.ts'
import { SharedMemory } from './memory.ts'
import { Native, Out } from './native.ts'
import { OpenImage } from './open-image.ts'
import { listImages, listMarks } from './pool-lists.ts'
import { withPoolLock } from './pool-lock.ts'
import {
  type Argument,
  CephError,
  type Discarded,
  type FinishedWrite,
  type HelperOperations,
  type HelperSetup,
  hasErrno,
  type Result,
  type Transfer,
} from './protocol.ts'

const errno = { ENOENT: 2, EBUSY: 16, EEXIST: 17, EINVAL: 22, ENOTEMPTY: 39 } as const

/** The operations of the helper, on one cluster. @see glance_store `_drivers/rbd.py` */
export class Operations implements HelperOperations {
  readonly memory: SharedMemory
  readonly #native = new Native()
  readonly #cluster: Cluster
  readonly #images = new Map<number, OpenImage>()
  #nextHandle = 1

  /** @throws if a C library is missing */
  constructor(setup: HelperSetup) {
    this.memory = new SharedMemory(this.#native)
    this.#cluster = new Cluster(this.#native, setup)
  }

  fsid(): Promise<string> {
    return this.#cluster.fsid()
  }

  async create({ pool, name, sizeBytes, order, forName }: Argument<'create'>): Promise<number> {
    const context = await this.#cluster.pool(pool)
    if (await this.#exists(context, forName)) throw new CephError('rbd_create', errno.EEXIST)
    const features = await this.#cluster.features()
    const orderBuffer = new Int32Array([order])
    await this.#native.wait('rbd_create2', [context, name, sizeBytes, features, orderBuffer])
    return this.#keep(await this.#open(context, { name, snapshot: null, readOnly: false }))
  }

  async write(transfer: Transfer): Promise<void> {
    await this.#image(transfer.handle).transfer('rbd_aio_write', this.#addressed(transfer))
  }

  read(transfer: Transfer): Promise<number> {
    return this.#image(transfer.handle).transfer('rbd_aio_read', this.#addressed(transfer))
  }

  async resize({ handle, sizeBytes }: Argument<'resize'>): Promise<void> {
    await this.#image(handle).wait('rbd_resize', sizeBytes)
  }

  async commit({ handle, sizeBytes, to, snapshot, mark }: FinishedWrite): Promise<string> {
    const image = this.#image(handle)
    await image.wait('rbd_flush')
    if ((await image.size()) !== sizeBytes) await image.wait('rbd_resize', sizeBytes)
    await image.wait('rbd_snap_create', snapshot)
    await image.wait('rbd_snap_protect', snapshot)
    const id = await image.id()
    await this.#native.wait('rbd_pool_metadata_set', [image.pool, mark, id])
    await withPoolLock(this.#native, image.pool, async () => {
      if (await this.#exists(image.pool, to)) throw new CephError('rbd_rename', errno.EEXIST)
      await this.#native.wait('rbd_rename', [image.pool, image.name, to])
    })
    return id
  }

  async settle({ handle, mark }: Argument<'settle'>): Promise<void> {
    const { pool } = this.#image(handle)
    await this.#removeMark(pool, mark)
    await this.close({ handle })
  }

  async discard(discarded: Discarded): Promise<void> {
    const { name, handle, imageId, snapshot, mark } = discarded
    const context = await this.#cluster.pool(discarded.pool)
    const image = handle === null ? await this.#openIfThere(context, name) : this.#take(handle)
    if (image !== undefined) {
      const isOurs = imageId === null || (await image.id()) === imageId
      try {
        if (isOurs) await removeSnapshot(image, snapshot)
      } finally {
        await image.close()
      }
      if (isOurs) await this.#removeIfThere(context, name)
    } else if (imageId === null) {
      // An image of which only some parts were made cannot be opened.
      await this.#removeIfThere(context, name)
    }
    await this.#removeMark(context, mark)
  }

  async open({ pool, name, snapshot }: Argument<'open'>): Promise<Result<'open'>> {
    const context = await this.#cluster.pool(pool)
    const image = await this.#open(context, { name, snapshot, readOnly: true })
    try {
      return { sizeBytes: await image.size(), handle: this.#keep(image) }
    } catch (error) {
      await image.close()
      throw error
    }
  }

  async close({ handle }: Argument<'close'>): Promise<void> {
    await this.#take(handle).close()
  }

  /** An image that others write to is refused as a whole: it would lose its snapshot and stay. */
  async remove({ pool, name, snapshot }: Argument<'remove'>): Promise<void> {
    const context = await this.#cluster.pool(pool)
    const image = await this.#open(context, { name, snapshot: null, readOnly: false })
    try {
      if ((await image.writers()) > 1) throw new CephError('rbd_remove', errno.EBUSY)
      if (snapshot !== null) await removeSnapshot(image, snapshot)
    } finally {
      await image.close()
    }
    try {
      await this.#native.wait('rbd_remove', [context, name])
    } catch (error) {
      if (!hasErrno(error, errno.ENOTEMPTY)) throw error
      await this.#native.wait('rbd_trash_move', [context, name, 0])
    }
  }

  async unfinished({ pool, prefix }: Argument<'unfinished'>): Promise<Result<'unfinished'>> {
    const context = await this.#cluster.pool(pool)
    const images = await listImages(this.#native, context)
    const marks = await listMarks(this.#native, { pool: context, prefix })
    return { images: images.filter((name) => name.startsWith(prefix)), marks }
  }

  async claim({ pool, name, imageId }: Argument<'claim'>): Promise<Result<'claim'>> {
    const context = await this.#cluster.pool(pool)
    const image = await this.#openIfThere(context, name)
    if (image === undefined) return 'gone'
    const isAnother = imageId !== null && (await image.id()) !== imageId
    const isFree = (await image.writers()) === 1
    if (isFree && !isAnother) return this.#keep(image)
    await image.close()
    return isAnother ? 'gone' : 'busy'
  }

  async removeMark({ pool, mark }: Argument<'removeMark'>): Promise<void> {
    await this.#removeMark(await this.#cluster.pool(pool), mark)
  }

  release(memory: Argument<'release'>): Promise<void> {
    return this.memory.release(memory)
  }

  /** Closes all images, so that others see at once that nobody writes to them, and the connection. */
  async shutDown(): Promise<void> {
    await Promise.allSettled([...this.#images.values()].map((image) => image.close()))
    await this.#cluster.close()
  }

  #keep(image: OpenImage): number {
    const handle = this.#nextHandle++
    this.#images.set(handle, image)
    return handle
  }

  #image(handle: number): OpenImage {
    const image = this.#images.get(handle)
    if (image === undefined) throw new CephError(`no image is open as ${handle}`, 0)
    return image
  }

  #take(handle: number): OpenImage {
    const image = this.#image(handle)
    this.#images.delete(handle)
    return image
  }

  #addressed({ offset, memoryOffset, length }: Transfer) {
    return { offset, length, address: this.memory.addressOf({ memoryOffset, length }) }
  }

  #open(pool: number, options: { name: string; snapshot: string | null; readOnly: boolean }): Promise<OpenImage> {
    return OpenImage.open(this.#native, { pool, ...options })
  }

  async #openIfThere(pool: number, name: string): Promise<OpenImage | undefined> {
    try {
      return await this.#open(pool, { name, snapshot: null, readOnly: false })
    } catch (error) {
      if (hasErrno(error, errno.ENOENT)) return undefined
      throw error
    }
  }

  /** One look at the object that ties the name to an image. */
  async #exists(pool: number, name: string): Promise<boolean> {
    try {
      await this.#native.wait('rados_stat', [pool, `rbd_id.${name}`, new Out().buffer, new Out().buffer])
      return true
    } catch (error) {
      if (hasErrno(error, errno.ENOENT)) return false
      throw error
    }
  }

  async #removeIfThere(pool: number, name: string): Promise<void> {
    await unless(this.#native.wait('rbd_remove', [pool, name]), errno.ENOENT)
  }

  async #removeMark(pool: number, mark: string): Promise<void> {
    await unless(this.#native.wait('rbd_pool_metadata_remove', [pool, mark]), errno.ENOENT)
  }
}

/** A snapshot that is missing, or was unprotected before, is as good as removed. */
async function removeSnapshot(image: OpenImage, snapshot: string): Promise<void> {
  await unless(image.wait('rbd_snap_unprotect', snapshot), errno.EINVAL, errno.ENOENT)
  await unless(image.wait('rbd_snap_remove', snapshot), errno.ENOENT)
}

/** Waits for a call that may also fail in these ways. */
async function unless(call: Promise<unknown>, ...numbers: readonly number[]): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!hasErrno(error, ...numbers)) throw error
  }
}
