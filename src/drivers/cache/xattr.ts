/** Extended attributes of files, in the namespace of users. */
export interface ExtendedAttributes {
  /** @returns undefined if there is none */
  get(path: string, name: string): string | undefined
  /** @returns 0, or the number of the error */
  set(path: string, name: string, value: string): number
}

const longestValue = 256

/** The calls, or undefined where they cannot be made. @see xattr(7) */
export async function loadExtendedAttributes(): Promise<ExtendedAttributes | undefined> {
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    const getxattr = library.func('int64 getxattr(const char *path, const char *name, void *value, size_t size)')
    const setxattr = library.func(
      'int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
    )
    const buffer = Buffer.alloc(longestValue)
    return {
      get(path, name) {
        const length = Number(getxattr(path, `user.${name}`, buffer, buffer.length))
        return length < 0 ? undefined : buffer.toString('utf8', 0, length)
      },
      set(path, name, value) {
        const bytes = Buffer.from(value)
        return setxattr(path, `user.${name}`, bytes, bytes.length, 0) === 0 ? 0 : koffi.errno()
      },
    }
  } catch {
    return undefined
  }
}
