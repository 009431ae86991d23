import { ContentRules } from '../../src/domain/formats/content-rules.ts'
import { imageConversion } from '../../src/domain/import/convert.ts'
import type { ImportPlugin } from '../../src/domain/import/plugin.ts'
import { openQemuImg } from '../../src/drivers/programs/qemu-img.ts'
import { scratchFolder } from '../../src/drivers/programs/scratch-folder.ts'
import type { ConversionTarget } from '../../src/ports/disk-converter.ts'
import type { Logger } from '../../src/ports/logger.ts'
import { defaultRules } from './inspect.ts'

export interface ConversionSettings {
  readonly folder: string
  readonly log: Logger
  readonly to?: ConversionTarget
  readonly memoryBytes?: number
  readonly timeoutMs?: number
  readonly capBytes?: number
}

/** The plugin `image_conversion` as a service has it, with the limits given. */
export function conversionPlugin({
  folder,
  log,
  to = 'raw',
  memoryBytes = 2 ** 30,
  timeoutMs = 60_000,
  capBytes = 2 ** 30,
}: ConversionSettings): ImportPlugin {
  return imageConversion({
    to,
    capBytes,
    converter: openQemuImg({ memoryBytes, timeoutMs, log }),
    scratch: scratchFolder(folder, { name: 'os_glance_staging_store' }),
    content: new ContentRules(defaultRules),
  })
}
