import { GlimpseError } from '../../errors/error.ts'

/** Greatest value of the integer columns. */
const maximumInteger = 2_147_483_647
/** Bytes that a text column holds. */
const maximumTextBytes = 65_535

/** Properties of this name space are the service's own. */
export const reservedNamespace = 'os_glance'

/** How many of each an image may have; negative: any number. */
export interface Quotas {
  readonly properties: number
  readonly tags: number
  readonly members: number
  readonly locations: number
}

/** A quota that is absent does not limit. @throws quota_exceeded if any of the numbers in `attempts` is above its quota */
export function requireQuota(quotas: Partial<Quotas>, attempts: Partial<Quotas>): void {
  for (const [what, attempted] of Object.entries(attempts)) {
    const maximum = quotas[what as keyof Quotas] ?? -1
    if (maximum >= 0 && attempted > maximum) throw new GlimpseError('quota_exceeded', { what, attempted, maximum })
  }
}

/** Number of properties that count: the service's own do not. */
export function countProperties(names: Iterable<string>): number {
  let count = 0
  for (const name of names) if (!name.startsWith(reservedNamespace)) count += 1
  return count
}

/** @throws bad_request for a size that cannot be stored. @see glance `domain/__init__.py`, `_validate_db_int` */
export function requireSize(name: 'min_disk' | 'min_ram', value: number): void {
  if (value < 0) {
    throw new GlimpseError('bad_request', {
      reason: `Invalid value '${value}' for parameter '${name}': Cannot be a negative value`,
    })
  }
  if (value > maximumInteger) {
    throw new GlimpseError('bad_request', {
      reason: `'${name}' value out of range, must not exceed ${maximumInteger}.`,
    })
  }
}

/**
 * The tables hold the basic plane of Unicode only.
 * @throws bad_request naming `what` if `text` holds a character beyond it
 * @see glance `common/utils.py` `no_4byte_params`
 */
export function requireBasicPlane(text: string, what: string): void {
  if (/[\ud800-\udfff]/.test(text)) {
    throw new GlimpseError('bad_request', { reason: `${what} can't contain 4 byte unicode characters.` })
  }
}

/** @throws bad_request for a property that cannot be stored */
export function requireProperty(name: string, value: string | null): void {
  if (name.length > 255) {
    throw new GlimpseError('bad_request', { reason: 'Custom property should not be greater than 255 characters.' })
  }
  requireBasicPlane(name, 'Property names')
  if (value === null) return
  requireBasicPlane(value, name)
  if (Buffer.byteLength(value) > maximumTextBytes) {
    throw new GlimpseError('bad_request', {
      reason: `The value of property ${name} exceeds ${maximumTextBytes} bytes.`,
    })
  }
}
