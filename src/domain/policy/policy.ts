import type { RemoteCheck } from '../../ports/remote-check.ts'
import { type Check, type Compiled, compile } from './compile.ts'
import { type Credentials, callerAsTarget } from './credentials.ts'
import type { MaybePromise } from './maybe-promise.ts'
import { defaultRules, type RuleName } from './rules/index.ts'
import type { RuleTable } from './rules/rule.ts'
import { type CheckNode, parseRule } from './syntax.ts'
import { noTarget, type PolicyTarget } from './target.ts'

/** Rules of one policy file, in the order of the file. */
export interface RuleSource {
  readonly file: string
  readonly rules: Readonly<Record<string, unknown>>
}

/** What is wrong with a rule: it denies everything, or the check that is named does. */
export interface RuleFault {
  /** Null for a built-in rule. */
  readonly file: string | null
  readonly rule: string
  readonly reason: string
}

export interface PolicyOptions {
  readonly enforceNewDefaults: boolean
  readonly enforceScope: boolean
  /** Name of the rule that stands for one that does not exist. */
  readonly defaultRule: string
  readonly remote?: RemoteCheck
  /** Taken instead of Glance's rules by tests. */
  readonly builtIn?: RuleTable
}

interface Written {
  readonly node: CheckNode
  readonly file: string | null
}

/**
 * The rules in force. Asking is synchronous and allocates nothing, unless the rule contains an `http:` or `https:` check.
 * @see oslo.policy `Enforcer`
 */
export class Policy {
  readonly enforceNewDefaults: boolean
  readonly #options: PolicyOptions
  #checks: ReadonlyMap<string, Check> = new Map()
  #unscoped: ReadonlyMap<string, Check> = new Map()
  #fallback: Check | undefined

  constructor(options: PolicyOptions) {
    this.#options = options
    this.enforceNewDefaults = options.enforceNewDefaults
    this.useRules([])
  }

  /** Whether the caller may do what the rule guards to the target. */
  allows(rule: RuleName, caller: Credentials, target: PolicyTarget = noTarget): MaybePromise<boolean> {
    const check = this.#checks.get(rule) ?? this.#fallback
    return check ? check(caller, target, rule) : false
  }

  /** Whether a rule that is not necessarily the service's own holds for the caller, with no target and in any scope. */
  allowsRule(rule: string, caller: Credentials): MaybePromise<boolean> {
    const check = this.#unscoped.get(rule) ?? this.#unscoped.get(this.#options.defaultRule)
    return check ? check(caller, noTarget, rule) : false
  }

  /** Whether there is a rule of that name. */
  has(rule: string): boolean {
    return this.#unscoped.has(rule)
  }

  /** Whether rule `context_is_admin` holds for the caller. */
  isAdmin(caller: Credentials): MaybePromise<boolean> {
    const check = this.#checks.get('context_is_admin') ?? this.#fallback
    if (!check) return false
    return check(caller, { get: (key) => callerAsTarget(caller, key) }, 'context_is_admin')
  }

  /** Puts the built-in rules in force with those of the sources over them, later ones over earlier ones, all at once. */
  useRules(sources: readonly RuleSource[]): RuleFault[] {
    const faults: RuleFault[] = []
    const written = new Map<string, Written>()
    for (const { file, rules } of sources) {
      for (const [rule, text] of Object.entries(rules)) {
        written.set(rule, { node: this.#parse(text, { file, rule, faults }), file })
      }
    }
    const builtIn = this.#options.builtIn ?? defaultRules
    for (const [rule, { check, formerCheck }] of Object.entries(builtIn)) {
      if (written.has(rule)) continue
      const { node } = parseRule(check)
      const either = formerCheck !== undefined && !this.enforceNewDefaults
      written.set(rule, {
        node: either ? { type: 'or', nodes: [node, parseRule(formerCheck).node] } : node,
        file: null,
      })
    }
    const link = new Link(written, { ...this.#options, faults })
    const checks = new Map<string, Check>()
    const unscoped = new Map<string, Check>()
    for (const rule of written.keys()) {
      const check = link.rule(rule)?.check
      if (!check) continue
      checks.set(rule, this.#scoped(check, builtIn[rule]?.scope))
      unscoped.set(rule, check)
    }
    this.#checks = checks
    this.#unscoped = unscoped
    this.#fallback = checks.get(this.#options.defaultRule)
    return faults
  }

  #parse(text: unknown, { file, rule, faults }: { file: string; rule: string; faults: RuleFault[] }): CheckNode {
    try {
      const { node, problems } = parseRule(text)
      for (const reason of problems) faults.push({ file, rule, reason })
      return node
    } catch (error) {
      faults.push({ file, rule, reason: error instanceof Error ? error.message : String(error) })
      return { type: 'constant', value: false }
    }
  }

  #scoped(check: Check, scope: 'project' | undefined): Check {
    if (scope === undefined || !this.#options.enforceScope) return check
    return (caller, target, asked) =>
      caller.systemScope === null && caller.domainId === null && check(caller, target, asked)
  }
}

/** Compiles each rule once, in the order in which they refer to each other. */
class Link {
  readonly remote: RemoteCheck | undefined
  readonly #written: ReadonlyMap<string, Written>
  readonly #compiled = new Map<string, Compiled>()
  readonly #open: string[] = []
  readonly #defaultRule: string
  readonly #faults: RuleFault[]

  constructor(written: ReadonlyMap<string, Written>, options: PolicyOptions & { faults: RuleFault[] }) {
    this.#written = written
    this.remote = options.remote
    this.#defaultRule = options.defaultRule
    this.#faults = options.faults
  }

  rule(name: string): Compiled | undefined {
    const done = this.#compiled.get(name)
    if (done) return done
    const written = this.#written.get(name)
    if (!written) {
      this.#report(`it refers to rule "${name}", which does not exist`)
      return name === this.#defaultRule || !this.#written.has(this.#defaultRule)
        ? undefined
        : this.rule(this.#defaultRule)
    }
    if (this.#open.includes(name)) {
      this.#report(`it refers to itself: ${[...this.#open, name].join(' -> ')}`)
      return undefined
    }
    this.#open.push(name)
    const compiled = compile(written.node, this)
    this.#open.pop()
    this.#compiled.set(name, compiled)
    return compiled
  }

  #report(reason: string): void {
    const rule = this.#open.at(-1) ?? ''
    this.#faults.push({ file: this.#written.get(rule)?.file ?? null, rule, reason })
  }
}
