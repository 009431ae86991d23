import { createInterface } from 'node:readline'
import { GlimpseError } from '../../errors/error.ts'
import type { ConversionOrder, ConversionSource, DiskConverter } from '../../ports/disk-converter.ts'
import type { Logger } from '../../ports/logger.ts'
import { isMissing, type ProcessEnd, startLimited } from './limited-process.ts'

export interface QemuImgOptions {
  /** Of one conversion. */
  readonly memoryBytes: number
  readonly timeoutMs: number
  readonly log: Logger
}

/** Names of formats that differ. */
const drivers: Partial<Record<ConversionSource, string>> = { vhd: 'vpc' }
/** Where the files that are passed on lie for the program. */
const [sourceFd, targetFd] = [3, 4]

/** Converts with `qemu-img`. @see glance `async_/flows/plugins/image_conversion.py` */
export function openQemuImg({ memoryBytes, timeoutMs, log }: QemuImgOptions): DiskConverter {
  return {
    async convert(source, target, order) {
      const timeout = AbortSignal.timeout(timeoutMs)
      const { child, ended } = startLimited(convertCommand(order), {
        limits: { memoryBytes, cpuSeconds: timeoutMs / 1000, fileBytes: order.maxBytes },
        signal: AbortSignal.any([order.signal, timeout]),
        stdio: ['ignore', 'pipe', 'pipe', source.fd, target.fd],
      })
      if (child.stdout && order.onProgress) {
        for await (const line of createInterface({ input: child.stdout })) {
          const percent = /\(([\d.]+)\/100%\)/.exec(line)?.[1]
          if (percent !== undefined) order.onProgress(Number(percent))
        }
      }
      const end = await ended
      order.signal.throwIfAborted()
      if (end.code === 0) return
      log.warn({ ...end, from: order.from, to: order.to }, 'qemu-img has failed')
      // A write that fits in part is not reported as one too many.
      const isFull = (await target.size()) >= order.maxBytes
      throw failureOf(end, { order, timeoutMs, timedOut: timeout.aborted, isFull })
    },
  }
}

function convertCommand({ from, to }: ConversionOrder): string[] {
  const driver = drivers[from] ?? from
  // The whole chain is spelled out: no format is probed, and whatever the data says, no backing file is opened.
  const source = { driver, backing: null, file: { driver: 'file', filename: `/proc/self/fd/${sourceFd}` } }
  return ['qemu-img', 'convert', '-p', '-O', to, `json:${JSON.stringify(source)}`, `/proc/self/fd/${targetFd}`]
}

function failureOf(
  end: ProcessEnd,
  {
    order,
    timeoutMs,
    timedOut,
    isFull,
  }: { order: ConversionOrder; timeoutMs: number; timedOut: boolean; isFull: boolean },
): GlimpseError {
  const failed = (reason: string) => new GlimpseError('import_failed', { reason })
  if (isMissing(end)) return failed('qemu-img, or what limits it (setpriv, prlimit), is not installed here.')
  if (timedOut || end.killedBy === 'SIGXCPU') {
    return failed(`the conversion took longer than ${timeoutMs / 1000} seconds.`)
  }
  if (isFull || end.killedBy === 'SIGXFSZ' || /File too large/.test(end.complaint)) {
    return failed(`the disk would have more than ${order.maxBytes} bytes as ${order.to}.`)
  }
  if (/No space left on device|Disk quota exceeded/.test(end.complaint)) {
    return new GlimpseError('storage_full', { store: 'os_glance_staging_store' })
  }
  if (/(not|failed to) allocate/i.test(end.complaint)) {
    return failed('the conversion needs more memory than it may have.')
  }
  return failed(`qemu-img cannot convert the data from ${order.from} to ${order.to}.`)
}
