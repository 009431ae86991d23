import { isIP, isIPv4 } from 'node:net'
import type { ImportFilteringConfig } from './options.ts'

/** One kind of allowed and disallowed values; the former count alone where there are any. */
interface Gate {
  readonly allowed: ReadonlySet<string>
  readonly disallowed: ReadonlySet<string>
}

function gateOf(allowed: readonly string[], disallowed: readonly string[]): Gate {
  const lower = (values: readonly string[]) => new Set(values.map((value) => value.trim().toLowerCase()))
  return { allowed: lower(allowed), disallowed: lower(allowed.length > 0 ? [] : disallowed) }
}

function passes({ allowed, disallowed }: Gate, value: string): boolean {
  return (allowed.size === 0 || allowed.has(value)) && !disallowed.has(value)
}

/**
 * What users may make the service fetch, by what is written in the address. Where a name leads is known only when it is
 * connected to: see `drivers/fetch`.
 * @see glance `common/utils.py` `validate_import_uri`, Debian's `get_validated_address`
 */
export class UriFilter {
  readonly #schemes: Gate
  readonly #hosts: Gate
  readonly #ports: Gate

  constructor(config: ImportFilteringConfig) {
    this.#schemes = gateOf(config.allowed_schemes, config.disallowed_schemes)
    this.#hosts = gateOf(config.allowed_hosts, config.disallowed_hosts)
    this.#ports = gateOf(config.allowed_ports, config.disallowed_ports)
  }

  /** What of `uri` is not allowed; undefined if nothing. Never repeats the URI, which may hold credentials. */
  refusal(uri: string): 'address' | 'scheme' | 'host' | 'port' | undefined {
    if (!URL.canParse(uri)) return 'address'
    const url = new URL(uri)
    const host = hostOf(url)
    if (!passes(this.#schemes, url.protocol.slice(0, -1))) return 'scheme'
    if (host === '' || isDisguised(uri, host) || !passes(this.#hosts, host)) return 'host'
    if (url.port !== '' && !passes(this.#ports, url.port)) return 'port'
  }

  /** Whether operators have named the host, so that it may also be a local one. */
  names(host: string): boolean {
    return this.#hosts.allowed.has(host.toLowerCase())
  }

  /** Whether connections to that IP address are refused, whatever name led there. */
  refusesAddress(address: string): boolean {
    return this.#hosts.disallowed.has(address.toLowerCase())
  }
}

/** The host without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

/** An IPv4 address in another notation (decimal, octal, shortened) is only of use to who hides it. */
function isDisguised(uri: string, host: string): boolean {
  if (!isIPv4(host)) return isIP(host) === 0 && /^[0-9.]+$/.test(host)
  const written = /^[^:]+:\/\/(?:[^/?#]*@)?([^/?#:]*)/.exec(uri)?.[1]
  return written !== host
}
