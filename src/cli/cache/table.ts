export interface TableColumn {
  readonly title: string
  /** Centred unless told. */
  readonly align?: 'right'
}

/** A table as `glance-cache-manage` of the reference prints it. @see prettytable `get_string` */
export function renderTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: readonly string[]) =>
    `|${columns.map(({ align }, at) => ` ${justify(cells[at] ?? '', widths[at] ?? 0, align)} `).join('|')}|`
  return [rule, line(columns.map(({ title }) => title)), rule, ...rows.map(line), rule].join('\n')
}

/** An odd space goes to the right of an odd text and to the left of an even one. */
function justify(text: string, width: number, align: TableColumn['align']): string {
  const excess = width - text.length
  if (align === 'right') return text.padStart(width)
  const left = text.length % 2 === 1 ? Math.floor(excess / 2) : Math.ceil(excess / 2)
  return `${' '.repeat(left)}${text}${' '.repeat(excess - left)}`
}
