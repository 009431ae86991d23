import type { Declaration } from './config.ts'
import { keysOf, optionKey } from './layers.ts'
import type { KnownOptions } from './leftovers.ts'
import type { OptionSpec } from './option.ts'

/** Declared options as the sample file and the documentation show them. */
export interface Chapter extends Declaration {
  /** What the options are about, in a few words. */
  readonly title: string
}

const lineLength = 80

/** The text of a sample configuration file: every option with its default, commented out. */
export function renderSample(chapters: readonly Chapter[]): string {
  const lines = [
    '# Configuration of Glimpse: every option with its default. To change an option, take away its "#".',
    '# This file is generated from the declarations of the options.',
  ]
  for (const [group, parts] of bySection(chapters)) {
    lines.push('', `[${group}]`)
    for (const { title, options } of parts) {
      lines.push('', `# ${'-'.repeat(lineLength - 2)}`, ...comment(title), `# ${'-'.repeat(lineLength - 2)}`)
      for (const [name, spec] of Object.entries(options)) {
        lines.push('', ...comment(spec.help), ...comment(typeLine(spec)))
        for (const text of sampleTexts(spec)) lines.push(`#${name} = ${text}`.trimEnd())
      }
    }
  }
  return `${lines.join('\n')}\n`
}

/** The text of docs/configuration.md: tables of all options, then what is accepted without effect. */
export function renderReference(chapters: readonly Chapter[], known: KnownOptions): string {
  const lines = [
    '# Configuration',
    '',
    'Generated from the declarations of the options; change those. Names, defaults and meaning are those of Glance, but for',
    'options marked **ours**, which only Glimpse has. [The sample file](../etc/glance-api.conf.sample) has the same options.',
  ]
  for (const [group, parts] of bySection(chapters)) {
    lines.push('', `## [${group}]`)
    for (const { title, options } of parts) {
      lines.push('', `### ${title}`, '', '| option | type | default | unit | meaning |', '|---|---|---|---|---|')
      for (const [name, spec] of Object.entries(options)) {
        const cells = [`\`${name}\`${spec.ours ? ' **ours**' : ''}`, typeText(spec), defaultCell(spec), spec.unit ?? '']
        const old = spec.deprecatedNames ? ` Older names: ${spec.deprecatedNames.map(oldName).join(', ')}.` : ''
        lines.push(`| ${[...cells, spec.help + old].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
      }
    }
  }
  lines.push('', '## Accepted without effect', '', ...renderUnused(chapters, known))
  return `${lines.join('\n')}\n`
}

function renderUnused(chapters: readonly Chapter[], known: KnownOptions): string[] {
  const used = new Set(
    chapters.flatMap(({ group, options }) =>
      Object.entries(options).flatMap(([name, spec]) => keysOf({ group, name, spec })),
    ),
  )
  const lines = [
    'Options of Glance, of all releases since Mitaka, that a configuration may hold and that change nothing here. Those that are',
    'set are named once at start-up.',
  ]
  const groupsOf = Map.groupBy(Object.entries(known.groups), ([, names]) => names)
  for (const [names, entries] of groupsOf) {
    const groups = entries.map(([group]) => group)
    const unused = names.filter((name) => !groups.some((group) => used.has(optionKey(group, name))))
    if (unused.length > 0) lines.push('', `- ${groups.map((g) => `**[${g}]**`).join(', ')}: ${unused.join(', ')}`)
  }
  return lines
}

function bySection(chapters: readonly Chapter[]): [group: string, parts: readonly Chapter[]][] {
  return [...Map.groupBy(chapters, ({ group }) => group)]
}

function typeText(spec: OptionSpec): string {
  switch (spec.type) {
    case 'string':
      return spec.choices ? `one of ${spec.choices.join(', ')}` : spec.format === 'host' ? 'host' : 'string'
    case 'integer':
    case 'float': {
      const limits = [
        spec.min === undefined ? '' : `from ${spec.min}`,
        spec.max === undefined ? '' : `to ${BigInt(spec.max)}`,
      ]
      return [spec.type, ...limits].filter((text) => text !== '').join(' ')
    }
    case 'list':
      return `list${spec.bounds ? ' in brackets' : ''}${spec.choices ? ` of ${spec.choices.join(', ')}` : ''}`
    case 'dict':
      return 'list of name:value'
    case 'multi':
      return 'string, may be repeated'
    case 'boolean':
      return 'boolean'
  }
}

function typeLine(spec: OptionSpec): string {
  const parts = [typeText(spec)]
  if (spec.unit) parts.push(`unit: ${spec.unit}`)
  if (spec.deprecatedNames) parts.push(`older names: ${spec.deprecatedNames.map(oldName).join(', ')}`)
  if (spec.ours) parts.push('not an option of Glance')
  return `(${parts.join('; ')})`
}

/** `[group] name`, or the bare name within the same group. */
function oldName(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : `[${path.slice(0, slash)}] ${path.slice(slash + 1)}`
}

/** Texts that would give the default; one empty text if there is none. */
function sampleTexts(spec: OptionSpec): string[] {
  const value = spec.default
  if (value === null) return ['']
  if (spec.type === 'multi') return spec.default.length === 0 ? [''] : [...spec.default]
  if (spec.type === 'list') return [spec.bounds ? `[${spec.default.join(',')}]` : spec.default.join(',')]
  if (spec.type === 'dict')
    return [
      Object.entries(spec.default)
        .map(([key, text]) => `${key}:${text}`)
        .join(','),
    ]
  return [String(value).replaceAll('$', '$$$$')]
}

function defaultCell(spec: OptionSpec): string {
  const text = sampleTexts(spec).join(', ')
  return text === '' ? '' : `\`${text}\``
}

/** Comment lines of at most `lineLength` characters. */
function comment(text: string): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(/\s+/)) {
    if (line.length + 1 + word.length > lineLength && line !== '#') {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
