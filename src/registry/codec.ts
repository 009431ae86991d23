/*
 * JSON that loses nothing: what JSON has no word for travels as an object whose only keys are `$`, which names the kind, and
 * `v`. An object that has a key `$` itself is wrapped in the same way.
 */

type Plain = Readonly<Record<string, unknown>>

/**
 * The text of a value: of what JSON holds, dates, bigints, bytes, maps, sets, undefined and every number.
 * @throws TypeError for anything else, such as a function or an object of a class: a mistake of the caller
 */
export function encode(value: unknown): string {
  return JSON.stringify(wrapped(value))
}

/**
 * The value of a text of `encode`; bytes are a `Buffer`. Names of members are members whatever they are: `__proto__` too.
 * @throws SyntaxError for any other text
 */
export function decode(text: string): unknown {
  return unwrapped(JSON.parse(text))
}

function wrapped(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged('number', String(Object.is(value, -0) ? '-0' : value))
    case 'undefined':
      return tagged('undefined', 0)
    case 'bigint':
      return tagged('bigint', String(value))
    case 'object':
      return value === null ? null : wrappedObject(value)
    default:
      throw new TypeError(`A ${typeof value} cannot be sent.`)
  }
}

function wrappedObject(value: object): unknown {
  if (Array.isArray(value)) return Array.from(value, wrapped)
  if (value instanceof Date) return tagged('date', value.getTime())
  if (value instanceof Uint8Array) return tagged('bytes', Buffer.from(value).toString('base64'))
  if (value instanceof Map)
    return tagged(
      'map',
      Array.from(value, ([key, member]) => [wrapped(key), wrapped(member)]),
    )
  if (value instanceof Set) return tagged('set', Array.from(value, wrapped))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`An object of class ${prototype.constructor?.name} cannot be sent.`)
  }
  const members = mapped(value as Plain, wrapped)
  return Object.hasOwn(value, '$') ? tagged('object', members) : members
}

const unwrap: Readonly<Record<string, (v: unknown) => unknown>> = {
  number: (v) => Number(v),
  undefined: () => undefined,
  bigint: (v) => BigInt(String(v)),
  date: (v) => new Date(v === null ? Number.NaN : Number(v)),
  bytes: (v) => Buffer.from(String(v), 'base64'),
  map: (v) => new Map((v as [unknown, unknown][]).map(([key, member]) => [unwrapped(key), unwrapped(member)])),
  set: (v) => new Set((v as unknown[]).map(unwrapped)),
  object: (v) => mapped(v as Plain, unwrapped),
}

function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unwrapped)
  if (!Object.hasOwn(value, '$')) return mapped(value as Plain, unwrapped)
  const { $: kind, v } = value as { $: unknown; v: unknown }
  const make = typeof kind === 'string' && Object.hasOwn(unwrap, kind) ? unwrap[kind] : undefined
  if (!make) throw new SyntaxError('A value of an unknown kind.')
  return make(v)
}

/** Defines members, and never sets them: the name `__proto__` is one like the others. */
function mapped(object: Plain, change: (member: unknown) => unknown): Plain {
  return Object.fromEntries(Object.entries(object).map(([name, member]) => [name, change(member)]))
}

function tagged(kind: string, v: unknown): Plain {
  return { $: kind, v }
}
