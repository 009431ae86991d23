import { Flaws } from './probe.ts'

/** The text within a VMware disk that says of what it consists. */
export interface VmdkDescriptor {
  /** `createType`; undefined where it has none. */
  readonly createType: string | undefined
  /** Sectors of all extents. */
  readonly sectors: bigint
  readonly flaws: Flaws
}

const noParent = 'ffffffff'
/** Real descriptors have some kilobytes; longer ones are not trusted. */
export const maxDescriptorBytes = 64 * 1024
const extentLine = /^(?:rw|rdonly|noaccess)\s+(\d{1,19})\s+(\w+)(?:\s|$)/i
/** Kinds of extents that lie within the image itself. */
const ownExtents: ReadonlySet<string> = new Set(['sparse', 'zero'])

/**
 * Reads a descriptor with care: a line that is not understood is a flaw.
 * @param options.isWhole the image is nothing but this text, so that every extent is another file
 * @see qemu `block/vmdk.c` `vmdk_parse_extents`
 */
export function parseDescriptor(text: string, { isWhole }: { isWhole: boolean }): VmdkDescriptor {
  const flaws = new Flaws()
  flaws.foreign(text.length > maxDescriptorBytes, 'descriptor', 'its descriptor is too long to be trusted')
  if (text.length > maxDescriptorBytes) return { createType: undefined, sectors: 0n, flaws }
  let sectors = 0n
  let extents = 0
  for (const line of text.split(/[\r\n]+/).map((one) => one.trim())) {
    if (line === '' || line.startsWith('#') || /^ddb/i.test(line)) continue
    const [, name, value] = /^([^\s=]+)=\s*"?([^"]*)/.exec(line) ?? []
    if (name !== undefined && value !== undefined) {
      flaws.foreign(isParent(name, value), 'backing_file', 'it is the difference to another disk')
      continue
    }
    const [, size, kind] = extentLine.exec(line) ?? []
    if (size === undefined || kind === undefined) {
      flaws.unsafe(true, 'descriptor', 'its descriptor has lines that are not understood')
      continue
    }
    extents++
    sectors += BigInt(size)
    const isElsewhere = !ownExtents.has(kind.toLowerCase()) || (isWhole && kind.toLowerCase() !== 'zero')
    flaws.foreign(isElsewhere || /[/\\]/.test(line), 'descriptor', 'its data lies in other files')
  }
  flaws.unsafe(extents === 0, 'descriptor', 'its descriptor names no data')
  flaws.odd(extents > 1, 'descriptor', 'its data lies in several parts')
  // qemu looks for both words anywhere, comments included.
  const types = text.match(/createtype/gi) ?? []
  flaws.unsafe(types.length > 1, 'descriptor', 'it has several types')
  flaws.foreign(/parentfilenamehint/i.test(text), 'backing_file', 'it is the difference to another disk')
  const [, createType] = /createtype[ \t]*=[ \t]*"([^"\r\n]{0,63})"/i.exec(text) ?? []
  return { createType, sectors, flaws }
}

function isParent(name: string, value: string): boolean {
  return name.toLowerCase() === 'parentcid' && value.trim().toLowerCase() !== noParent
}
