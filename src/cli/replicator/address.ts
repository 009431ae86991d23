import { isIPv6 } from 'node:net'

/** One of the two services: at an address, or as a cloud of clouds.yaml has it. */
export type Place = { readonly endpoint: string } | { readonly cloud: string }

const pair = /^(?<host>\[[\da-f:.]+\]|[^:/[\]\s@]+):(?<port>\d{1,5})$/i
const cloudName = /^[^.:/\s@]+$/

/**
 * Reads the argument that names a service: `host:port`, `[IPv6]:port`, a URL that may have a prefix, or a cloud's name.
 * @throws if it is none of these, or holds a password
 * @see glance `common/utils.py`: `parse_valid_host_port`
 */
export function parsePlace(text: string): Place {
  if (/^https?:\/\//i.test(text)) return { endpoint: checkUrl(text) }
  const { host, port } = pair.exec(text)?.groups ?? {}
  if (host !== undefined && port !== undefined) {
    const valid = Number(port) >= 1 && Number(port) <= 65535 && (!host.startsWith('[') || isIPv6(host.slice(1, -1)))
    if (valid && URL.canParse(`http://${host}:${port}`)) return { endpoint: `http://${host}:${port}` }
  } else if (cloudName.test(text)) return { cloud: text }
  throw new Error(
    `${text} names no image service: give host:port ([address]:port for IPv6), a URL, or a cloud of clouds.yaml.`,
  )
}

function checkUrl(text: string): string {
  if (!URL.canParse(text)) throw new Error(`${text} is no valid URL.`)
  const { username, password, search, hash } = new URL(text)
  if (username || password) throw new Error('Leave credentials out of the URL: give a token, or OS_* variables.')
  if (search || hash) throw new Error(`${text} has more than an address and a path.`)
  return text
}
