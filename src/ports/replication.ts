import type { Visibility } from './image.ts'
import type { IdRange } from './image-walk.ts'

/** Which images a rule is about: every condition that is given must hold. */
export interface ReplicationMatch {
  /** One of them. */
  readonly visibility?: readonly Visibility[]
  /** Ids of projects: one of them. */
  readonly owners?: readonly string[]
  /** All of them, with these values. */
  readonly properties?: Readonly<Record<string, string>>
  /** Both ends included. */
  readonly minSizeBytes?: number
  readonly maxSizeBytes?: number
  /** Since the image was created; both ends included. */
  readonly minAgeSeconds?: number
  readonly maxAgeSeconds?: number
}

/** Where images of a kind shall be. */
export interface ReplicationRule {
  readonly name: string
  readonly match: ReplicationMatch
  /** Ids of stores; empty: all that take data. */
  readonly stores: readonly string[]
  /** At least so many of `stores`; null: all of them. */
  readonly copies: number | null
}

/** A rule that was given by the API. */
export interface StoredRule {
  readonly rule: ReplicationRule
  readonly updatedAt: Date
}

/** `failing`: something is in the way, which the reason names; it is tried again. */
export const replicationStates = ['satisfied', 'pending', 'failing'] as const
export type ReplicationState = (typeof replicationStates)[number]

/** How an image stands with one of the rules it falls under. */
export interface RuleStatus {
  readonly rule: string
  readonly state: ReplicationState
  /** Why it is not satisfied; no secret. */
  readonly reason: string | null
}

/** How an image stands with all of them. */
export interface ReplicationStatus {
  readonly imageId: string
  readonly rules: readonly RuleStatus[]
  /** Copies that can be read as far as is known, wherever they are. */
  readonly goodCopies: number
  /** Copies are to be made. */
  readonly isDue: boolean
  /** When stores were last asked whether the copies are there; null: not yet. */
  readonly checkedAt: Date | null
}

/** One line of a list of statuses. */
export interface StatusLine extends RuleStatus {
  readonly imageId: string
  readonly goodCopies: number
  readonly checkedAt: Date | null
}

export interface ReplicationCount {
  readonly rule: string
  readonly state: ReplicationState
  readonly images: number
}

/** Rules that were given by the API, and how images stand with all rules. */
export interface ReplicationRepository {
  /** By name. */
  rules(): Promise<StoredRule[]>
  /** Takes the place of a rule of that name. @returns whether there was none */
  putRule(rule: ReplicationRule): Promise<boolean>
  /** @returns false if there was none */
  removeRule(name: string): Promise<boolean>
  /** Undefined for an image that falls under no rule, as far as is known. */
  status(imageId: string): Promise<ReplicationStatus | undefined>
  /** Of images in the range, by id; with `after` only of those behind that id, with `upTo` up to and with that id. */
  statuses(
    range: IdRange,
    options?: { after?: string | undefined; upTo?: string | undefined },
  ): Promise<ReplicationStatus[]>
  /**
   * Replaces what was known of the image, and ends its claim, unless its owner's name begins with `keepsClaimsOf`; without
   * rules it is forgotten.
   */
  record(status: ReplicationStatus, options?: { keepsClaimsOf?: string }): Promise<void>
  /**
   * Takes an image that is due and that nobody has claimed: one with the fewest good copies. The claim lasts until the image
   * is recorded. Undefined if there is none.
   */
  claim(options: { owner: string }): Promise<string | undefined>
  /** Images that the owner has claimed: its process may have died over one. */
  claimsOf(owner: string): Promise<string[]>
  /** Numbers of images by rule and state. */
  counts(): Promise<ReplicationCount[]>
  /** A page by image and rule, from behind the line `after`. */
  lines(query: {
    state?: ReplicationState | undefined
    rule?: string | undefined
    after?: Pick<StatusLine, 'imageId' | 'rule'> | undefined
    limit: number
  }): Promise<StatusLine[]>
}
