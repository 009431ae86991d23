/** What the helper process is started with. */
export interface HelperSetup {
  /** Empty: where librados looks by itself. */
  readonly confPath: string
  /** Without `client.`; null: `admin`. */
  readonly user: string | null
  /** 0 or less: what Ceph's configuration says, with an upper limit. */
  readonly timeoutSeconds: number
}

export interface ImageName {
  readonly pool: string
  readonly name: string
}

/** A stretch of an open image and of the shared memory, `memoryOffset` bytes from its begin. */
export interface Transfer {
  readonly handle: number
  readonly offset: number
  readonly memoryOffset: number
  readonly length: number
}

/** A write that is committed and not settled, as written down in its pool. */
export interface Mark {
  readonly mark: string
  /** RBD's internal id of the image: its name may belong to another one by now. */
  readonly imageId: string
}

export interface FinishedWrite {
  readonly handle: number
  readonly sizeBytes: number
  readonly to: string
  readonly snapshot: string
  readonly mark: string
}

/** What is to be removed: the image that is open as `handle`, or else the one of that name, if it has that id. */
export interface Discarded extends ImageName {
  readonly handle: number | null
  readonly imageId: string | null
  readonly snapshot: string
  readonly mark: string
}

/** What the helper does. Each rejects with a `CephError`. Handles are of images that it holds open. */
export interface HelperOperations {
  /** The cluster's id. */
  fsid(nothing: null): Promise<string>
  /** Makes an image and opens it for writing, unless `forName` exists. */
  create(image: ImageName & { sizeBytes: number; order: number; forName: string }): Promise<number>
  write(transfer: Transfer): Promise<void>
  resize(change: { handle: number; sizeBytes: number }): Promise<void>
  /** Gives the image its size, a protected snapshot, a mark and its final name; returns its id. */
  commit(write: FinishedWrite): Promise<string>
  /** Removes the mark and closes the image. */
  settle(write: { handle: number; mark: string }): Promise<void>
  discard(image: Discarded): Promise<void>
  open(image: ImageName & { snapshot: string | null }): Promise<{ handle: number; sizeBytes: number }>
  /** Returns how many bytes were read. */
  read(transfer: Transfer): Promise<number>
  close(image: { handle: number }): Promise<void>
  /** Deletes an image with that snapshot, or moves it to the trash when other snapshots are left. */
  remove(image: ImageName & { snapshot: string | null }): Promise<void>
  /** Names of images that begin with `prefix`, and all marks that do. */
  unfinished(search: { pool: string; prefix: string }): Promise<{ images: string[]; marks: Mark[] }>
  /** Opens an image for writing if nobody else has it open so. */
  claim(image: ImageName & { imageId: string | null }): Promise<number | 'busy' | 'gone'>
  removeMark(mark: { pool: string; mark: string }): Promise<void>
  /** Gives the memory back to the system. */
  release(memory: { memoryOffset: number; length: number }): Promise<void>
}

export type OperationName = keyof HelperOperations
export type Argument<N extends OperationName> = Parameters<HelperOperations[N]>[0]
export type Result<N extends OperationName> = Awaited<ReturnType<HelperOperations[N]>>

export interface HelperRequest<N extends OperationName = OperationName> {
  readonly id: number
  readonly name: N
  readonly argument: Argument<N>
}

/** The first message tells the descriptor of the shared memory. */
export type HelperReply =
  | { readonly memoryFd: number }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: { readonly call: string; readonly errno: number } }

/** A failed call of librbd or librados, or another failure of the helper with `errno` 0 and its words as `call`. */
export class CephError extends Error {
  override readonly name = 'CephError'
  readonly call: string
  readonly errno: number

  constructor(call: string, errno: number) {
    super(errno > 0 ? `${call} failed with errno ${errno}` : call)
    this.call = call
    this.errno = errno
  }
}

/** True if the call failed in one of these ways. */
export function hasErrno(error: unknown, ...numbers: readonly number[]): boolean {
  return error instanceof CephError && numbers.includes(error.errno)
}
