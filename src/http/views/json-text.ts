const plainText = /^[ !#-[\]-~]*$/

/** The JSON of a text or null. Plain ASCII, which most values are, needs no escapes and is not searched for them twice. */
export function quote(text: string | null): string {
  if (text === null) return 'null'
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text)
}

const dayMs = 86_400_000
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))
let lastDay = Number.NaN
let lastDayText = ''

/** `2026-01-31T12:00:00Z`: the service's time stamps, in whole seconds. Neighbours in a list are often of one day. */
export function timestamp(date: Date): string {
  const time = date.getTime()
  const day = Math.floor(time / dayMs)
  if (day !== lastDay) {
    lastDay = day
    lastDayText = date.toISOString().slice(0, 11)
  }
  const seconds = Math.floor((time - day * dayMs) / 1000)
  const minutes = Math.floor(seconds / 60)
  return `${lastDayText}${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}Z`
}
