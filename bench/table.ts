/** Figures of each service, collected over rounds; medians and ratios as a table. */
export class Figures {
  readonly #samples = new Map<string, Map<string, number[]>>()

  add(figure: string, service: string, value: number): void {
    const services = this.#samples.get(figure) ?? new Map<string, number[]>()
    this.#samples.set(figure, services)
    services.set(service, [...(services.get(service) ?? []), value])
  }

  /** A line per figure: a column per service, then the ratio of the last service to each other one that has the figure. */
  render(services: readonly string[]): string {
    const last = services.at(-1) ?? ''
    const others = services.slice(0, -1)
    const rows = [['figure', ...services, ...others.map((other) => `${last}/${other}`)]]
    for (const [figure, samples] of this.#samples) {
      const values = services.map((service) => median(samples.get(service) ?? []))
      const own = values.at(-1) ?? Number.NaN
      rows.push([figure, ...values.map(format), ...values.slice(0, -1).map((value) => format(own / value))])
    }
    const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
    return rows
      .map((row) =>
        row
          .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
          .join('  '),
      )
      .join('\n')
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

const format = (value: number): string =>
  Number.isNaN(value) ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)
