/** What the identity service says of a caller: a `RequestContext` before policy has judged it. */
export interface Identity {
  readonly userId: string | null
  readonly projectId: string | null
  readonly userDomainId: string | null
  readonly projectDomainId: string | null
  readonly domainId: string | null
  /** Lower case. */
  readonly roles: readonly string[]
  readonly systemScope: 'all' | null
  /** Roles of the service token, lower case; empty without one. */
  readonly serviceRoles: readonly string[]
  readonly token: string | null
  /** False only if Keystone says that the project is not its admin project. */
  readonly isAdminProject?: boolean
  /** Who sent the service token; absent without one. */
  readonly service?: ServiceIdentity
  /** Set by identity services without roles (`flavor =` none): the caller may do everything. */
  readonly isAdmin?: boolean
}

/** The service that passes a user's request on. */
export interface ServiceIdentity {
  readonly userId: string | null
  readonly userDomainId: string | null
  readonly projectId: string | null
  readonly projectDomainId: string | null
}

/** What a request brings along to prove who sends it; header values as received. */
export interface Proof {
  readonly token: string | undefined
  readonly serviceToken: string | undefined
  readonly authorization: string | undefined
  /** The request, for tokens that may do certain requests only. */
  readonly method?: string
  /** Without the query. */
  readonly path?: string
}

/** Acting for callers after they have gone, with their own right. */
export interface Delegation {
  /** Hides a token from those who read the database. */
  seal(token: string): string
  /** Undefined if it was sealed by a service with another account. */
  open(sealed: string): string | undefined
  /**
   * URL of the image service in the catalog of the token. @param options `face`: `public`, `internal` or `admin`
   * @returns undefined if there is none, or the token is no longer valid. @throws identity_unavailable
   */
  imageEndpoint(token: string, options: { region: string; face: string }): Promise<string | undefined>
}

export interface IdentityService {
  /**
   * Tells who sent `proof`. A synchronous answer (from a cache) is allowed: it keeps the hot path free of a tick.
   * @throws unauthorized (the HTTP layer adds `WWW-Authenticate` from `challenge`), identity_unavailable
   */
  authenticate(proof: Proof, options: { signal?: AbortSignal }): Promise<Identity> | Identity
  /** Value of `WWW-Authenticate` for a 401, if the service has one. */
  readonly challenge: string | null
  /** Absent where there are no tokens. */
  readonly delegation?: Delegation
  close(): Promise<void>
}
