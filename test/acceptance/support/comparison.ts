import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { glimpse, reference } from '../../support/implementations.ts'
import { peers } from '../../support/peers.ts'
import { covers, type Difference, differences } from '../differences.ts'
import type { Suite } from '../suites.ts'
import type { Case } from './case.ts'
import type { Outcome } from './compare.ts'
import { type Deployment, deploy } from './deployment.ts'
import { makeFixtures } from './images.ts'
import { makeNamespaces } from './namespaces.ts'
import { makePersonas, type Personas } from './personas.ts'
import { runCase } from './run-case.ts'

/** What both services answered to a case. */
export interface Comparison {
  /** What the reference gave, with the known differences laid over it. */
  readonly expected: readonly Outcome[]
  readonly actual: readonly Outcome[]
  /** The differences on record that this case did show. */
  readonly known: readonly Difference[]
}

/** Both services with a suite's settings, the same users and the same images. */
export class ComparedServices implements AsyncDisposable {
  readonly #services: readonly [reference: Deployment, glimpse: Deployment]
  readonly #personas: Personas

  private constructor(services: readonly [Deployment, Deployment], personas: Personas) {
    this.#services = services
    this.#personas = personas
  }

  static async start({ settings, configFiles }: Pick<Suite, 'settings' | 'configFiles'>): Promise<ComparedServices> {
    await using cleanup = new AsyncDisposableStack()
    const personas = await makePersonas((await peers('keystone')).keystone)
    const options = { extra: settings, ...(configFiles && { configFiles }) }
    const services = [
      cleanup.use(await deploy(reference, options)),
      cleanup.use(await deploy(glimpse, options)),
    ] as const
    await Promise.all(services.map((service) => makeFixtures(service, personas)))
    await Promise.all(services.map((service) => makeNamespaces(service, personas)))
    cleanup.move()
    return new ComparedServices(services, personas)
  }

  /** Sends the case's requests to both. */
  async compare(testCase: Case): Promise<Comparison> {
    const freshId = randomUUID()
    const [expected, actual] = (await Promise.all(
      this.#services.map((service) => runCase(service, this.#personas, { testCase, freshId })),
    )) as [Outcome[], Outcome[]]
    const known = differences.filter((difference) => covers(difference, testCase.name))
    return { expected, actual, known: allow({ expected, actual }, known) }
  }

  /** Starts both again, with their files as they are now. */
  async restart(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.restart()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#services.map((service) => service[Symbol.asyncDispose]()))
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
        : { ...wanted, headers: { ...wanted.headers, [field]: meant as string | undefined } }
    return true
  })
}
