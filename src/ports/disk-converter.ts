import type { ScratchFile } from './scratch.ts'

/** Formats that disks are converted to. @see glance `[image_conversion] output_format` */
export const conversionTargets = ['qcow2', 'raw', 'vmdk'] as const
export type ConversionTarget = (typeof conversionTargets)[number]

/** Formats that disks are converted from, in the words of `disk_format`. */
export const conversionSources = ['qcow2', 'raw', 'vdi', 'vhd', 'vhdx', 'vmdk'] as const
export type ConversionSource = (typeof conversionSources)[number]

export interface ConversionOrder {
  /** What the data is known to be: nothing is guessed, and no other file that it may name is opened as its backing file. */
  readonly from: ConversionSource
  readonly to: ConversionTarget
  /** The result may not be larger. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Called with percents. */
  readonly onProgress?: (percent: number) => void
}

/** Rewrites disks in another format. */
export interface DiskConverter {
  /**
   * Fills `target`, which is empty, with the disk in `source`.
   * @throws import_failed (data that cannot be converted, limits of time, memory and size), storage_full; the reason of the signal
   */
  convert(source: ScratchFile, target: ScratchFile, order: ConversionOrder): Promise<void>
}
