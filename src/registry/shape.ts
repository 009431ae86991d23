/** What a value that comes over the wire must look like to be a `T`. The compiler holds shapes and types together. */
export interface Shape<T> {
  /** Where the value differs, as a path such as `.fields.name`, empty for the value itself; undefined if it does not. */
  readonly differs: (value: unknown) => string | undefined
  /** The value without what `T` does not name: a caller may hand over an object that has more. */
  readonly pick: (value: unknown) => unknown
  /** Never there: makes a shape of one type no shape of another. */
  readonly type?: (value: T) => T
}

type Shapes = Readonly<Record<string, Shape<unknown>>>
type OptionalKey<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T]
type RequiredKey<T> = Exclude<keyof T, OptionalKey<T>>

function shape<T>(holds: (value: unknown) => boolean): Shape<T> {
  return { differs: (value) => (holds(value) ? undefined : ''), pick: (value) => value }
}

export const text = shape<string>((value) => typeof value === 'string')
export const flag = shape<boolean>((value) => typeof value === 'boolean')
export const number = shape<number>((value) => typeof value === 'number')
export const date = shape<Date>((value) => value instanceof Date && !Number.isNaN(value.getTime()))
/** Whatever can be sent. */
export const anything = shape<unknown>(() => true)

/** One of the values. */
export function oneOf<const T>(...values: readonly T[]): Shape<T> {
  const known: ReadonlySet<unknown> = new Set(values)
  return shape((value) => known.has(value))
}

export function nullable<T>(inner: Shape<T>): Shape<T | null> {
  return {
    differs: (value) => (value === null ? undefined : inner.differs(value)),
    pick: (value) => (value === null ? null : inner.pick(value)),
  }
}

export function optional<T>(inner: Shape<T>): Shape<T | undefined> {
  return {
    differs: (value) => (value === undefined ? undefined : inner.differs(value)),
    pick: (value) => (value === undefined ? undefined : inner.pick(value)),
  }
}

export function list<T>(inner: Shape<T>): Shape<readonly T[]> {
  return {
    differs(value) {
      if (!Array.isArray(value)) return ''
      return firstOf(value.entries(), ([index, element]) => within(`[${index}]`, inner.differs(element)))
    },
    pick: (value) => (value as readonly unknown[]).map(inner.pick),
  }
}

/** An object with any names, and values of one shape. */
export function record<T>(inner: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    differs(value) {
      if (!isObject(value)) return ''
      return firstOf(Object.entries(value), ([name, member]) => within(`.${name}`, inner.differs(member)))
    },
    pick: (value) =>
      Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, inner.pick(member)])),
  }
}

/** An object with these members and no others; one that may be absent may be undefined as well. */
export function object<T>(
  required: { readonly [K in RequiredKey<T>]: Shape<T[K]> },
  others: { readonly [K in OptionalKey<T>]-?: Shape<T[K]> | Shape<Exclude<T[K], undefined>> },
): Shape<T> {
  const optionals = Object.entries(others as Shapes).map(([name, inner]) => [name, optional(inner)])
  const members = new Map(Object.entries({ ...(required as Shapes), ...(Object.fromEntries(optionals) as Shapes) }))
  const names = Object.keys(required)
  return {
    differs(value) {
      if (!isObject(value)) return ''
      const missing = names.find((name) => !Object.hasOwn(value, name))
      if (missing !== undefined) return `.${missing}`
      return firstOf(Object.entries(value), ([name, member]) => {
        const inner = members.get(name)
        return inner ? within(`.${name}`, inner.differs(member)) : `.${name}`
      })
    },
    pick(value) {
      const known = Object.entries(value as object).flatMap(([name, member]) => {
        const inner = members.get(name)
        return inner ? [[name, inner.pick(member)] as const] : []
      })
      return Object.fromEntries(known)
    },
  }
}

function isObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Object.getPrototypeOf(value) === Object.prototype
}

function within(place: string, rest: string | undefined): string | undefined {
  return rest === undefined ? undefined : place + rest
}

function firstOf<T>(values: Iterable<T>, differs: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const place = differs(value)
    if (place !== undefined) return place
  }
  return undefined
}
