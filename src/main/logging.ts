import { once } from 'node:events'
import { pino } from 'pino'
import type { OptionGroup, Values } from '../config/option.ts'
import type { Logger } from '../ports/logger.ts'

/** Where and how the log is written. @see oslo.log `log/_options.py` */
export const loggingOptions = {
  debug: { type: 'boolean', default: false, help: 'Log debug messages too.' },
  log_file: {
    type: 'string',
    default: null,
    deprecatedNames: ['logfile'],
    help: 'File that the log is appended to; standard error if unset. A relative name is taken within log_dir.',
  },
  log_dir: { type: 'string', default: null, deprecatedNames: ['logdir'], help: 'Directory of log_file.' },
  use_json: { type: 'boolean', default: false, help: 'One JSON object per line instead of the lines of oslo.log.' },
} as const satisfies OptionGroup

export interface Log extends Logger {
  /** Opens the file anew, after rotation. */
  reopen(): void
  flush(): void
}

type Level = 'debug' | 'info' | 'warn' | 'error'
type Sink = ReturnType<typeof pino.destination>

const levelNames: Readonly<Record<Level, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }
const secretKeys = /token|password|secret|authorization|cookie/i
/** Lines are gathered, so that a busy service does not pay a system call for each. */
const buffering = { sync: false, minLength: 32_768, maxWrite: 65_536, periodicFlush: 200 }
/** Secret keys of S3 may hold slashes. */
const urlCredentials = /((?:s3(?:\+https?)?):\/\/)[^\s@]*@|(\w[\w+.-]*:\/\/)[^\s/@]*@/g

/** Opens the log. Lines are those of oslo.log (`use_json` off) or JSON; credentials within URLs and secret fields are masked. */
export async function openLog(options: Values<typeof loggingOptions>): Promise<Log> {
  const path = logPath(options)
  const sink = pino.destination({
    ...(path === undefined ? { fd: 2 } : { dest: path, mkdir: true, mode: 0o640 }),
    ...buffering,
  })
  if (path !== undefined) await once(sink, 'ready')
  const base = options.use_json
    ? jsonLogger(sink, options.debug)
    : new OsloLogger(sink, { debug: options.debug, bound: {} })
  return Object.assign(base, {
    reopen: () => path !== undefined && sink.reopen(),
    flush: () => sink.flushSync(),
  })
}

/** The file that the options name; undefined for standard error. */
export function logPath({
  log_file,
  log_dir,
}: Pick<Values<typeof loggingOptions>, 'log_file' | 'log_dir'>): string | undefined {
  if (log_file === null) return undefined
  return log_dir === null || log_file.startsWith('/') ? log_file : `${log_dir}/${log_file}`
}

function jsonLogger(sink: Sink, debug: boolean): Logger {
  return pino(
    {
      level: debug ? 'debug' : 'info',
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => mask(fields) as Record<string, unknown> },
    },
    sink,
  )
}

/** `2026-01-31 23:59:59.123 4711 INFO glance [req-... user project - - -] message key=value` */
class OsloLogger implements Logger {
  readonly #sink: Sink
  readonly #debug: boolean
  readonly #bound: Readonly<Record<string, unknown>>
  readonly #context: string

  constructor(sink: Sink, options: { debug: boolean; bound: Readonly<Record<string, unknown>> }) {
    this.#sink = sink
    this.#debug = options.debug
    this.#bound = options.bound
    this.#context = contextText(options.bound)
  }

  debug(fields: object, message: string): void {
    if (this.#debug) this.#write('debug', fields, message)
  }
  info(fields: object, message: string): void {
    this.#write('info', fields, message)
  }
  warn(fields: object, message: string): void {
    this.#write('warn', fields, message)
  }
  error(fields: object, message: string): void {
    this.#write('error', fields, message)
  }
  child(bindings: Record<string, unknown>): Logger {
    return new OsloLogger(this.#sink, { debug: this.#debug, bound: { ...this.#bound, ...bindings } })
  }

  #write(level: Level, fields: object, message: string): void {
    const time = new Date().toISOString().slice(0, 23).replace('T', ' ')
    const context = 'requestId' in fields ? contextText(fields) : this.#context
    let line = `${time} ${process.pid} ${levelNames[level]} glance [${context}] ${message}`
    for (const source of [this.#bound, fields]) {
      for (const [key, value] of Object.entries(source)) {
        if (value !== undefined && !contextKeys.has(key))
          line += ` ${key}=${secretKeys.test(key) ? '***' : text(value)}`
      }
    }
    this.#sink.write(`${line}\n`)
  }
}

const contextKeys: ReadonlySet<string> = new Set(['requestId', 'userId', 'projectId'])

/** What stands in brackets: ids of the request, its user and his project. */
function contextText({
  requestId,
  userId,
  projectId,
}: {
  requestId?: unknown
  userId?: unknown
  projectId?: unknown
}): string {
  return requestId === undefined ? '-' : `${requestId} ${userId ?? '-'} ${projectId ?? '-'} - - -`
}

function text(value: unknown): string {
  if (value instanceof Error) return text(describe(value))
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const plain = typeof value === 'string' ? value : JSON.stringify(mask(value))
  return (plain.includes('@') ? plain.replace(urlCredentials, '$1$2***@') : plain).replaceAll('\n', '\n    ')
}

/** Stack and chain of causes. */
function describe(error: Error): string {
  const own = error.stack ?? String(error)
  return error.cause instanceof Error ? `${own}\ncaused by: ${describe(error.cause)}` : own
}

function mask(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('@') ? value.replace(urlCredentials, '$1$2***@') : value
  if (value instanceof Error) return { type: value.name, message: mask(value.message), stack: mask(describe(value)) }
  if (Array.isArray(value)) return value.map(mask)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, secretKeys.test(key) ? '***' : mask(v)]))
}
