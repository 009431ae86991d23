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

/** What stands for a value in JSON: the value itself where it can, a changed copy otherwise. */
function wrapped(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (Object.is(value, -0)) return tagged('number', '-0')
      return Number.isFinite(value) ? value : tagged('number', String(value))
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
  if (Array.isArray(value)) return wrappedArray(value)
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
  const members = wrappedMembers(value as Plain)
  return Object.hasOwn(value, '$') ? tagged('object', members) : members
}

function wrappedArray(array: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < array.length; index += 1) {
    const element = array[index]
    const stand = wrapped(element)
    if (Object.is(stand, element)) continue
    copy ??= array.slice()
    copy[index] = stand
  }
  return copy ?? array
}

function wrappedMembers(object: Plain): Plain {
  let copy: Record<string, unknown> | undefined
  for (const name of Object.keys(object)) {
    const stand = wrapped(object[name])
    if (Object.is(stand, object[name])) continue
    copy ??= { ...object }
    copy[name] = stand
  }
  return copy ?? object
}

const unwrap: Readonly<Record<string, (v: unknown) => unknown>> = {
  number: (v) => Number(v),
  undefined: () => undefined,
  bigint: (v) => BigInt(String(v)),
  date: (v) => new Date(v === null ? Number.NaN : Number(v)),
  bytes: (v) => Buffer.from(String(v), 'base64'),
  map: (v) => new Map((v as [unknown, unknown][]).map(([key, member]) => [unwrapped(key), unwrapped(member)])),
  set: (v) => new Set((v as unknown[]).map(unwrapped)),
  object: (v) => unwrapMembers(v as Record<string, unknown>),
}

/** Works on what `JSON.parse` has just made, in place. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (!Object.hasOwn(value, '$')) return unwrapMembers(value as Record<string, unknown>)
  const { $: kind, v } = value as { $: unknown; v: unknown }
  const make = typeof kind === 'string' && Object.hasOwn(unwrap, kind) ? unwrap[kind] : undefined
  if (!make) throw new SyntaxError('A value of an unknown kind.')
  return make(v)
}

/** Only members that are there already are set: the name `__proto__` is one like the others. */
function unwrapMembers(object: Record<string, unknown>): object {
  for (const name of Object.keys(object)) {
    const member = object[name]
    if (typeof member === 'object' && member !== null) object[name] = unwrapped(member)
  }
  return object
}

function tagged(kind: string, v: unknown): Plain {
  return { $: kind, v }
}
