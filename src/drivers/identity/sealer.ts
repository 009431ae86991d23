import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** `memcache_security_strategy` */
export type SealStrategy = 'None' | 'MAC' | 'ENCRYPT'

/** Names and protects values that are kept where others can read or write. Each token has keys of its own. */
export interface Sealer {
  /** The key under which the value of the token is kept; the token cannot be found from it. */
  keyOf(token: string): string
  seal(token: string, value: string): string
  /** Undefined if the value was not sealed with this secret for this token. */
  open(token: string, sealed: string): string | undefined
}

const prefix = 'glimpse/tokens/'
const ivLength = 12
const tagLength = 16

/** @see keystonemiddleware `auth_token/_memcache_crypt.py` for the idea; the format is our own */
export function createSealer(strategy: SealStrategy, secret: string): Sealer {
  if (strategy === 'None') {
    return {
      keyOf: (token) => prefix + createHash('sha256').update(token).digest('hex'),
      seal: (_, value) => value,
      open: (_, sealed) => sealed,
    }
  }
  if (secret === '') throw new TypeError('a sealer needs a secret')
  const keyFor = (token: string, use: string) =>
    createHmac('sha256', secret).update(`${strategy} ${use} ${token}`).digest()
  const keyOf = (token: string) => prefix + keyFor(token, 'name').toString('hex')
  if (strategy === 'MAC') {
    const mac = (token: string, value: string) => createHmac('sha256', keyFor(token, 'mac')).update(value).digest()
    return {
      keyOf,
      seal: (token, value) => mac(token, value).toString('base64') + value,
      open(token, sealed) {
        const given = Buffer.from(sealed.slice(0, 44), 'base64')
        const value = sealed.slice(44)
        const wanted = mac(token, value)
        return given.length === wanted.length && timingSafeEqual(given, wanted) ? value : undefined
      },
    }
  }
  return {
    keyOf,
    seal(token, value) {
      const iv = randomBytes(ivLength)
      const cipher = createCipheriv('aes-256-gcm', keyFor(token, 'cipher'), iv)
      const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), data]).toString('base64')
    },
    open(token, sealed) {
      try {
        const bytes = Buffer.from(sealed, 'base64')
        const decipher = createDecipheriv('aes-256-gcm', keyFor(token, 'cipher'), bytes.subarray(0, ivLength))
        decipher.setAuthTag(bytes.subarray(ivLength, ivLength + tagLength))
        return Buffer.concat([decipher.update(bytes.subarray(ivLength + tagLength)), decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}
