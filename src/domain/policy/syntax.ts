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
  | { readonly type: 'attribute'; readonly path: readonly string[]; readonly match: Template }

/** A rule that cannot be understood; the message says why. */
export class PolicySyntaxError extends Error {
  override readonly name = 'PolicySyntaxError'
}

/**
 * Reads one rule: a string of the policy language, or the older list of lists (`or` outside, `and` inside).
 * Nothing (`''`, `[]`, null) always allows.
 * @throws PolicySyntaxError
 * @see oslo.policy `_parser.py`
 */
export function parseRule(rule: unknown): CheckNode {
  if (rule === null || rule === '') return { type: 'constant', value: true }
  if (typeof rule === 'string') return new Parser(tokenize(rule)).parse()
  if (Array.isArray(rule)) return parseList(rule)
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
    else if (text !== '') tokens.push({ word: 'check', text })
    for (let at = end; at < part.length; at += 1) tokens.push({ word: ')' })
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
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
    if (token?.word === 'check') return parseCheck(token.text)
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

function parseList(rule: readonly unknown[]): CheckNode {
  if (rule.length === 0) return { type: 'constant', value: true }
  const nodes: CheckNode[] = []
  for (const inner of rule) {
    const checks: readonly unknown[] = typeof inner === 'string' ? [inner] : Array.isArray(inner) ? inner : [inner]
    if (inner === '' || checks.length === 0) continue
    nodes.push({
      type: 'and',
      nodes: checks.map((check) => {
        if (typeof check !== 'string') throw new PolicySyntaxError(`a check is text, not ${JSON.stringify(check)}`)
        return parseCheck(check)
      }),
    })
  }
  return { type: 'or', nodes }
}

function parseCheck(text: string): CheckNode {
  if (text === '@' || text === '!') return { type: 'constant', value: text === '@' }
  const quote = text[0]
  if (text.length >= 2 && (quote === '"' || quote === "'") && text.endsWith(quote)) {
    throw new PolicySyntaxError(`${text} is a quoted word where a check is expected`)
  }
  const colon = text.indexOf(':')
  if (colon < 0) throw new PolicySyntaxError(`"${text}" has no colon`)
  const kind = text.slice(0, colon)
  const match = text.slice(colon + 1)
  if (kind === 'rule') return { type: 'rule', name: match }
  const template = parseTemplate(kind === 'http' || kind === 'https' ? text : match)
  if (typeof template === 'string') throw new PolicySyntaxError(`"${text}": ${template}`)
  if (kind === 'http' || kind === 'https') return { type: 'remote', url: template }
  if (kind === 'role') return { type: 'role', match: template }
  const literal = literalText(kind)
  if (literal !== undefined) return { type: 'literal', text: literal, match: template }
  return { type: 'attribute', path: kind.split('.'), match: template }
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
