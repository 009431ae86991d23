import { GlimpseError } from '../../errors/error.ts'
import type { Identity } from '../../ports/identity.ts'
import type { AccessRule } from './access-rules.ts'

/** What Keystone says of a token. The token itself is in none of it. */
export interface ValidatedToken {
  readonly identity: Identity & { readonly token: null }
  readonly expiresAtMs: number
  /** Of an application credential; absent: no restriction. */
  readonly accessRules?: readonly AccessRule[]
}

interface Scoped {
  readonly id: string
  readonly domain?: { readonly id: string }
}

interface TokenBody {
  readonly token: {
    readonly expires_at: string
    readonly user: Scoped
    readonly project?: Scoped
    readonly domain?: Scoped
    readonly system?: { readonly all?: boolean }
    readonly roles?: readonly { readonly name: string }[]
    readonly is_admin_project?: boolean
    readonly application_credential?: { readonly access_rules?: readonly AccessRule[] | null }
  }
}

/** Reads the body of `GET /v3/auth/tokens`. @throws identity_unavailable if it is none */
export function parseToken(body: unknown): ValidatedToken {
  try {
    const { token } = body as TokenBody
    const expiresAtMs = Date.parse(token.expires_at)
    if (Number.isNaN(expiresAtMs)) throw new TypeError('expires_at is no time')
    const accessRules = token.application_credential?.access_rules
    return {
      identity: {
        userId: token.user.id,
        userDomainId: token.user.domain?.id ?? null,
        projectId: token.project?.id ?? null,
        projectDomainId: token.project?.domain?.id ?? null,
        domainId: token.domain?.id ?? null,
        roles: (token.roles ?? []).map(({ name }) => name.toLowerCase()),
        systemScope: token.system?.all ? 'all' : null,
        serviceRoles: [],
        token: null,
        isAdminProject: token.is_admin_project ?? true,
      },
      expiresAtMs,
      ...(accessRules && { accessRules }),
    }
  } catch (error) {
    throw new GlimpseError('identity_unavailable', { reason: 'its answer cannot be understood' }, { cause: error })
  }
}
