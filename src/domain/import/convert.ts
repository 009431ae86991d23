import { GlimpseError } from '../../errors/error.ts'
import {
  type ConversionSource,
  type ConversionTarget,
  conversionSources,
  type DiskConverter,
} from '../../ports/disk-converter.ts'
import type { ScratchFile, ScratchSpace } from '../../ports/scratch.ts'
import type { ContentRules } from '../formats/content-rules.ts'
import { copyInto } from './copy-into.ts'
import type { ImportData, ImportPlugin, PluginContext } from './plugin.ts'

const mebibyte = 2 ** 20

export interface ConversionOptions {
  /** `[image_conversion] output_format` */
  readonly to: ConversionTarget
  readonly converter: DiskConverter
  readonly scratch: ScratchSpace
  readonly content: ContentRules
  /** `image_size_cap`, for the data before and after. */
  readonly capBytes: number
}

/**
 * Rewrites disks in the configured format, in files that nobody else can open and that are gone with the process. What
 * is converted has passed our own inspection as exactly what it says it is; what comes out has to as well.
 * @see glance `async_/flows/plugins/image_conversion.py`
 */
export function imageConversion(options: ConversionOptions): ImportPlugin {
  const { to, scratch, converter, capBytes } = options
  return {
    name: 'image_conversion',
    async apply(data, context) {
      const { diskFormat } = data
      // What lies in a container is not a disk that a program could read.
      if (data.containerFormat !== 'bare') return data
      if (diskFormat === to || diskFormat === 'iso') return { ...data, isExact: true }
      try {
        const from = sourceFormat(diskFormat)
        await using opened = new AsyncDisposableStack()
        const source = opened.use(await scratch.create())
        await keep(data, source, { ...options, ...context })
        await using results = new AsyncDisposableStack()
        const result = results.use(await scratch.create())
        await converter.convert(source, result, {
          ...{ from, to, maxBytes: capBytes, signal: context.signal },
          onProgress: (percent) => context.tell(() => `Converted ${Math.floor(percent)} %`),
        })
        const sizeBytes = await result.size()
        results.move()
        return { body: result.drain(), sizeBytes, diskFormat: to, containerFormat: 'bare', isExact: true }
      } catch (error) {
        data.body.destroy()
        throw error
      }
    },
  }
}

/** Puts the data into a file, unless it is not what it says it is. */
async function keep(
  data: ImportData,
  file: ScratchFile,
  { content, to, capBytes, signal, tell }: ConversionOptions & PluginContext,
): Promise<void> {
  const check = content.inspect(data, 'conversion')
  const write = async (chunk: Uint8Array) => {
    check.eat(chunk)
    await file.write(chunk)
  }
  const checkSize = (bytes: number) => {
    if (bytes > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
    tell(() => `Fetched ${Math.floor(bytes / mebibyte)} MiB for the conversion`)
  }
  await copyInto({ write }, data.body, { sizeBytes: data.sizeBytes, checkSize, signal })
  const virtualSizeBytes = check.finish()
  if (to === 'raw' && (virtualSizeBytes ?? 0) > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
}

function sourceFormat(diskFormat: string | null): ConversionSource {
  const format = conversionSources.find((known) => known === diskFormat)
  if (format) return format
  throw new GlimpseError('import_failed', { reason: `images with disk_format ${diskFormat} cannot be converted.` })
}
