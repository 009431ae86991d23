import { Counter, Gauge, type Registry } from 'prom-client'
import type { PassObserver } from '../../domain/passes/observer.ts'

/** Counts what passes do. */
export function passMetrics(registry: Registry): PassObserver {
  const registers = [registry]
  const steps = new Counter({
    name: 'glimpse_pass_steps_total',
    help: 'Steps of passes that this service has ended.',
    labelNames: ['program', 'outcome'],
    registers,
  })
  const amounts = new Counter({
    name: 'glimpse_pass_amount_total',
    help: 'What steps of passes have counted: items and bytes that were looked at, repairs, removals.',
    labelNames: ['program', 'what'],
    registers,
  })
  const findings = new Counter({
    name: 'glimpse_pass_findings_total',
    help: 'Findings that were new.',
    labelNames: ['program', 'kind'],
    registers,
  })
  const passes = new Counter({
    name: 'glimpse_passes_total',
    help: 'Passes that ended in this service.',
    labelNames: ['program', 'state'],
    registers,
  })
  const open = new Gauge({
    name: 'glimpse_findings_open',
    help: 'Findings that were open when the last pass ended in this process.',
    labelNames: ['program', 'kind'],
    registers,
    aggregator: 'max',
  })
  const known = new Map<string, Set<string>>()
  return {
    step({ program, outcome, counts }) {
      steps.inc({ program, outcome })
      for (const [what, by] of Object.entries(counts)) amounts.inc({ program, what }, by)
    },
    found: ({ program, kind }) => findings.inc({ program, kind }),
    ended({ program, state, open: kinds }) {
      passes.inc({ program, state })
      const all = known.get(program) ?? new Set()
      known.set(program, all)
      for (const kind of Object.keys(kinds)) all.add(kind)
      for (const kind of all) open.set({ program, kind }, kinds[kind] ?? 0)
    },
  }
}
