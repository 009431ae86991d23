import type { DaemonOptions } from './daemon.ts'

/** What `daemon` is told beside the two services. */
export const daemonFlags: readonly (readonly [flags: string, help: string])[] = [
  ['--filter <name=value...>', 'only images that fit, in the words of the API: visibility=public, owner=..., tag=...'],
  ['--interval <seconds>', 'pause between two rounds (default: 300)'],
  ['--once', 'do one round and end'],
  ['--parallel <number>', 'images that are copied at the same time (default: 2)'],
  ['--state <path>', 'file that remembers which images are the same in both services, over restarts'],
  ['--recheck <seconds>', 'ask the target again for images that are remembered for so long (default: 86400)'],
]

/** @throws if a flag cannot be meant */
export function readDaemonFlags(
  flags: Readonly<Record<string, unknown>>,
  [from = '', to = '']: readonly string[],
): DaemonOptions {
  return {
    filter: filterOf((flags.filter ?? []) as readonly string[]),
    intervalMs: numberOf('interval', flags, { fallback: 300, least: 1 }) * 1000,
    recheckMs: numberOf('recheck', flags, { fallback: 86_400, least: 0 }) * 1000,
    parallel: numberOf('parallel', flags, { fallback: 2, least: 1 }),
    isOnce: flags.once === true,
    statePath: flags.state as string | undefined,
    places: `${from} ${to}`,
  }
}

function filterOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new Error(`--filter ${text}: write name=value.`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

function numberOf(
  name: string,
  flags: Readonly<Record<string, unknown>>,
  { fallback, least }: { fallback: number; least: number },
): number {
  const text = flags[name]
  if (text === undefined) return fallback
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  throw new Error(`--${name} ${text}: expected a whole number of at least ${least}.`)
}
