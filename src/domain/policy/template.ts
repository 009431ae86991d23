import type { PolicyTarget } from './target.ts'

/** Text with the places of target attributes, `%(name)s`; plain text if `parts` is empty. */
export interface Template {
  readonly parts: readonly { readonly before: string; readonly key: string }[]
  readonly after: string
}

/** Reads the right side of a check. Returns a sentence instead if it cannot be understood. */
export function parseTemplate(text: string): Template | string {
  const parts: { before: string; key: string }[] = []
  let before = ''
  let at = 0
  while (at < text.length) {
    const percent = text.indexOf('%', at)
    if (percent < 0) break
    before += text.slice(at, percent)
    if (text[percent + 1] === '%') {
      before += '%'
      at = percent + 2
      continue
    }
    const place = /^%\(([^)]*)\)[sd]/.exec(text.slice(percent))
    if (!place) return 'a "%" starts neither "%(name)s" nor "%%"'
    parts.push({ before, key: place[1] ?? '' })
    before = ''
    at = percent + place[0].length
  }
  return { parts, after: before + text.slice(at) }
}

/** A function that fills the template in; undefined when the target lacks an attribute, which fails the check. */
export function compileTemplate(template: Template): (target: PolicyTarget) => string | undefined {
  const { parts, after } = template
  const [first] = parts
  if (!first) return () => after
  if (parts.length === 1 && first.before === '' && after === '') {
    const { key } = first
    return (target) => pythonText(target.get(key))
  }
  return (target) => {
    let text = ''
    for (const part of parts) {
      const value = pythonText(target.get(part.key))
      if (value === undefined) return undefined
      text += part.before + value
    }
    return text + after
  }
}

/** A value as the policy language compares it: in Python's spelling. Undefined stays undefined. */
export function pythonText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined) return undefined
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ')
  return String(value)
}
