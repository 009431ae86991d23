import type { RemoteCheck } from '../../ports/remote-check.ts'
import { type Credentials, credentialReader, credentialRecord } from './credentials.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import type { CheckNode } from './syntax.ts'
import type { PolicyTarget } from './target.ts'
import { compileTemplate, pythonText } from './template.ts'

/** A compiled rule. `asked` is the rule that was asked for, which remote checks are told. */
export type Check = (caller: Credentials, target: PolicyTarget, asked: string) => MaybePromise<boolean>

/** What compiling one rule needs of the others. */
export interface Linker {
  /** The compiled rule of that name; undefined if there is none, which fails the check. */
  rule(name: string): Compiled | undefined
  /** Absent: remote checks fail. */
  readonly remote: RemoteCheck | undefined
}

export interface Compiled {
  readonly check: Check
  /** True if no remote check is in it: `check` never returns a promise. */
  readonly sync: boolean
}

const never: Compiled = { check: () => false, sync: true }
const always: Compiled = { check: () => true, sync: true }

/** Turns a rule into closures; the references are resolved now, not when the rule is asked. */
export function compile(node: CheckNode, linker: Linker): Compiled {
  switch (node.type) {
    case 'constant':
      return node.value ? always : never
    case 'not': {
      const { check, sync } = compile(node.node, linker)
      if (sync) return { check: (caller, target, asked) => !check(caller, target, asked), sync }
      return { check: (caller, target, asked) => chain(check(caller, target, asked), (held) => !held), sync }
    }
    case 'and':
    case 'or':
      return compileSeries(
        node.nodes.map((child) => compile(child, linker)),
        node.type === 'or',
      )
    case 'rule':
      return linker.rule(node.name) ?? never
    case 'remote':
      return compileRemote(node, linker.remote)
    default:
      return { check: compileLocal(node), sync: true }
  }
}

/** Children in order until one gives `decisive` (true for `or`, false for `and`). */
function compileSeries(children: readonly Compiled[], decisive: boolean): Compiled {
  const checks = children.map((child) => child.check)
  const [first, second] = checks
  if (checks.length === 1 && children[0]) return children[0]
  if (children.every((child) => child.sync)) {
    if (checks.length === 2 && first && second) {
      if (decisive) return { check: (c, t, asked) => first(c, t, asked) || second(c, t, asked), sync: true }
      return { check: (c, t, asked) => first(c, t, asked) && second(c, t, asked), sync: true }
    }
    const check: Check = (caller, target, asked) => {
      for (const child of checks) if (child(caller, target, asked) === decisive) return decisive
      return !decisive
    }
    return { check, sync: true }
  }
  const check: Check = (caller, target, asked) => {
    const from = (index: number): MaybePromise<boolean> => {
      const child = checks[index]
      if (!child) return !decisive
      return chain(child(caller, target, asked), (held) => (held === decisive ? decisive : from(index + 1)))
    }
    return from(0)
  }
  return { check, sync: false }
}

type LocalNode = Extract<CheckNode, { type: 'role' | 'literal' | 'attribute' }>

function compileLocal(node: LocalNode): Check {
  const fill = compileTemplate(node.match)
  const constant = node.match.parts.length === 0
  if (node.type === 'role') {
    if (constant) {
      const role = node.match.after.toLowerCase()
      return (caller) => caller.roles.includes(role)
    }
    return (caller, target) => {
      const role = fill(target)
      return role !== undefined && caller.roles.includes(role.toLowerCase())
    }
  }
  if (node.type === 'literal') {
    const { text } = node
    return (_, target) => fill(target) === text
  }
  const read = credentialReader(node.name)
  if (!read) return never.check
  return (caller, target) => {
    const wanted = fill(target)
    if (wanted === undefined) return false
    const value = read(caller)
    return Array.isArray(value) ? value.includes(wanted) : pythonText(value) === wanted
  }
}

function compileRemote(node: Extract<CheckNode, { type: 'remote' }>, remote: RemoteCheck | undefined): Compiled {
  if (!remote) return never
  const fill = compileTemplate(node.url)
  const check: Check = (caller, target, asked) => {
    const url = fill(target)
    if (url === undefined) return false
    return remote.allows(url, { rule: asked, target: targetRecord(target), credentials: credentialRecord(caller) })
  }
  return { check, sync: false }
}

function targetRecord(target: PolicyTarget): unknown {
  return target instanceof Map ? Object.fromEntries(target) : target
}
