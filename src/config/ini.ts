/** One `name = value` of a configuration file. */
export interface Assignment {
  readonly section: string
  readonly name: string
  /** Text after the sign, without the quotes around it; continuation lines are joined by a newline. */
  readonly value: string
  /** Line of the name, counted from 1. */
  readonly line: number
}

/** A line that is no configuration. */
export interface SyntaxFault {
  readonly line: number
  readonly problem: string
}

export interface IniFile {
  /** In the order of the file; a repeated option stands once for each occurrence. */
  readonly assignments: readonly Assignment[]
  /** Names as written, also of sections without an option. */
  readonly sections: readonly string[]
  readonly faults: readonly SyntaxFault[]
}

/**
 * Reads the INI dialect of oslo.config: `name = value` or `name: value` within `[section]`; a line that starts with a space
 * or a tab continues the value above it; an empty line ends a value; `#` and `;` start a comment in the first column only.
 * Reading goes on after a fault, so that all faults of a file are found at once.
 * @see oslo_config `iniparser.py`
 */
export function parseIni(text: string): IniFile {
  const assignments: Assignment[] = []
  const sections: string[] = []
  const faults: SyntaxFault[] = []
  let section: string | undefined
  let open: { name: string; line: number; values: string[] } | undefined

  const close = (): void => {
    if (open === undefined) return
    if (section === undefined) {
      faults.push({ line: open.line, problem: 'a [section] must stand before the first option' })
    } else {
      assignments.push({ section, name: open.name, value: open.values.join('\n'), line: open.line })
    }
    open = undefined
  }

  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1
    const content = raw.trimEnd()
    if (content === '') {
      close()
    } else if (content.startsWith(' ') || content.startsWith('\t')) {
      if (open) open.values.push(content.trimStart())
      else faults.push({ line, problem: 'the line is indented, but there is no option above that it could continue' })
    } else {
      close()
      if (content.startsWith('[')) {
        const name = content.endsWith(']') ? content.slice(1, -1) : undefined
        if (name === undefined) faults.push({ line, problem: 'a section must end with ]' })
        else if (name === '') faults.push({ line, problem: 'the section has no name' })
        else {
          section = name
          sections.push(name)
        }
      } else if (!content.startsWith('#') && !content.startsWith(';')) {
        const at = content.search(/[=:]/)
        const name = content.slice(0, Math.max(at, 0)).trim()
        if (at < 0) faults.push({ line, problem: "expected 'name = value', '[section]' or a comment" })
        else if (name === '') faults.push({ line, problem: 'the option has no name' })
        else open = { name, line, values: [unquote(content.slice(at + 1).trim())] }
      }
    }
  }
  close()
  return { assignments, sections, faults }
}

function unquote(value: string): string {
  const first = value[0]
  return (first === '"' || first === "'") && value.endsWith(first) ? value.slice(1, -1) : value
}
