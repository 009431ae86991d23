import { isCredential } from './credentials.ts'
import { parseTemplate, type Template } from './template.ts'

/** A rule as written, before its references are resolved. */
export type CheckNode =
  | { readonly type: 'constant'; readonly value: boolean }
  | { readonly type: 'not'; readonly node: CheckNode }
  | { readonly type: 'and' | 'or'; readonly nodes: readonly CheckNode[] }
  | { readonly type: 'rule'; readonly name: string }
  | { readonly type: 'role'; readonly match: Template }
  | { readonly type: 'remote'; readonly url: Template }
  | { readonly type: 'literal'; readonly text: string; readonly match: Template }
  | { readonly type: 'attribute'; readonly name: string; readonly match: Template }

/** A rule that cannot be understood; the message says why. */
export class PolicySyntaxError extends Error {
  override readonly name = 'PolicySyntaxError'
}

export interface ParsedRule {
  readonly node: CheckNode
  /** Checks in the rule that mean nothing. As in oslo.policy they fail, and the rest of the rule stands. */
  readonly problems: readonly string[]
}

/**
 * Reads one rule: a string of the policy language, or the older list of lists (`or` outside, `and` inside).
 * Nothing (`''`, `[]`, null) always allows.
 * @throws PolicySyntaxError
 * @see oslo.policy `_parser.py`
 */
export function parseRule(rule: unknown): ParsedRule {
  const problems: string[] = []
  if (rule === null || rule === '') return { node: { type: 'constant', value: true }, problems }
  if (typeof rule === 'string') return { node: new Parser(tokenize(rule), problems).parse(), problems }
  if (Array.isArray(rule)) return { node: parseList(rule, problems), problems }
  throw new PolicySyntaxError(`a rule is text or a list, not ${JSON.stringify(rule)}`)
}

type Token = { readonly word: '(' | ')' | 'and' | 'or' | 'not' } | { readonly word: 'check'; readonly text: string }

function tokenize(rule: string): Token[] {
  const tokens: Token[] = []
  for (const part of rule.split(/\s+/)) {
    let start = 0
    let end = part.length
    // Parentheses inside a check belong to `%(name)s`, so only those at its ends are tokens.
    while (part[start] === '(') {
      tokens.push({ word: '(' })
      start += 1
    }
    while (end > start && part[end - 1] === ')') end -= 1
    const text = part.slice(start, end)
    const lower = text.toLowerCase()
    if (lower === 'and' || lower === 'or' || lower === 'not') tokens.push({ word: lower })
    else if (end === part.length && /^(['"]).*\1$/.test(text))
      throw new PolicySyntaxError(`${text} is a quoted word where a check is expected`)
    else if (text !== '') tokens.push({ word: 'check', text })
    for (let at = end; at < part.length; at += 1) tokens.push({ word: ')' })
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #problems: string[]
  #at = 0

  constructor(tokens: readonly Token[], problems: string[]) {
    this.#tokens = tokens
    this.#problems = problems
  }

  parse(): CheckNode {
    const node = this.#series('or')
    const rest = this.#tokens[this.#at]
    if (rest) throw new PolicySyntaxError(`unexpected ${describe(rest)}`)
    return node
  }

  #series(type: 'or' | 'and'): CheckNode {
    const operand = () => (type === 'or' ? this.#series('and') : this.#operand())
    const first = operand()
    if (this.#tokens[this.#at]?.word !== type) return first
    const nodes = [first]
    while (this.#tokens[this.#at]?.word === type) {
      this.#at += 1
      nodes.push(operand())
    }
    return { type, nodes }
  }

  #operand(): CheckNode {
    const token = this.#tokens[this.#at]
    this.#at += 1
    if (token?.word === 'not') return { type: 'not', node: this.#operand() }
    if (token?.word === 'check') return parseCheck(token.text, this.#problems)
    if (token?.word !== '(') throw new PolicySyntaxError(`a check is missing before ${describe(token)}`)
    const node = this.#series('or')
    const close = this.#tokens[this.#at]
    this.#at += 1
    if (close?.word !== ')') throw new PolicySyntaxError(`a closing parenthesis is missing before ${describe(close)}`)
    return node
  }
}

function describe(token: Token | undefined): string {
  if (!token) return 'the end'
  return `"${token.word === 'check' ? token.text : token.word}"`
}

function parseList(rule: readonly unknown[], problems: string[]): CheckNode {
  if (rule.length === 0) return { type: 'constant', value: true }
  const nodes: CheckNode[] = []
  for (const inner of rule) {
    const checks: readonly unknown[] = typeof inner === 'string' ? [inner] : Array.isArray(inner) ? inner : [inner]
    if (inner === '' || checks.length === 0) continue
    nodes.push({
      type: 'and',
      nodes: checks.map((check) => {
        if (typeof check !== 'string') throw new PolicySyntaxError(`a check is text, not ${JSON.stringify(check)}`)
        return parseCheck(check, problems)
      }),
    })
  }
  return { type: 'or', nodes }
}

function parseCheck(text: string, problems: string[]): CheckNode {
  if (text === '@' || text === '!') return { type: 'constant', value: text === '@' }
  const colon = text.indexOf(':')
  if (colon < 0) {
    problems.push(`"${text}" is no check: it has no colon`)
    return { type: 'constant', value: false }
  }
  const kind = text.slice(0, colon)
  const match = text.slice(colon + 1)
  if (kind === 'rule') return { type: 'rule', name: match }
  const template = parseTemplate(kind === 'http' || kind === 'https' ? text : match)
  if (typeof template === 'string') throw new PolicySyntaxError(`"${text}": ${template}`)
  if (kind === 'http' || kind === 'https') return { type: 'remote', url: template }
  if (kind === 'role') return { type: 'role', match: template }
  const literal = literalText(kind)
  if (literal !== undefined) return { type: 'literal', text: literal, match: template }
  const [name = '', ...path] = kind.split('.')
  if (path.length > 0 && isCredential(name)) throw new PolicySyntaxError(`"${text}": ${name} has no parts`)
  return { type: 'attribute', name, match: template }
}

/** The left side of a check as text, if it is a literal of the policy language (which has Python's). */
function literalText(kind: string): string | undefined {
  if (kind === 'True' || kind === 'False' || kind === 'None') return kind
  const quoted = /^(['"])(.*)\1$/.exec(kind)
  if (quoted) return quoted[2]
  if (/^-?(0|[1-9]\d*)$/.test(kind)) return kind
  if (/^-?\d+\.\d+$/.test(kind)) return Number.isInteger(Number(kind)) ? Number(kind).toFixed(1) : String(Number(kind))
  return undefined
}
