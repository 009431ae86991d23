import { readFileSync } from 'node:fs'
import type { DatabaseTls } from '../../../config/database-url.ts'

interface TlsOptions {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** mysql2 checks the name only when told to; Node checks it unless this says that any name will do. */
  readonly verifyIdentity?: boolean
  readonly checkServerIdentity?: () => undefined
}

/** What the clients of MySQL and PostgreSQL are told of TLS; undefined for a plain connection. Reads the files. */
export function tlsOptions(tls: DatabaseTls | undefined): TlsOptions | undefined {
  if (!tls) return undefined
  return {
    rejectUnauthorized: tls.verify !== 'none',
    ...(tls.verify === 'full' ? { verifyIdentity: true } : { checkServerIdentity: () => undefined }),
    ...(tls.caFile ? { ca: readFileSync(tls.caFile, 'utf8') } : {}),
    ...(tls.certFile ? { cert: readFileSync(tls.certFile, 'utf8') } : {}),
    ...(tls.keyFile ? { key: readFileSync(tls.keyFile, 'utf8') } : {}),
  }
}
