/** What a remote policy service is told. */
export interface RemoteQuestion {
  /** The rule that was asked for. */
  readonly rule: string
  /** Serialisable to JSON. */
  readonly target: unknown
  readonly credentials: Readonly<Record<string, unknown>>
}

/**
 * Answers `http:` and `https:` checks of policy rules.
 * @see oslo.policy `_external.py`
 */
export interface RemoteCheck {
  /** True only if the service at `url` says so; a service that cannot be asked denies. */
  allows(url: string, question: RemoteQuestion): Promise<boolean>
}
