import { GlimpseError } from '../../../errors/error.ts'

/** Turns an error of the file system into one of the catalogue; others pass through. */
export function translateFileError(error: unknown, options: { storeId: string; key: string }): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const store = options.storeId
  switch (code) {
    case undefined:
      return error
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new GlimpseError('storage_full', { store }, { cause: error })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new GlimpseError('storage_write_denied', { store }, { cause: error })
    case 'EEXIST':
      return new GlimpseError('blob_exists', { key: options.key }, { cause: error })
    case 'ENOENT':
      return new GlimpseError('blob_not_found', { store }, { cause: error })
    case 'EBUSY':
    case 'ETXTBSY':
      return new GlimpseError('blob_in_use', { key: options.key }, { cause: error })
    default:
      return new GlimpseError('store_unavailable', { store, reason: code }, { cause: error })
  }
}
