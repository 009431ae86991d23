/** A rule as the service ships it. A policy file may replace it. */
export interface RuleDefault {
  readonly check: string
  /**
   * What the rule said before the reader and member roles. Unless `enforce_new_defaults` is set, and unless a policy file
   * gives the rule, meeting this one is enough too.
   */
  readonly formerCheck?: string
  /** The scope that a token must have if `enforce_scope` is set. */
  readonly scope?: 'project'
  /** Requests that ask the rule. */
  readonly operations: readonly string[]
}

export type RuleTable = Readonly<Record<string, RuleDefault>>
