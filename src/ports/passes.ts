import type { Json } from './jobs.ts'

/** Programs that look after the whole of the service by passes. */
export const programNames = ['auditor', 'updater', 'reaper', 'replication'] as const
export type ProgramName = (typeof programNames)[number]

/** What a pass is about. Two passes of a program with the same scope do the same. */
export interface PassScope {
  /** Null: all images. */
  readonly imageId: string | null
  /** Null: all stores. */
  readonly storeId: string | null
  /** Further choices of the program, by name. */
  readonly choices: Readonly<Record<string, string | boolean>>
}

/** Sums of what was done, by name: `items`, `bytes`, and what the program counts. */
export type PassCounts = Readonly<Record<string, number>>

/** A part of a pass, which is done by one process at a time and again from its start if that process dies. */
export interface PassStep {
  /** Unique in its pass. */
  readonly name: string
  readonly input: Json
}

/** `incomplete`: some steps were given up; what they would have looked at is not known. */
export type PassState = 'open' | 'done' | 'incomplete'

export interface Pass {
  readonly id: string
  readonly program: ProgramName
  readonly scope: PassScope
  readonly state: PassState
  /** Null until the pass is planned. */
  readonly plannedSteps: number | null
  readonly doneSteps: number
  readonly failedSteps: number
  readonly counts: PassCounts
  readonly startedAt: Date
  readonly endedAt: Date | null
}

/** What all processes know of a program. */
export interface ProgramState {
  readonly isPaused: boolean
  /** When the next pass is due; null: nobody repeats its passes. */
  readonly nextPassAt: Date | null
}

/** `open`: it is still so; `repaired`: the program has put it right; `gone`: a later pass has not found it any more. */
export const findingStates = ['open', 'repaired', 'gone'] as const
export type FindingState = (typeof findingStates)[number]

/** What names a finding: seen again, it is the same one. */
export interface FindingKey {
  readonly program: ProgramName
  readonly kind: string
  readonly imageId: string | null
  readonly storeId: string | null
  /** Number of the row in `image_locations`. */
  readonly locationId: number | null
  /** What else it is about: the name of a blob, a project. */
  readonly subject: string | null
}

export interface Finding extends FindingKey {
  readonly id: string
  readonly state: FindingState
  /** For people; no secret. */
  readonly detail: string
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
  readonly lastPassId: string
  /** How many passes have seen it, without a pass in between that has not. */
  readonly passes: number
}

export interface PassQuery {
  readonly program?: ProgramName
  readonly state?: PassState
  readonly limit: number
}

export interface FindingQuery {
  readonly program?: ProgramName
  readonly kind?: string
  readonly state?: FindingState
  readonly imageId?: string
  readonly storeId?: string
  /** Seen last by that pass. */
  readonly lastPassId?: string
  /** Id of the last finding of the page before. */
  readonly marker?: string
  readonly limit: number
}

/** Passes over all nodes. All times are the database's. */
export interface PassRepository {
  program(name: ProgramName): Promise<ProgramState>
  setPaused(name: ProgramName, isPaused: boolean): Promise<void>
  /** Takes the turn to begin the next pass, once in `intervalMs` over all processes. @returns false: it is not due, or another process was faster */
  takeTurn(name: ProgramName, options: { intervalMs: number }): Promise<boolean>
  /** Begins a pass unless one of that scope is open: of those who come at once, one begins it. @returns the id of the one that is open then */
  begin(pass: Pick<Pass, 'id' | 'program' | 'scope'>): Promise<string>
  get(id: string): Promise<Pass | undefined>
  /** Newest first. */
  list(query: PassQuery): Promise<Pass[]>
  /** Records how many steps there are. */
  planned(id: string, options: { steps: number }): Promise<void>
  /** Records that a step has ended; once for each. */
  endStep(id: string, options: { step: string; counts: PassCounts; isFailed: boolean }): Promise<void>
  /** Ends an open pass with the sums of its steps. @returns whether this call did it */
  end(id: string, options: { state: Exclude<PassState, 'open'> }): Promise<boolean>
  /** Removes passes that ended longer ago than `ageMs`. @returns how many */
  purge(options: { ageMs: number }): Promise<number>
}

/** What passes have found. */
export interface FindingRepository {
  /** Records that a pass sees it, now and for the first time, or again. */
  see(passId: string, finding: FindingKey & { readonly detail: string }): Promise<Finding>
  find(key: FindingKey): Promise<Finding | undefined>
  /** By id, page by page. */
  list(query: FindingQuery): Promise<Finding[]>
  /** Ends open findings. */
  settle(ids: readonly string[], state: Exclude<FindingState, 'open'>): Promise<void>
  /** Numbers of open findings by kind. */
  openKinds(program: ProgramName): Promise<Readonly<Record<string, number>>>
  /** Removes those that were settled longer ago than `ageMs`. @returns how many */
  purge(options: { ageMs: number }): Promise<number>
}
