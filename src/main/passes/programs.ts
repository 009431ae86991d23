import { hostname } from 'node:os'
import type { Registry } from 'prom-client'
import type { Config } from '../../config/config.ts'
import type { PassObserver } from '../../domain/passes/observer.ts'
import { ProgramRunner } from '../../domain/passes/program-runner.ts'
import { auditor } from './auditor.ts'
import type { KeptProgram, ProgramDependencies, ProgramSettings } from './kept-program.ts'
import { passMetrics } from './metrics.ts'
import { reaper } from './reaper.ts'
import { replication } from './replication.ts'
import { updater } from './updater.ts'

const keptPrograms: readonly KeptProgram[] = [auditor, reaper, replication, updater]

/** Reads the sections of all programs. @returns the settings of those that run in glance-api */
export function readProgramsInApi(config: Config): ProgramSettings[] {
  return keptPrograms.map(({ read }) => read(config)).filter(({ pass }) => pass.run_in_api)
}

/** Work on passes that goes on until `signal` is aborted. Never throws. */
export type PassWork = (signal: AbortSignal) => Promise<void>

/** What works on the passes of those programs in this process. */
export function passWorkOf(
  programs: readonly ProgramSettings[],
  {
    metrics,
    leaseMs,
    ...dependencies
  }: Pick<ProgramDependencies, 'repositories' | 'stores' | 'digests' | 'log'> & { metrics: Registry; leaseMs: number },
): PassWork {
  if (programs.length === 0) return async () => {}
  const observer = passMetrics(metrics)
  for (const { measure } of programs) measure?.(metrics, dependencies.repositories)
  const works = programs.map((settings) => workOf(settings, { ...dependencies, leaseMs, observer }))
  return async (signal) => void (await Promise.all(works.map((work) => work(signal))))
}

function workOf(
  { pass, choices, make }: ProgramSettings,
  { leaseMs, observer, ...dependencies }: ProgramDependencies & { leaseMs: number; observer: PassObserver },
): PassWork {
  const { repositories, log } = dependencies
  const program = make(dependencies)
  const runner = new ProgramRunner(program, {
    ...{ repositories, observer, log },
    workers: pass.workers,
    rates: { itemsPerSecond: pass.items_per_second, bytesPerSecond: pass.bytes_per_second },
    name: `${hostname()}:${process.pid}`,
    times: { leaseMs, heartbeatMs: leaseMs / 4 },
  })
  const scope = { imageId: null, storeId: null, choices }
  return async (signal) => {
    await runner.forever({ scope, intervalMs: pass.interval * 1000, signal })
    await program.close?.()
  }
}
