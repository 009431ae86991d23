export type Cell = unknown
export type Format = 'table' | 'json' | 'value'
export const formats: readonly Format[] = ['table', 'json', 'value']

/** Options that every command which prints has, as cliff names them. */
export interface Shape {
  readonly format: Format
  /** Names of the columns (or fields) wanted, in the order of the source; empty is all. */
  readonly columns: readonly string[]
}

/**
 * Renders a list of rows.
 * @throws if none of the wanted columns exists.
 * @see cliff `formatters/{table,json_format,value}.py`
 */
export function renderList(names: readonly string[], rows: readonly (readonly Cell[])[], shape: Shape): string {
  const picked = pick(names, shape.columns)
  const kept = rows.map((row) => picked.map((index) => row[index]))
  const headers = picked.map((index) => names[index] ?? '')
  if (shape.format === 'json') {
    return `${JSON.stringify(
      kept.map((row) => Object.fromEntries(headers.map((name, i) => [name, row[i] ?? null]))),
      null,
      2,
    )}\n`
  }
  if (shape.format === 'value') return kept.map((row) => `${row.map(pythonText).join(' ')}\n`).join('')
  if (kept.length === 0) return '\n'
  const numeric = headers.map((_, i) => kept.every((row) => row[i] === null || typeof row[i] === 'number'))
  return table(
    headers,
    kept.map((row) => row.map(humanText)),
    numeric,
  )
}

/** Renders one thing, field by field in the order of their names. */
export function renderFields(fields: Readonly<Record<string, Cell>>, shape: Shape): string {
  const names = Object.keys(fields).sort()
  const kept = pick(names, shape.columns).map((index) => names[index] ?? '')
  if (shape.format === 'json') {
    return `${JSON.stringify(Object.fromEntries(kept.map((name) => [name, fields[name]])), null, 2)}\n`
  }
  if (shape.format === 'value') return kept.map((name) => `${pythonText(fields[name])}\n`).join('')
  const rows = kept.map((name) => [name, humanText(fields[name])])
  return table(['Field', 'Value'], rows, [false, false])
}

function pick(names: readonly string[], wanted: readonly string[]): number[] {
  const lower = new Set(wanted.map((name) => name.toLowerCase()))
  const indexes = names.flatMap((name, index) => (wanted.length === 0 || lower.has(name.toLowerCase()) ? [index] : []))
  if (indexes.length > 0) return indexes
  throw new Error(`There is no column ${wanted.join(', ')}; there are: ${names.join(', ')}.`)
}

function table(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  alignRight: readonly boolean[],
): string {
  const lines = rows.map((row) => row.map((text) => text.split('\n')))
  const widths = headers.map((name, i) =>
    Math.max(width(name), ...lines.flatMap((row) => (row[i] ?? []).map((line) => width(line)))),
  )
  const rule = `+${widths.map((size) => '-'.repeat(size + 2)).join('+')}+\n`
  const draw = (cells: readonly string[]) =>
    `|${cells.map((text, i) => ` ${pad(text, widths[i] ?? 0, alignRight[i] ?? false)} `).join('|')}|\n`
  let out = rule + draw(headers) + rule
  for (const row of lines) {
    const height = Math.max(...row.map((cell) => cell.length))
    for (let line = 0; line < height; line++) out += draw(row.map((cell) => cell[line] ?? ''))
  }
  return out + rule
}

function pad(text: string, size: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, size - width(text)))
  return right ? space + text : text + space
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u

/** Columns that the text takes on a terminal. */
function width(text: string): number {
  let columns = 0
  for (const sign of text) columns += /\p{Mark}/u.test(sign) ? 0 : wide.test(sign) ? 2 : 1
  return columns
}

/** For tables: lists and dictionaries in the words of osc-lib. */
function humanText(value: Cell): string {
  return printable(plainHumanText(value))
}

/** The text without what would steer a terminal; lines stay. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be found.
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
}

function plainHumanText(value: Cell): string {
  if (Array.isArray(value)) return value.map(pythonText).sort().join(', ')
  if (typeof value !== 'object' || value === null) return pythonText(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([key, item]) => `${key}='${pythonText(item)}'`).join(', ')
}

/** The text that Python gives a value: scripts that read the OpenStack client's output expect it. */
function pythonText(value: Cell): string {
  return typeof value === 'string' ? value : pythonRepr(value)
}

function pythonRepr(value: Cell): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
    return quote + value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`) + quote
  }
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`)
      .join(', ')}}`
  }
  return String(value)
}
