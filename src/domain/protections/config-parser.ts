/** A file that cannot be understood; the message names the line or the section. */
export class ParserFault extends Error {
  override readonly name = 'ParserFault'
}

/** Options of a section by their names in lower case, in the order of the file. */
type Options = Map<string, string>

/** The section whose options all others have too. */
const defaultSection = 'DEFAULT'
/** How deep `%(name)s` may refer to further references. */
const deepest = 10

/**
 * Reads an INI file as Python's `ConfigParser` does with its own settings, which is not how configuration files of
 * services are read: a line that is indented deeper than its option continues the value, also across empty lines; a
 * section reaches to the last `]` of its line; names of options have no case; `%(name)s` and `%%` are replaced; nothing
 * may stand there twice.
 * @returns the sections but `DEFAULT`, whose options stand in each of them, in the order of the file
 * @throws ParserFault
 * @see Python `configparser.py` `RawConfigParser._read`, `BasicInterpolation`
 */
export function parseConfigParserFile(text: string): ReadonlyMap<string, Options> {
  const written = readLines(text)
  const defaults = written.get(defaultSection) ?? []
  const sections = new Map<string, Options>()
  for (const [section, lines] of written) {
    if (section === defaultSection) continue
    const raw = new Map([...defaults, ...lines].map(([name, value]) => [name, value.join('\n').trimEnd()]))
    const options: Options = new Map()
    for (const [name, value] of raw) {
      options.set(name, interpolate(value, { raw, place: `${name} in section [${section}]` }))
    }
    sections.set(section, options)
  }
  return sections
}

function readLines(text: string): Map<string, Map<string, string[]>> {
  const sections = new Map<string, Map<string, string[]>>()
  let current: { readonly name: string; readonly options: Map<string, string[]> } | undefined
  let value: string[] | undefined
  let indent = 0
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.trim()
    const fault = (problem: string) => new ParserFault(`line ${index + 1}: ${problem}`)
    if (content === '') value?.push('')
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue
    const depth = line.search(/\S/)
    if (value && depth > indent) {
      value.push(content)
      continue
    }
    indent = depth
    value = undefined
    const name = /^\[(.+)\]/.exec(content)?.[1]
    if (name !== undefined) {
      if (sections.has(name) && name !== defaultSection) throw fault(`section [${name}] stands there already`)
      current = { name, options: sections.get(name) ?? new Map() }
      sections.set(name, current.options)
      continue
    }
    if (!current) throw fault('expected a [section] before the first option')
    const at = content.search(/[=:]/)
    const option = content.slice(0, Math.max(at, 0)).trimEnd().toLowerCase()
    if (option === '') throw fault(`expected 'name = value' in section [${current.name}]`)
    if (current.options.has(option)) throw fault(`${option} stands in section [${current.name}] already`)
    value = [content.slice(at + 1).trim()]
    current.options.set(option, value)
  }
  return sections
}

function interpolate(
  text: string,
  { raw, place, depth = 1 }: { raw: ReadonlyMap<string, string>; place: string; depth?: number },
): string {
  if (depth > deepest) throw new ParserFault(`${place}: the references go too deep`)
  return text.replaceAll(/%(?:(%)|\(([^)]+)\)s)?/g, (whole, percent?: string, name?: string) => {
    if (percent) return percent
    if (name === undefined) throw new ParserFault(`${place}: a percent sign is written %%, not ${whole}`)
    const value = raw.get(name.toLowerCase())
    if (value === undefined) throw new ParserFault(`${place}: %(${name})s is no option`)
    return interpolate(value, { raw, place, depth: depth + 1 })
  })
}
