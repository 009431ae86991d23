import { isIP } from 'node:net'
import type { OptionSpec } from './option.ts'

export type OptionValue = string | number | boolean | null | readonly string[] | Readonly<Record<string, string>>

/** Either the value or what was expected instead of the text. */
export type Conversion = { readonly value: OptionValue } | { readonly expected: string }

const trueWords = ['true', '1', 'on', 'yes']
const falseWords = ['false', '0', 'off', 'no']

/**
 * Turns the texts of an option (several only for `multi`) into its value, by the rules of oslo.config.
 * An empty number means its default.
 * @see oslo_config `types.py`
 */
export function convert(texts: readonly string[], spec: OptionSpec): Conversion {
  const text = texts.at(-1) ?? ''
  switch (spec.type) {
    case 'multi':
      return { value: texts }
    case 'string':
      return convertString(text, spec)
    case 'boolean':
      return convertBoolean(text)
    case 'integer':
    case 'float':
      return text.trim() === '' ? { value: spec.default } : convertNumber(text.trim(), spec)
    case 'list':
      return convertList(text, spec)
    case 'dict':
      return convertDict(text)
  }
}

function convertString(text: string, spec: OptionSpec & { type: 'string' }): Conversion {
  if (spec.format === 'host' && !isHost(text)) return { expected: 'an IP address or a host name' }
  if (!spec.choices) return { value: text }
  const fold = (word: string): string => (spec.ignoreCase ? word.toLowerCase() : word)
  const choice = spec.choices.find((word) => fold(word) === fold(text))
  return choice === undefined ? { expected: oneOf(spec.choices) } : { value: choice }
}

function convertBoolean(text: string): Conversion {
  const word = text.toLowerCase()
  if (trueWords.includes(word)) return { value: true }
  if (falseWords.includes(word)) return { value: false }
  return { expected: 'true or false (also yes/no, on/off, 1/0)' }
}

function convertNumber(text: string, spec: OptionSpec & { type: 'integer' | 'float' }): Conversion {
  const expected = `${spec.type === 'integer' ? 'an integer' : 'a number'}${bounds(spec)}`
  const pattern = spec.type === 'integer' ? /^[+-]?\d+(_\d+)*$/ : /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i
  if (!pattern.test(text)) return { expected }
  const value = Number(text.replaceAll('_', ''))
  if (value < (spec.min ?? -Infinity) || value > (spec.max ?? Infinity)) return { expected }
  return { value }
}

function bounds({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${plain(min)} to ${plain(max)}`
  if (min !== undefined) return `, at least ${plain(min)}`
  return max === undefined ? '' : `, at most ${plain(max)}`
}

/** Digits without an exponent. */
function plain(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value)
}

function convertList(text: string, spec: OptionSpec & { type: 'list' }): Conversion {
  let inner = text.trim().replace(/,+$/, '')
  if (spec.bounds) {
    if (!inner.startsWith('[') || !inner.endsWith(']')) {
      return { expected: `a list in brackets${spec.choices ? ` of ${oneOf(spec.choices)}` : ', such as [a,b]'}` }
    }
    inner = inner.slice(1, -1)
  }
  const elements: string[] = []
  const parts = inner === '' ? [] : inner.split(',')
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    let element = listElement(part.trim(), spec)
    // As in oslo.config: what is no element by itself may be one together with the part after the comma.
    while (element === undefined && parts.length > 0) {
      part += `,${parts.shift()}`
      element = listElement(part.trim(), spec)
    }
    if (element === undefined) {
      return { expected: spec.choices ? `a list of ${oneOf(spec.choices)}` : 'a list whose quotes are closed' }
    }
    elements.push(element)
  }
  return { value: elements }
}

function listElement(text: string, spec: OptionSpec & { type: 'list' }): string | undefined {
  let element = text
  const quote = text[0]
  if (spec.quotes && (quote === '"' || quote === "'")) {
    if (text.length === 1 || !text.endsWith(quote)) return undefined
    element = text.slice(1, -1)
  }
  return spec.choices && !spec.choices.includes(element) ? undefined : element
}

function convertDict(text: string): Conversion {
  const trimmed = text.trim()
  const entries = new Map<string, string>()
  const parts = trimmed === '' ? [] : trimmed.split(',')
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    while (!part.includes(':') && parts.length > 0) part += `,${parts.shift()}`
    const at = part.indexOf(':')
    const key = part.slice(0, Math.max(at, 0)).trim()
    if (key === '') return { expected: 'name:value pairs separated by commas' }
    if (entries.has(key)) return { expected: `name:value pairs with each name once (${key} is repeated)` }
    entries.set(key, part.slice(at + 1).trim())
  }
  return { value: Object.fromEntries(entries) }
}

function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? `${choices[0]}` : `one of ${choices.join(', ')}`
}

/** @see oslo_config `types.py`: `HostAddress` */
function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  const labels = name.split('.')
  if (text.length > 253 || !/[a-z-]/i.test(labels.at(-1) ?? '')) return false
  return labels.every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i.test(label))
}
