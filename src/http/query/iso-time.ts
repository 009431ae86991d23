const pattern =
  /^(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?(?:[ T](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/

function offsetMinutes(zone: string | undefined): number {
  if (!zone || zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)
  return zone.startsWith('-') ? -minutes : minutes
}

/**
 * Reads an ISO 8601 date or time, UTC unless it names a zone; undefined if it is none.
 * @see oslo.utils `timeutils.parse_isotime`
 */
export function parseIsoTime(text: string): Date | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '0', zone] = match
  const milliseconds = Math.trunc(Number(`0.${fraction}`) * 1000)
  const time = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  )
  const date = new Date(time)
  const valid =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60
  return valid ? new Date(time - offsetMinutes(zone) * 60_000) : undefined
}
