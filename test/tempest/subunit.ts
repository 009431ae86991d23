/** What became of one test. */
export interface TempestResult {
  readonly status: 'passed' | 'failed' | 'skipped'
  /** The traceback of a failure, the reason of a skip. */
  readonly details: string
}

const outcomes: Readonly<Record<string, TempestResult['status']>> = {
  success: 'passed',
  successful: 'passed',
  xfail: 'passed',
  failure: 'failed',
  error: 'failed',
  uxsuccess: 'failed',
  skip: 'skipped',
}

/**
 * Reads a stream of subunit in its first, textual version: `success: NAME`, or `failure: NAME [ multipart` and the like
 * with lines of details up to a lone `]`. The ids and tags that Tempest adds in brackets are no part of a name.
 */
export function parseSubunit(text: string): Map<string, TempestResult> {
  const results = new Map<string, TempestResult>()
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const [, word = '', rest = ''] = /^([a-z]+): (.*)$/.exec(lines[index] ?? '') ?? []
    const status = outcomes[word]
    if (!status) continue
    const opening = / \[(?: multipart)?$/.exec(rest)
    const details: string[] = []
    if (opening) while (++index < lines.length && lines[index] !== ']') details.push(lines[index] ?? '')
    const name = (opening ? rest.slice(0, opening.index) : rest).replace(/\[[^[\]]*\]$/, '')
    results.set(name, { status, details: details.join('\n').trim() })
  }
  return results
}
