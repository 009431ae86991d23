import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'

const local = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  // Where one vendor of clouds keeps its metadata.
  ['100.100.100.200', 32],
] as const) {
  local.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  // IPv4 addresses behind a translator.
  ['64:ff9b::7f00:0', 104],
  ['64:ff9b::a9fe:0', 112],
] as const) {
  local.addSubnet(network, prefix, 'ipv6')
}

/** True for addresses of this machine, of its link, and of the metadata service of clouds. */
export function isLocalAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  const family = isIP(plain)
  return family !== 0 && local.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

/** Who may be connected to although the address would not allow it, and the other way round. */
export interface AddressRules {
  /** Operators have named the host: every address of it will do. */
  trusts(host: string): boolean
  refuses(address: string): boolean
}

function refused(): NodeJS.ErrnoException {
  return Object.assign(new Error('the address is not one that may be fetched from'), { code: 'EADDRREFUSED' })
}

function isRefused(address: string, rules: AddressRules): boolean {
  return isLocalAddress(address) || rules.refuses(address)
}

/** Whether a host, as it stands in a URL, is an address that may not be connected to. Of a name nothing is known. */
export function isRefusedHost(hostname: string, rules: AddressRules): boolean {
  const host = unbracketed(hostname)
  return isIP(host) !== 0 && isRefused(host, rules) && !rules.trusts(host)
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/**
 * Connects as undici does, to addresses only that `rules` allow. What was checked is what is connected to: a name is
 * resolved once, and addresses that are refused are left out.
 */
export function guardedConnector(options: buildConnector.BuildOptions, rules: AddressRules): buildConnector.connector {
  const lookup: LookupFunction = (hostname, given, done) => {
    resolve(hostname, { ...given, all: true }, (error, found) => {
      if (error) return done(error, [])
      const usable = found.filter(({ address }) => !isRefused(address, rules))
      const [first] = usable
      if (first === undefined) return done(refused(), [])
      if (given.all) done(null, usable)
      else done(null, first.address, first.family)
    })
  }
  const trusting = buildConnector(options)
  const wary = buildConnector({ ...options, lookup } as buildConnector.BuildOptions)
  return (target, done) => {
    if (rules.trusts(unbracketed(target.hostname))) return trusting(target, done)
    if (isRefusedHost(target.hostname, rules)) return done(refused(), null)
    wary(target, done)
  }
}
