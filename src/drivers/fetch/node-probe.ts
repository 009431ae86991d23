import { request } from 'undici'
import type { NodeProbe } from '../../ports/node-probe.ts'

const limitMs = 10_000

/** Asks nodes that operators have named in their configuration. */
export const httpNodeProbe: NodeProbe = {
  async answers(url) {
    try {
      const { body } = await request(url, { signal: AbortSignal.timeout(limitMs) })
      await body.dump()
      return true
    } catch {
      return false
    }
  },
}
