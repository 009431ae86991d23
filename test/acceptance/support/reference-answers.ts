import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { installedVersions } from '../../peers/packages.ts'
import type { Case } from './case.ts'
import type { Outcome } from './compare.ts'

/** Where the reference's answers come from: a reference that runs beside, or what was written down of one. */
export type ReferenceMode = 'recorded' | 'live' | 'record'

/** What `$GLIMPSE_REFERENCE` names: `recorded` (the default), `live`, or `record`, which is live and writes the answers down. */
export function referenceMode(): ReferenceMode {
  const mode = process.env.GLIMPSE_REFERENCE ?? 'recorded'
  if (mode === 'recorded' || mode === 'live' || mode === 'record') return mode
  throw new Error(`GLIMPSE_REFERENCE is ${inspect(mode)}; it is recorded, live or record`)
}

interface RecordedCase {
  /** Digest of the case, so that a case that was changed is not held against an old answer. */
  readonly asked: string
  readonly answered: readonly Outcome[]
}

interface RecordFile {
  /** The reference's Debian package. */
  readonly glance: string
  readonly cases: Readonly<Record<string, RecordedCase>>
}

/** The answers of the reference to the cases of one suite, in a file beside the tests. */
export class ReferenceAnswers {
  readonly #path: string
  readonly #cases: Map<string, RecordedCase>

  private constructor(path: string, cases: Map<string, RecordedCase>) {
    this.#path = path
    this.#cases = cases
  }

  /** For answers to be written down: none yet. */
  static empty(suite: string): ReferenceAnswers {
    return new ReferenceAnswers(pathOf(suite), new Map())
  }

  static async read(suite: string): Promise<ReferenceAnswers> {
    const { cases } = JSON.parse(await readFile(pathOf(suite), 'utf8')) as RecordFile
    return new ReferenceAnswers(pathOf(suite), new Map(Object.entries(cases)))
  }

  /** @throws if the case is not on record as it stands */
  answerTo(name: string, testCase: Case): Outcome[] {
    const recorded = this.#cases.get(name)
    if (recorded?.asked !== digest(testCase)) {
      throw new Error(
        `no answer of the reference is on record for "${name}" as it stands: GLIMPSE_REFERENCE=record npm test -- test/acceptance`,
      )
    }
    return structuredClone(recorded.answered) as Outcome[]
  }

  add(name: string, { testCase, answered }: { testCase: Case; answered: readonly Outcome[] }): void {
    this.#cases.set(name, { asked: digest(testCase), answered })
  }

  async write(): Promise<void> {
    const { 'glance-api': glance = '' } = await installedVersions(['glance-api'])
    const cases = [...this.#cases].map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`)
    await writeFile(this.#path, `{"glance": ${JSON.stringify(glance)}, "cases": {\n${cases.join(',\n')}\n}}\n`)
  }
}

function pathOf(suite: string): string {
  return join(import.meta.dirname, `../recorded/${suite}.json`)
}

function digest(testCase: Case): string {
  return createHash('sha256').update(JSON.stringify(testCase)).digest('base64url').slice(0, 12)
}
