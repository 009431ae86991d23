/** A pattern that cannot be used; the message says why. */
export class PatternFault extends Error {
  override readonly name = 'PatternFault'
}

const word = '\\p{L}\\p{N}_'
const sets: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: `[${word}]`,
  W: `[^${word}]`,
  s: '\\s',
  S: '\\S',
}
const anchors: Readonly<Record<string, string>> = {
  A: '^',
  Z: '$',
  b: `(?:(?<=[${word}])(?![${word}])|(?<![${word}])(?=[${word}]))`,
  B: `(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`,
}
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

/**
 * Compiles a regular expression of Python's `re` for searching in text: named groups, `\A`, `\Z`, `{,n}`, brackets whose
 * first character is `]`, and classes of Unicode mean what they mean there. What JavaScript has no match for (conditions,
 * atomic groups, possessive quantifiers, the flags `a`, `L`, `x`) is refused rather than read as something else.
 * @throws PatternFault
 * @see Python `re`
 */
export function compilePythonPattern(pattern: string): RegExp {
  const source = new Translation(pattern).run()
  try {
    return new RegExp(source.text, source.flags)
  } catch (error) {
    throw new PatternFault((error as Error).message.replace(/^Invalid regular expression: .*: /, ''), { cause: error })
  }
}

function literal(code: number): string {
  return `\\u{${code.toString(16)}}`
}

class Translation {
  readonly #pattern: string
  #at = 0

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  run(): { text: string; flags: string } {
    const flags = this.#take(/\(\?([a-zA-Z]+)\)/y)?.[1] ?? ''
    requireFlags(flags, 'imsu')
    const multiline = flags.includes('m')
    const special: Readonly<Record<string, string>> = {
      '.': flags.includes('s') ? '[^]' : '[^\\n]',
      '^': multiline ? '(?<![^\\n])' : '^',
      $: multiline ? '(?![^\\n])' : '(?=\\n?$)',
      ')': ')',
      '|': '|',
      '*': '*',
      '+': '+',
      '?': '?',
    }
    let text = ''
    while (this.#at < this.#pattern.length) {
      const character = this.#next()
      if (character === '\\') text += this.#escape(false).text
      else if (character === '[') text += this.#brackets()
      else if (character === '(') text += this.#group()
      else if (character === '{') text += this.#count()
      else text += special[character] ?? literal(character.codePointAt(0) as number)
    }
    return { text, flags: flags.includes('i') ? 'vi' : 'v' }
  }

  /** What `pattern` (sticky) matches here, which is then behind us. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#pattern)
    if (match) this.#at = pattern.lastIndex
    return match ?? undefined
  }

  #next(): string {
    const code = this.#pattern.codePointAt(this.#at)
    if (code === undefined) throw new PatternFault('it ends too early')
    const character = String.fromCodePoint(code)
    this.#at += character.length
    return character
  }

  #group(): string {
    const plain = this.#take(/\?(?:[:=!]|<[=!])/y)?.[0]
    if (plain !== undefined) return `(${plain}`
    const name = this.#take(/\?P<([^>]*)>/y)?.[1]
    if (name !== undefined) return `(?<${name}>`
    const same = this.#take(/\?P=([^)]*)\)/y)?.[1]
    if (same !== undefined) return `\\k<${same}>`
    if (this.#take(/\?#[^)]*\)/y)) return '(?:)'
    const flags = this.#take(/\?(-?[a-zA-Z]+):/y)?.[1]
    if (flags !== undefined) {
      requireFlags(flags.replace('-', ''), 'i')
      return `(?${flags}:`
    }
    const unknown = this.#take(/\?.{0,2}/y)?.[0]
    if (unknown !== undefined) throw new PatternFault(`the group (${unknown} is not supported`)
    return '('
  }

  #count(): string {
    const match = this.#take(/(\d*)(,?)(\d*)\}/y)
    if (!match) return literal(123)
    const [whole, least = '', comma = '', most = ''] = match
    if (whole === '}') return `${literal(123)}${literal(125)}`
    return `{${least || '0'}${comma}${most}}`
  }

  #brackets(): string {
    let text = this.#take(/\^/y) ? '[^' : '['
    for (let first = true; first || !this.#take(/\]/y); first = false) {
      const from = this.#member()
      text += from.text
      if (!this.#take(/-(?!\])/y)) continue
      const to = this.#member()
      if (from.isSet || to.isSet) throw new PatternFault('a range cannot start or end with a class')
      text += `-${to.text}`
    }
    return `${text}]`
  }

  #member(): { text: string; isSet: boolean } {
    const character = this.#next()
    if (character === '\\') return this.#escape(true)
    return { text: literal(character.codePointAt(0) as number), isSet: false }
  }

  #escape(inBrackets: boolean): { text: string; isSet: boolean } {
    const code = this.#take(/x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})/y)
    if (code) return { text: literal(Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16)), isSet: false }
    const octal = this.#take(inBrackets ? /[0-7]{1,3}/y : /0[0-7]{0,2}|[1-3][0-7]{2}/y)?.[0]
    if (octal !== undefined) return { text: literal(Number.parseInt(octal, 8)), isSet: false }
    const reference = inBrackets ? undefined : this.#take(/[1-9]\d?/y)?.[0]
    if (reference !== undefined) return { text: `(?:\\${reference})`, isSet: false }
    const character = this.#next()
    const set = sets[character]
    if (set !== undefined) return { text: set, isSet: true }
    const anchor = inBrackets ? undefined : anchors[character]
    if (anchor !== undefined) return { text: anchor, isSet: true }
    if (inBrackets && character === 'b') return { text: literal(8), isSet: false }
    const control = controls[character]
    if (control === undefined && /[a-zA-Z0-9]/.test(character)) throw new PatternFault(`bad escape \\${character}`)
    return { text: literal(control ?? (character.codePointAt(0) as number)), isSet: false }
  }
}

function requireFlags(flags: string, known: string): void {
  for (const flag of flags) if (!known.includes(flag)) throw new PatternFault(`the flag ${flag} is not supported here`)
}
