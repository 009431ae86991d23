/** One request and what became of it. */
export interface Sample {
  readonly phase: string
  /** Who answered; `nobody` if no answer came. */
  readonly server: string
  readonly tookMs: number
  /** What was wrong with the answer. */
  readonly fault?: string
}

/** Requests, faults and times of each phase and server, as lines of a table. */
export function renderFigures(samples: readonly Sample[]): string {
  const groups = Map.groupBy(samples, ({ phase, server }) => `${phase.padEnd(40)} ${server.padEnd(10)}`)
  const lines = [...groups].map(([name, group]) => {
    const times = group.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
    const faults = group.filter(({ fault }) => fault !== undefined).length
    return [name, String(group.length), String(faults), quantile(times, 0.5), quantile(times, 0.99)]
  })
  const header = ['phase'.padEnd(40).concat(' served by '), 'requests', 'faults', 'p50 ms', 'p99 ms']
  return [header, ...lines].map(([name, ...cells]) => name + cells.map((cell) => cell.padStart(9)).join(' ')).join('\n')
}

function quantile(sorted: readonly number[], part: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1)
}
