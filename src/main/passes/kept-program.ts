import type { Registry } from 'prom-client'
import type { Config } from '../../config/config.ts'
import type { DigestPool } from '../../domain/data/digest-pool.ts'
import type { StoreSet } from '../../domain/data/store-set.ts'
import type { PassConfig } from '../../domain/passes/options.ts'
import type { Program } from '../../domain/passes/program.ts'
import type { Logger } from '../../ports/logger.ts'
import type { PassScope, ProgramName } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'

/** What programs are built on. */
export interface ProgramDependencies {
  readonly repositories: Repositories
  readonly stores: StoreSet
  readonly digests: DigestPool
  readonly log: Logger
}

/** The configuration of a program, read and checked. */
export interface ProgramSettings {
  readonly pass: PassConfig
  /** What the configuration chooses for its passes. */
  readonly choices: PassScope['choices']
  make(dependencies: ProgramDependencies): Program
  /** Shows what the program knows beyond its passes. */
  readonly measure?: (registry: Registry, repositories: Repositories) => void
}

/** A program that works by passes: as a command of its own, and in the processes of glance-api. */
export interface KeptProgram {
  readonly name: ProgramName
  readonly command: string
  /** Where it is one of several things that the command does. */
  readonly subcommand?: string
  readonly description: string
  /** Options of the command beside those that all have; each sets the choice of its name. */
  readonly switches: readonly { readonly flags: string; readonly choice: string; readonly help: string }[]
  readonly read: (config: Config) => ProgramSettings
}
