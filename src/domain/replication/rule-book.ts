import { GlimpseError } from '../../errors/error.ts'
import type { ReplicationRepository, ReplicationRule } from '../../ports/replication.ts'
import type { StoreSet } from '../data/store-set.ts'
import { readRule } from './read-rule.ts'

/** A rule, and who has given it. */
export interface KnownRule {
  readonly rule: ReplicationRule
  readonly source: 'configuration' | 'api'
  /** Null for a rule of the configuration. */
  readonly updatedAt: Date | null
}

/** All rules: those of the configuration, which only an operator changes, and those that the API has been given. */
export class RuleBook {
  readonly #configured: readonly ReplicationRule[]
  readonly #repository: ReplicationRepository

  constructor(repository: ReplicationRepository, { configured }: { configured: readonly ReplicationRule[] }) {
    this.#repository = repository
    this.#configured = configured
  }

  /** By name; a rule of the configuration hides one of the API with its name. */
  async all(): Promise<KnownRule[]> {
    const configured = this.#configured.map((rule) => ({ rule, source: 'configuration', updatedAt: null }) as const)
    const given = (await this.#repository.rules())
      .filter(({ rule }) => !this.#isConfigured(rule.name))
      .map(({ rule, updatedAt }) => ({ rule, source: 'api', updatedAt }) as const)
    return [...configured, ...given].sort((a, b) => (a.rule.name < b.rule.name ? -1 : 1))
  }

  /** @throws not_found */
  async get(name: string): Promise<KnownRule> {
    const known = (await this.all()).find(({ rule }) => rule.name === name)
    return known ?? notFound(name)
  }

  /** @returns whether there was none of that name. @throws bad_request, conflict for a rule of the configuration */
  async put(
    name: string,
    written: Readonly<Record<string, unknown>>,
    { stores }: { stores: StoreSet },
  ): Promise<boolean> {
    this.#requireOwn(name)
    const rule = readRule(name, written)
    for (const id of rule.stores) stores.get(id)
    return this.#repository.putRule(rule)
  }

  /** @throws not_found, conflict for a rule of the configuration */
  async remove(name: string): Promise<void> {
    this.#requireOwn(name)
    if (!(await this.#repository.removeRule(name))) notFound(name)
  }

  #isConfigured(name: string): boolean {
    return this.#configured.some((rule) => rule.name === name)
  }

  #requireOwn(name: string): void {
    if (!this.#isConfigured(name)) return
    throw new GlimpseError('conflict', { reason: `The rule ${name} stands in the configuration.` })
  }
}

function notFound(name: string): never {
  throw new GlimpseError('not_found', { reason: `There is no replication rule ${name}.` })
}
