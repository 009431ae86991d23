import type { Json } from '../../ports/jobs.ts'
import type { Finding, Pass, ProgramName, ProgramState } from '../../ports/passes.ts'

/** A pass as the API and the reports of commands show it. */
export function passJson(pass: Pass): Json {
  const { id, program, scope, state, plannedSteps, doneSteps, failedSteps, counts, startedAt, endedAt } = pass
  return {
    id,
    program,
    image: scope.imageId,
    store: scope.storeId,
    choices: { ...scope.choices },
    state,
    planned_steps: plannedSteps,
    done_steps: doneSteps,
    failed_steps: failedSteps,
    counts: { ...counts },
    started_at: startedAt.toISOString(),
    ended_at: endedAt?.toISOString() ?? null,
  }
}

export function findingJson(finding: Finding): Json {
  const { id, program, kind, state, imageId, storeId, locationId, subject, detail } = finding
  return {
    id,
    program,
    kind,
    state,
    image: imageId,
    store: storeId,
    location: locationId,
    subject,
    detail,
    first_seen: finding.firstSeenAt.toISOString(),
    last_seen: finding.lastSeenAt.toISOString(),
    passes: finding.passes,
  }
}

/** A program with its last pass. */
export function programJson(
  name: ProgramName,
  { state, last, open }: { state: ProgramState; last: Pass | undefined; open: Readonly<Record<string, number>> },
): Json {
  return {
    name,
    paused: state.isPaused,
    next_pass_at: state.nextPassAt?.toISOString() ?? null,
    last_pass: last ? passJson(last) : null,
    open_findings: { ...open },
  }
}
