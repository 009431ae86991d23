import { GlimpseError } from '../../errors/error.ts'
import { Inspection, type Report } from './inspection.ts'
import type { Flaw, FormatName, Found, Severity } from './probe.ts'

export interface ContentConfig {
  readonly require_image_format_match: boolean
  readonly gpt_safety_checks_nonfatal: readonly string[]
  readonly vmdk_allowed_types: readonly string[]
}

/** The image as it says of itself. */
export interface DeclaredFormat {
  readonly diskFormat: string | null
  readonly containerFormat: string | null
}

/**
 * Where data comes from, which decides what is refused.
 * - `upload`: what Glance refuses, and data that names other files
 * - `import`: data that contradicts its format, as well; and in containers too, what names other files
 * - `location`: only what names other files: such data is not ours
 * - `conversion`: whatever is not exactly of its format, in containers too: another program reads it, or has written it
 */
export type Origin = 'upload' | 'import' | 'location' | 'conversion'

/** Formats that must be what `disk_format` says. What else is recognised is data like any other for Glance. */
const inspected: ReadonlySet<string> = new Set([
  ...['raw', 'qcow2', 'vhd', 'vhdx', 'vmdk', 'vdi', 'qed', 'iso', 'gpt', 'luks'],
])
const severities: Readonly<Record<Origin, readonly Severity[]>> = {
  upload: ['foreign', 'unsafe'],
  import: ['foreign', 'unsafe', 'odd'],
  location: ['foreign'],
  conversion: ['foreign', 'unsafe', 'odd'],
}

/** What data of images may be: `[image_format]`. @see glance `location.py` `ImageProxy.set_data` */
export class ContentRules {
  readonly #config: ContentConfig

  constructor(config: ContentConfig) {
    this.#config = config
  }

  /** Starts to inspect the data of an image. */
  inspect(image: DeclaredFormat, origin: Origin): ContentCheck {
    return new ContentCheck(image, { origin, config: this.#config })
  }
}

/** The inspection of the data of one image, which passes by once. */
export class ContentCheck {
  readonly #image: DeclaredFormat
  readonly #origin: Origin
  readonly #config: ContentConfig
  readonly #inspection: Inspection | undefined

  constructor(image: DeclaredFormat, { origin, config }: { origin: Origin; config: ContentConfig }) {
    this.#image = image
    this.#origin = origin
    this.#config = config
    if (origin !== 'upload' || image.containerFormat === 'bare') this.#inspection = new Inspection()
  }

  /** Chunks in order, without gaps. Never throws. */
  eat(chunk: Uint8Array): void {
    this.#inspection?.eat(chunk)
  }

  /**
   * Judges the data, once, after its last chunk.
   * @returns bytes the guest sees; null where the data does not tell
   * @throws image_data_refused
   */
  finish(): number | null {
    const report = this.#inspection?.finish()
    if (!report) return null
    if (this.#origin === 'conversion') return this.#judge(report)
    if (this.#origin === 'location' || this.#image.containerFormat !== 'bare') {
      for (const one of report.found) this.#requireSafe(one, ['foreign'])
      return null
    }
    return this.#judge(report)
  }

  #judge({ sizeBytes, found }: Report): number | null {
    const diskFormat = this.#image.diskFormat ?? 'raw'
    const candidates = candidatesOf(found, diskFormat)
    const [one] = candidates
    const format = candidates.map(nameOf).join(' and ') || 'raw'
    const isExact = this.#origin === 'conversion'
    const isRefused = candidates.length > 1 || !fits(diskFormat, one) || (isExact && hides(diskFormat, one))
    if (isRefused && (isExact || this.#config.require_image_format_match)) {
      const reason = `disk_format is ${diskFormat}, and the data is ${format}`
      throw new GlimpseError('image_data_refused', { reason })
    }
    for (const each of candidates) this.#requireSafe(each, isRefused ? ['foreign'] : severities[this.#origin])
    if (diskFormat === 'raw') return sizeBytes || null
    return isRefused || diskFormat !== one?.format ? null : one.virtualSizeBytes
  }

  #requireSafe(found: Found, fatal: readonly Severity[]): void {
    const nonfatal = found.format === 'gpt' ? this.#config.gpt_safety_checks_nonfatal : []
    const flaws = [...found.flaws, ...this.#typeFlaws(found)]
    const flaw = flaws.find(({ severity, check }) => fatal.includes(severity) && !nonfatal.includes(check))
    if (!flaw) return
    throw new GlimpseError('image_data_refused', { reason: `the data is ${nameOf(found)}, and ${flaw.reason}` })
  }

  #typeFlaws({ format, subformat = '' }: Found): Flaw[] {
    const allowed = this.#config.vmdk_allowed_types.some((type) => type.toLowerCase() === subformat.toLowerCase())
    if (format !== 'vmdk' || allowed) return []
    return [{ severity: 'unsafe', check: 'type', reason: 'its createType is not in vmdk_allowed_types' }]
  }
}

/** What the data may be taken for: more than one thing only if somebody could be misled. */
function candidatesOf(found: readonly Found[], diskFormat: string): readonly Found[] {
  // Only the end tells these from the disk they hold.
  const isFixedVhd = ({ format, subformat }: Found) => format === 'vhd' && subformat === 'fixed'
  const vhd = found.find(isFixedVhd)
  const others = found.filter((one) => inspected.has(one.format) && one !== vhd)
  if (vhd && diskFormat === 'vhd') return [vhd, ...others.filter(({ format }) => format !== 'gpt')]
  if (others.length === 0) return found.filter((one) => one !== vhd).slice(0, 1)
  const isBootableDisc =
    others.length === 2 &&
    (['iso', 'gpt'] as FormatName[]).every((name) => others.some(({ format }) => format === name))
  return isBootableDisc ? others.filter(({ format }) => format === 'iso') : others
}

function fits(diskFormat: string, found: Found | undefined): boolean {
  if (diskFormat === 'raw' || found?.format === diskFormat) return true
  return !inspected.has(diskFormat) && (found === undefined || !inspected.has(found.format))
}

/** Raw data that looks like a disk of another format. */
function hides(diskFormat: string, found: Found | undefined): boolean {
  return diskFormat === 'raw' && found !== undefined && found.format !== 'gpt' && inspected.has(found.format)
}

function nameOf({ format, subformat }: Found): string {
  return format === 'gpt' && subformat === 'mbr' ? 'mbr' : format
}
