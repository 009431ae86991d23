import type {
  Finding,
  FindingKey,
  FindingRepository,
  FindingState,
  PassRepository,
  ProgramName,
} from '../../ports/passes.ts'

/** Where the steps of a pass write what they see. */
export interface Journal {
  readonly passId: string
  readonly isDryRun: boolean
  see(finding: FindingKey & { readonly detail: string }): Promise<Finding>
  settle(finding: Finding, state: Exclude<FindingState, 'open'>): Promise<void>
  isPaused(program: ProgramName): Promise<boolean>
}

interface JournalOptions {
  readonly passId: string
  readonly passes: PassRepository
  readonly findings: FindingRepository
}

/** The journal of a pass that all processes share. */
export class SharedJournal implements Journal {
  readonly isDryRun = false
  readonly passId: string
  readonly #options: JournalOptions

  constructor(options: JournalOptions) {
    this.passId = options.passId
    this.#options = options
  }

  see(finding: FindingKey & { readonly detail: string }): Promise<Finding> {
    return this.#options.findings.see(this.passId, finding)
  }

  settle({ id }: Finding, state: Exclude<FindingState, 'open'>): Promise<void> {
    return this.#options.findings.settle([id], state)
  }

  async isPaused(program: ProgramName): Promise<boolean> {
    return (await this.#options.passes.program(program)).isPaused
  }
}

/** Reads what is known and writes nothing: it keeps what it is told. */
export class DryJournal implements Journal {
  readonly isDryRun = true
  readonly passId = ''
  readonly #findings: FindingRepository
  readonly #seen = new Map<string, Finding>()

  constructor(findings: FindingRepository) {
    this.#findings = findings
  }

  get seen(): readonly Finding[] {
    return [...this.#seen.values()]
  }

  async see(finding: FindingKey & { readonly detail: string }): Promise<Finding> {
    const known = await this.#findings.find(finding)
    const isAgain = known?.state === 'open'
    const now = new Date()
    const { program, kind, imageId, storeId, locationId, subject } = finding
    const id = known?.id ?? JSON.stringify([kind, imageId, storeId, locationId, subject])
    const seen: Finding = {
      ...finding,
      id,
      program,
      state: 'open',
      firstSeenAt: isAgain ? known.firstSeenAt : now,
      lastSeenAt: now,
      lastPassId: this.passId,
      passes: isAgain ? known.passes + 1 : 1,
    }
    this.#seen.set(id, seen)
    return seen
  }

  async settle(finding: Finding, state: Exclude<FindingState, 'open'>): Promise<void> {
    this.#seen.set(finding.id, { ...finding, state })
  }

  async isPaused(): Promise<boolean> {
    return false
  }
}
