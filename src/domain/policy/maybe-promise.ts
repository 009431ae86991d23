/** A value that is there already, unless a remote policy check made it wait. */
export type MaybePromise<T> = T | Promise<T>

/** Goes on with `next` at once when `value` is there, or when it arrives. */
export function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
