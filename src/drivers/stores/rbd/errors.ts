import { getSystemErrorName } from 'node:util'
import { GlimpseError } from '../../../errors/error.ts'
import { CephError } from './helper/protocol.ts'

const errno = {
  EPERM: 1,
  ENOENT: 2,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENOSPC: 28,
  ENOTEMPTY: 39,
  EDQUOT: 122,
} as const

/** Turns an error of librbd or librados into one of the catalogue; others pass through. */
export function translateCephError(error: unknown, options: { storeId: string; key: string }): unknown {
  if (!(error instanceof CephError)) return error
  const { storeId: store, key } = options
  const unavailable = () => {
    const name = error.errno > 0 ? getSystemErrorName(-error.errno) : error.call
    const reason = error.errno > 0 ? `${error.call} answers ${name}` : name
    return new GlimpseError('store_unavailable', { store, reason }, { cause: error })
  }
  // A user, keyring or pool that is missing, not an image.
  if (!error.call.startsWith('rbd_')) return unavailable()
  switch (error.errno) {
    case errno.ENOENT:
      return new GlimpseError('blob_not_found', { store }, { cause: error })
    case errno.EEXIST:
      return new GlimpseError('blob_exists', { key }, { cause: error })
    case errno.EBUSY:
    case errno.ENOTEMPTY:
      return new GlimpseError('blob_in_use', { key }, { cause: error })
    case errno.ENOSPC:
    case errno.EDQUOT:
      return new GlimpseError('storage_full', { store }, { cause: error })
    case errno.EPERM:
    case errno.EACCES:
      return new GlimpseError('storage_write_denied', { store }, { cause: error })
    default:
      return unavailable()
  }
}
