import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { glimpse, type Implementation, reference } from '../../support/implementations.ts'
import { peers } from '../../support/peers.ts'
import { covers, type Difference, differences } from '../differences.ts'
import type { Suite } from '../suites.ts'
import type { Case } from './case.ts'
import type { Outcome } from './compare.ts'
import { type Deployment, deploy } from './deployment.ts'
import { makeFixtures } from './images.ts'
import { makeNamespaces } from './namespaces.ts'
import { makePersonas, type Personas } from './personas.ts'
import { ReferenceAnswers, type ReferenceMode, referenceMode } from './reference-answers.ts'
import { runCase } from './run-case.ts'

/** What both services answered to a case. */
export interface Comparison {
  /** What the reference gave, with the known differences laid over it. */
  readonly expected: readonly Outcome[]
  readonly actual: readonly Outcome[]
  /** The differences on record that this case did show. */
  readonly known: readonly Difference[]
}

interface Parts {
  readonly personas: Personas
  readonly glimpse: Deployment
  /** Undefined if its answers were written down before. */
  readonly reference: Deployment | undefined
  readonly answers: ReferenceAnswers
  readonly mode: ReferenceMode
}

/** Glimpse, and the reference or what was written down of it, with a suite's settings, the same users and the same images. */
export class ComparedServices implements AsyncDisposable {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  static async start(
    { name, settings, configFiles }: Pick<Suite, 'name' | 'settings' | 'configFiles'>,
    mode: ReferenceMode = referenceMode(),
  ): Promise<ComparedServices> {
    await using cleanup = new AsyncDisposableStack()
    const answers = mode === 'recorded' ? await ReferenceAnswers.read(name) : ReferenceAnswers.empty(name)
    const personas = await makePersonas((await peers('keystone')).keystone)
    const start = async (implementation: Implementation) => {
      const service = cleanup.use(
        await deploy(implementation, { extra: settings, ...(configFiles && { configFiles }) }),
      )
      await makeFixtures(service, personas)
      await makeNamespaces(service, personas)
      return service
    }
    const [ours, theirs] = await Promise.all([start(glimpse), mode === 'recorded' ? undefined : start(reference)])
    cleanup.move()
    return new ComparedServices({ personas, glimpse: ours, reference: theirs, answers, mode })
  }

  /** Sends the case's requests to both. `name` tells apart what is asked several times under changing conditions. */
  async compare(testCase: Case, name = testCase.name): Promise<Comparison> {
    const { personas, answers, ...services } = this.#parts
    const ask = (service: Deployment) => runCase(service, personas, { testCase, freshId: randomUUID() })
    const [expected, actual] = await Promise.all([
      services.reference ? ask(services.reference) : answers.answerTo(name, testCase),
      ask(services.glimpse),
    ])
    if (services.reference) answers.add(name, { testCase, answered: [...expected] })
    const known = differences.filter((difference) => covers(difference, testCase.name))
    return { expected, actual, known: allow({ expected, actual }, known) }
  }

  /** Starts both again, with their files as they are now. */
  async restart(): Promise<void> {
    await Promise.all([this.#parts.glimpse.restart(), this.#parts.reference?.restart()])
  }

  /** Stops them, and writes the answers down if that is wanted. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { glimpse, reference, answers, mode } = this.#parts
    await Promise.all([glimpse[Symbol.asyncDispose](), reference?.[Symbol.asyncDispose]()])
    if (mode === 'record') await answers.write()
  }
}

/** Sets the fields of the known differences to what Glimpse gives, and tells which of them did differ. */
function allow(
  { expected, actual }: { expected: Outcome[]; actual: Outcome[] },
  known: readonly Difference[],
): Difference[] {
  return known.filter((difference) => {
    const [, step = '0', field = ''] = /^(?:next (\d+) )?(.+)$/.exec(difference.field) ?? []
    const index = Number(step)
    const [wanted, given] = [expected[index], actual[index]]
    if (!wanted || !given) return false
    const read = (outcome: Outcome) =>
      field === 'status' || field === 'body' ? outcome[field] : outcome.headers[field]
    if (isDeepStrictEqual(read(wanted), read(given))) return false
    const meant = 'glimpse' in difference ? difference.glimpse : read(given)
    expected[index] =
      field === 'status' || field === 'body'
        ? ({ ...wanted, [field]: meant } as Outcome)
        : { ...wanted, headers: withHeader(wanted.headers, field, meant as string | undefined) }
    return true
  })
}

function withHeader(headers: Outcome['headers'], name: string, value: string | undefined): Outcome['headers'] {
  const { [name]: _, ...others } = headers
  return value === undefined ? others : { ...others, [name]: value }
}
