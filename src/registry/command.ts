import type { Shape } from './shape.ts'

/** The shapes of the arguments of a function. */
type ShapesOf<A extends readonly unknown[], R extends readonly unknown[] = Required<A>> = {
  readonly [I in keyof R]: Shape<A[I & keyof A]>
}

/** How a function of a port is called over the wire. */
export interface Command<A extends readonly unknown[]> {
  readonly args: ShapesOf<A>
  /** A second call does and answers what the first one did: it may be sent again if no answer came. */
  readonly repeatable: boolean
}

/** A command for each function of a port, no more and no less. */
export type CommandsOf<Port> = {
  readonly [M in keyof Port]: Port[M] extends (...args: infer A) => Promise<unknown> ? Command<A> : never
}

type ShapesOfAll<A extends readonly unknown[]> = { readonly [I in keyof A]: Shape<A[I]> }

/** A command that may be sent again. */
export function repeatable<A extends readonly unknown[]>(...args: ShapesOfAll<A>): Command<A> {
  return { args: args as unknown as ShapesOf<A>, repeatable: true }
}

/** A command that is sent once: a second call would answer something else. */
export function once<A extends readonly unknown[]>(...args: ShapesOfAll<A>): Command<A> {
  return { args: args as unknown as ShapesOf<A>, repeatable: false }
}
