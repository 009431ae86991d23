import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { Logger } from '../../ports/logger.ts'
import type { RemoteCheck, RemoteQuestion } from '../../ports/remote-check.ts'

export interface RemoteCheckOptions {
  /** `remote_content_type` */
  readonly contentType: string
  /** `remote_ssl_verify_server_crt` */
  readonly verifyServer: boolean
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
  readonly timeoutMs: number
  readonly log: Logger
}

/**
 * Asks `http:` and `https:` checks over the network. The answer is `True`, or the caller is refused.
 * @see oslo.policy `_external.py`
 */
export function openRemoteCheck(options: RemoteCheckOptions): RemoteCheck & { close(): Promise<void> } {
  const { contentType, verifyServer, caFile, certFile, keyFile, timeoutMs, log } = options
  const dispatcher = new Agent({
    connect: {
      rejectUnauthorized: verifyServer,
      timeout: timeoutMs,
      ...(verifyServer && caFile && { ca: readFileSync(caFile, 'utf8') }),
      ...(certFile && { cert: readFileSync(certFile, 'utf8') }),
      ...(keyFile && { key: readFileSync(keyFile, 'utf8') }),
    },
  })
  return {
    async allows(url, question) {
      try {
        const { body } = await request(url, {
          dispatcher,
          method: 'POST',
          headers: { 'content-type': contentType },
          body: encode(question, contentType),
          signal: AbortSignal.timeout(timeoutMs),
        })
        return (await body.text()).replace(/^"+|"+$/g, '') === 'True'
      } catch (error) {
        log.error({ err: error, rule: question.rule }, 'The service of a remote policy check cannot be asked; refused')
        return false
      }
    },
    close: () => dispatcher.close(),
  }
}

function encode({ rule, target, credentials }: RemoteQuestion, contentType: string): string {
  if (contentType === 'application/json') return JSON.stringify({ rule, target, credentials })
  return new URLSearchParams({
    rule: JSON.stringify(rule),
    target: JSON.stringify(target),
    credentials: JSON.stringify(credentials),
  }).toString()
}
