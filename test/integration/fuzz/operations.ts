import fc from 'fast-check'
import { type ListFilter, type MemberStatus, type User, users, type Visibility, visibilities } from './model.ts'

/** A step of one user on one image: `image` counts around the images made so far, deleted ones included. */
export type Operation = { readonly user: User; readonly image: number } & (
  | { readonly kind: 'create'; readonly visibility: Visibility; readonly protected: boolean }
  | { readonly kind: 'upload'; readonly data: Buffer; readonly sized: boolean }
  | { readonly kind: 'rename'; readonly name: string | null }
  | { readonly kind: 'setVisibility'; readonly visibility: Visibility }
  | { readonly kind: 'setFlag'; readonly flag: 'protected' | 'os_hidden'; readonly value: boolean }
  | { readonly kind: 'setProperty' | 'removeProperty'; readonly property: string; readonly value: string }
  | { readonly kind: 'addTag' | 'removeTag'; readonly tag: string }
  | { readonly kind: 'addMember' | 'removeMember'; readonly member: string }
  | { readonly kind: 'setMember'; readonly member: string; readonly status: MemberStatus }
  | { readonly kind: 'deactivate' | 'reactivate' | 'delete' | 'show' | 'download' }
  | { readonly kind: 'list'; readonly filter: ListFilter }
)

const boolean = fc.boolean()
const visibility = fc.constantFrom(...visibilities)
const member = fc.constantFrom('a', 'b', 'c')
const property = fc.constantFrom('hw_x', '__proto__', 'constructor', 'os_distro')
// The API refuses NUL, lone surrogates and what lies outside the basic plane.
const text = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((it) => it.toWellFormed().replace(/[\0\u{10000}-\u{10ffff}]/gu, '.'))
// Tags stand in a path, where a dot alone or two mean something else.
const tag = fc.constantFrom('t', 'ü', 'a b', '%41', '__proto__')
const data = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))

const filter: fc.Arbitrary<ListFilter> = fc.record(
  { visibility: fc.constantFrom(...visibilities, 'all' as const), hidden: boolean },
  { requiredKeys: ['hidden'] },
)

function kind<K extends Operation['kind'], A extends object>(
  weight: number,
  name: K,
  fields: { [F in keyof A]: fc.Arbitrary<A[F]> },
) {
  return { weight, arbitrary: fc.record({ kind: fc.constant(name), ...fields }) }
}

const step = fc.oneof(
  kind(5, 'create', { visibility, protected: fc.integer({ max: 9, min: 0 }).map((it) => it === 0) }),
  kind(5, 'upload', { data, sized: boolean }),
  kind(2, 'rename', { name: fc.option(text) }),
  kind(4, 'setVisibility', { visibility }),
  kind(2, 'setFlag', { flag: fc.constantFrom('protected' as const, 'os_hidden' as const), value: boolean }),
  kind(2, 'setProperty', { property, value: text }),
  kind(1, 'removeProperty', { property, value: fc.constant('') }),
  kind(2, 'addTag', { tag }),
  kind(1, 'removeTag', { tag }),
  kind(4, 'addMember', { member }),
  kind(1, 'removeMember', { member }),
  kind(3, 'setMember', {
    member,
    status: fc.constantFrom('pending' as const, 'accepted' as const, 'rejected' as const),
  }),
  kind(2, 'deactivate', {}),
  kind(2, 'reactivate', {}),
  kind(2, 'delete', {}),
  kind(3, 'show', {}),
  kind(3, 'download', {}),
  kind(3, 'list', { filter }),
)

const who = fc.record({ user: fc.constantFrom(...users), image: fc.nat(50) })

/** Sequences of steps by several users. */
export const operations = fc.array(
  fc.tuple(who, step).map(([actor, what]) => ({ ...actor, ...what }) as Operation),
  { minLength: 20, maxLength: 60, size: 'max' },
)
