import type { Dispatcher } from 'undici'
import type { EndpointChoice, Keystone } from './keystone.ts'
import type { SwiftStoreConfig } from './options.ts'

/** What all calls of one store share. */
export interface Connection {
  readonly storeId: string
  readonly config: SwiftStoreConfig
  readonly dispatcher: Dispatcher
  readonly keystone: Keystone
  readonly endpointChoice: EndpointChoice
}
