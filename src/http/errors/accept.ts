interface Range {
  readonly type: string
  readonly quality: number
}

function parse(header: string): Range[] {
  const ranges: Range[] = []
  for (const part of header.split(',')) {
    const [type = '', ...parameters] = part.split(';')
    if (!type.includes('/')) continue
    let quality = 1
    for (const parameter of parameters) {
      const [name, value] = parameter.split('=')
      if (name?.trim().toLowerCase() === 'q') quality = Number(value)
    }
    if (Number.isFinite(quality)) ranges.push({ type: type.trim().toLowerCase(), quality })
  }
  return ranges
}

function qualityOf(offer: string, ranges: readonly Range[]): number {
  const family = `${offer.slice(0, offer.indexOf('/'))}/*`
  const match =
    ranges.find((range) => range.type === offer) ??
    ranges.find((range) => range.type === family) ??
    ranges.find((range) => range.type === '*/*')
  return match?.quality ?? 0
}

/**
 * The media type of `offers` that an `Accept` header likes best; on a tie the one offered first.
 * Without a header, or with one that cannot be read, anything is accepted; undefined if nothing offered is acceptable.
 */
export function bestOffer<O extends string>(header: string | undefined, offers: readonly O[]): O | undefined {
  if (!header) return offers[0]
  const ranges = parse(header)
  if (ranges.length === 0) return offers[0]
  let best: O | undefined
  let bestQuality = 0
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges)
    if (quality > bestQuality) {
      best = offer
      bestQuality = quality
    }
  }
  return best
}
