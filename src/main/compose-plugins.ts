import type { Config } from '../config/config.ts'
import { ContentRules } from '../domain/formats/content-rules.ts'
import { imageConversion } from '../domain/import/convert.ts'
import { imageDecompression } from '../domain/import/decompress.ts'
import {
  conversionOptions,
  type InjectConfig,
  importPluginOptions,
  injectOptions,
  ownConversionOptions,
} from '../domain/import/options.ts'
import type { ImportPlugin } from '../domain/import/plugin.ts'
import { openQemuImg } from '../drivers/programs/qemu-img.ts'
import { scratchFolder } from '../drivers/programs/scratch-folder.ts'
import { programUnpacker } from '../drivers/programs/unpack.ts'
import type { AppConfig } from '../http/dependencies.ts'
import { conversionTargets } from '../ports/disk-converter.ts'
import type { Logger } from '../ports/logger.ts'

/** What plugins are made of. */
export interface PluginParts extends Pick<AppConfig, 'formats' | 'upload'> {
  /** For files that live as long as a conversion. */
  readonly scratchFolder: string
  readonly log: Logger
}

/** The plugins of imports that the configuration names; made later. */
export interface PluginSettings {
  /** Undefined: imported images get no properties. */
  readonly inject: InjectConfig | undefined
  open(parts: PluginParts): readonly ImportPlugin[]
}

/** Reads which plugins there are, and their options. A plugin of one's own gets its place in `openers`, and in `choices` of the option. */
export function readPlugins(config: Config): PluginSettings {
  const { image_import_plugins: names } = config.group('image_import_opts', importPluginOptions)
  const inject = config.group('inject_metadata_properties', injectOptions)
  const { output_format: outputFormat } = config.group('image_conversion', conversionOptions)
  const { conversion_memory, conversion_timeout } = config.group('glimpse', ownConversionOptions)
  const openers: Readonly<Record<string, (parts: PluginParts) => ImportPlugin>> = {
    image_decompression: () => imageDecompression(programUnpacker),
    image_conversion: ({ formats, upload, scratchFolder: folder, log }) =>
      imageConversion({
        to: conversionTargets.find((format) => format === outputFormat) ?? 'raw',
        converter: openQemuImg({ memoryBytes: conversion_memory * 2 ** 20, timeoutMs: conversion_timeout * 1000, log }),
        scratch: scratchFolder(folder, { name: 'os_glance_staging_store' }),
        content: new ContentRules(formats),
        capBytes: upload.capBytes,
      }),
  }
  return {
    inject: names.includes('inject_image_metadata') ? inject : undefined,
    open: (parts) => names.flatMap((name) => openers[name]?.(parts) ?? []),
  }
}
