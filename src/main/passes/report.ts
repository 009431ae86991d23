import { findingJson, passJson } from '../../http/views/passes.ts'
import type { Finding, Pass, PassCounts } from '../../ports/passes.ts'

/** What a command tells of a pass when it is over. */
export interface Report {
  /** Absent for a dry run, which leaves no trace. */
  readonly pass?: Pass
  readonly counts: PassCounts
  readonly findings: readonly Finding[]
}

/** As JSON, with the names of the API. */
export function jsonReport({ pass, counts, findings }: Report): string {
  return JSON.stringify({
    ...(pass ? { pass: passJson(pass) } : { dry_run: true }),
    counts,
    findings: findings.map(findingJson),
  })
}

/** For people: a line for each finding, then the sums. */
export function textReport({ pass, counts, findings }: Report): string {
  const lines = findings.map(({ kind, state, imageId, storeId, subject, detail }) => {
    const names = [imageId && `image ${imageId}`, storeId && `store ${storeId}`, subject].filter(Boolean)
    return `${state === 'open' ? kind : `${kind} (${state})`}: ${names.join(', ')}: ${detail}`
  })
  const sums = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  const state = pass ? `Pass ${pass.id}: ${pass.state}.` : 'Dry run: nothing was changed.'
  return [...lines, `${state} ${sums.join(', ')}`].join('\n')
}
