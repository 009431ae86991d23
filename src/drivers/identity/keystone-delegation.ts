import { randomUUID } from 'node:crypto'
import type { Delegation } from '../../ports/identity.ts'
import type { KeystoneClient } from './keystone-client.ts'
import { createSealer } from './sealer.ts'

interface Endpoint {
  readonly interface: string
  readonly region?: string | null
  readonly region_id?: string | null
  readonly url: string
}

interface CatalogBody {
  readonly token?: { readonly catalog?: readonly { readonly type: string; readonly endpoints: readonly Endpoint[] }[] }
}

/** @param secret known to all nodes of the service, and to nobody else */
export function keystoneDelegation(client: KeystoneClient, { secret }: { secret: string }): Delegation {
  const sealer = createSealer('ENCRYPT', secret)
  return {
    seal(token) {
      const name = randomUUID()
      return `${name}:${sealer.seal(name, token)}`
    },
    open(sealed) {
      const at = sealed.indexOf(':')
      return sealer.open(sealed.slice(0, at), sealed.slice(at + 1))
    },
    async imageEndpoint(token, { region, face }) {
      const body = (await client.get('/auth/tokens', { 'x-subject-token': token })) as CatalogBody | undefined
      const services = body?.token?.catalog?.filter(({ type }) => type === 'image') ?? []
      const fits = (endpoint: Endpoint) =>
        endpoint.interface === face && (endpoint.region_id ?? endpoint.region) === region
      return services.flatMap(({ endpoints }) => endpoints).find(fits)?.url
    },
  }
}
