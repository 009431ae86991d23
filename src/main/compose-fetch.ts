import type { Config } from '../config/config.ts'
import { type ImportFilteringConfig, import_filtering_optsOptions } from '../domain/fetch/options.ts'
import { UriFilter } from '../domain/fetch/uri-filter.ts'
import type { WebRules } from '../drivers/stores/http/http-store.ts'

const group = 'import_filtering_opts'

/** Reads which web addresses users may make the service fetch. Any number of readers may ask. */
export function readImportFiltering(config: Config): ImportFilteringConfig {
  const values = config.group(group, import_filtering_optsOptions)
  for (const name of ['allowed_ports', 'disallowed_ports'] as const) {
    const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535
    if (!values[name].every(isPort)) config.refuse({ group, name }, 'expected numbers from 1 to 65535')
  }
  return values
}

/** What the http store may read: hosts of operators, wherever they are, and of others what is no local address. */
export function webRules(config: ImportFilteringConfig, localHosts: readonly string[]): WebRules {
  const filter = new UriFilter(config)
  const trusted = new Set(localHosts.map((host) => host.toLowerCase()))
  return {
    trusts: (host) => trusted.has(host.toLowerCase()) || filter.names(host),
    refuses: (address) => filter.refusesAddress(address),
    follows: (url) => filter.refusal(url) === undefined,
  }
}
