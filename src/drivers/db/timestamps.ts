import type { Dialect } from './database.ts'

/**
 * UTC time as the columns hold it. SQLite's text has microseconds as SQLAlchemy writes them, so that
 * comparing text compares times; the others get whole seconds.
 */
export function formatTimestamp(at: Date, dialect: Dialect): string {
  const iso = at.toISOString()
  const seconds = `${iso.slice(0, 10)} ${iso.slice(11, 19)}`
  return dialect === 'sqlite' ? `${seconds}.${iso.slice(20, 23)}000` : seconds
}

/** The whole second of `YYYY-MM-DD HH:MM:SS[.ffffff]`. */
export function parseTimestamp(text: string): Date {
  return new Date(
    Date.UTC(
      number(text, 0, 4),
      number(text, 5, 7) - 1,
      number(text, 8, 10),
      number(text, 11, 13),
      number(text, 14, 16),
      number(text, 17, 19),
    ),
  )
}

/** Now, cut to the whole second that the columns hold. */
export function now(): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000)
}

function number(text: string, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) value = value * 10 + text.charCodeAt(i) - 48
  return value
}
