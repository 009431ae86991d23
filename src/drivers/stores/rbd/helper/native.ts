import koffi from 'koffi'
import { CephError } from './protocol.ts'

/** Result and parameters: i int, u 64 bits unsigned, z 64 bits signed, p address, b buffer, s text, v nothing. */
const librados = {
  rados_create: 'i b s',
  rados_conf_read_file: 'i p s',
  rados_conf_set: 'i p s s',
  rados_conf_get: 'i p s b u',
  rados_connect: 'i p',
  rados_shutdown: 'v p',
  rados_cluster_fsid: 'i p b u',
  rados_ioctx_create: 'i p s b',
  rados_stat: 'i p s b b',
  rados_lock_exclusive: 'i p s s s s b i',
  rados_unlock: 'i p s s s',
} as const
const librbd = {
  rbd_create2: 'i p s u u b',
  rbd_open: 'i p s b s',
  rbd_open_read_only: 'i p s b s',
  rbd_close: 'i p',
  rbd_get_size: 'i p b',
  rbd_get_id: 'i p b u',
  rbd_resize: 'i p u',
  rbd_flush: 'i p',
  rbd_rename: 'i p s s',
  rbd_remove: 'i p s',
  rbd_trash_move: 'i p s u',
  rbd_snap_create: 'i p s',
  rbd_snap_protect: 'i p s',
  rbd_snap_unprotect: 'i p s',
  rbd_snap_remove: 'i p s',
  rbd_list: 'i p b b',
  rbd_pool_metadata_set: 'i p s s',
  rbd_pool_metadata_remove: 'i p s',
  rbd_pool_metadata_list: 'i p s u b b b b',
  rbd_watchers_list: 'i p b b',
  rbd_watchers_list_cleanup: 'v b u',
  rbd_set_image_notification: 'i p i i',
  rbd_poll_io_events: 'i p b i',
  rbd_aio_create_completion: 'i p p b',
  rbd_aio_write: 'i p u u p p',
  rbd_aio_read: 'i p u u p p',
  rbd_aio_get_return_value: 'z p',
  rbd_aio_release: 'v p',
} as const
const libc = {
  memfd_create: 'i s i',
  ftruncate64: 'i i z',
  mmap64: 'p p u i i i z',
  fallocate64: 'i i i z z',
  pipe2: 'i b i',
} as const

export type CallName = keyof typeof librados | keyof typeof librbd | keyof typeof libc
export type NativeArgument = number | string | null | NodeJS.ArrayBufferView

const types: Readonly<Record<string, string>> = {
  i: 'int',
  u: 'uint64_t',
  z: 'int64_t',
  p: 'uintptr_t',
  b: 'void *',
  s: 'const char *',
  v: 'void',
}

type Functions = Record<CallName, ReturnType<ReturnType<typeof koffi.load>['func']>>

/** The C libraries. A result below zero is thrown as `CephError`. */
export class Native {
  readonly #functions: Functions

  /** @throws if a library cannot be loaded */
  constructor() {
    this.#functions = {
      ...bind('librados.so.2', librados),
      ...bind('librbd.so.1', librbd),
      ...bind(null, libc),
    } as Functions
  }

  /** Calls in this thread: only what never waits. */
  call(name: CallName, args: readonly NativeArgument[]): number {
    return check(name, this.#functions[name](...args))
  }

  /** Calls in a thread of the pool. The arguments stay alive until it is done. */
  wait(name: CallName, args: readonly NativeArgument[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#functions[name].async(...args, (error: unknown, result: number | bigint | undefined) => {
        try {
          if (error) throw error
          resolve(check(name, result, args))
        } catch (failure) {
          reject(failure)
        }
      })
    })
  }
}

function bind(library: string | null, prototypes: Readonly<Record<string, string>>) {
  const handle = koffi.load(library)
  return Object.fromEntries(
    Object.entries(prototypes).map(([name, prototype]) => {
      const [result = 'v', ...parameters] = prototype.split(' ').map((letter) => types[letter] ?? 'void')
      return [name, handle.func(name, result, parameters)]
    }),
  )
}

function check(name: CallName, result: number | bigint | undefined, _kept?: readonly NativeArgument[]): number {
  const value = Number(result ?? 0)
  if (value >= 0) return value
  // The C library keeps the number elsewhere; Ceph returns it.
  throw new CephError(name, name in libc ? koffi.errno() : -value)
}

/** Room for an address that a call fills in. */
export class Out {
  readonly buffer = new BigUint64Array(1)

  get value(): number {
    return Number(this.buffer[0])
  }
}

/** The text before the first NUL. */
export function textOf(buffer: Buffer): string {
  const end = buffer.indexOf(0)
  return buffer.toString('utf8', 0, end < 0 ? buffer.length : end)
}
