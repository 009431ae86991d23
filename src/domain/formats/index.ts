import { type FormatInspector, HeaderInspector } from './inspector.ts'
import { RawInspector } from './raw.ts'
import { VhdxInspector } from './vhdx.ts'
import { VmdkInspector } from './vmdk.ts'

/** @see qemu `docs/interop/qcow2.txt` */
function readQcow2(header: Buffer): bigint | null {
  return header.toString('latin1', 0, 4) === 'QFI\xfb' ? header.readBigUInt64BE(24) : null
}

/** @see qemu `block/vpc.c` */
function readVhd(header: Buffer): bigint | null {
  return header.toString('latin1', 0, 8) === 'conectix' ? header.readBigUInt64BE(40) : null
}

/** @see qemu `block/vdi.c` */
function readVdi(header: Buffer): bigint | null {
  return header.readUInt32LE(64) === 0xbeda107f ? header.readBigUInt64LE(368) : null
}

const inspectors: Readonly<Record<string, () => FormatInspector>> = {
  raw: () => new RawInspector(),
  qcow2: () => new HeaderInspector(readQcow2),
  vhd: () => new HeaderInspector(readVhd),
  vdi: () => new HeaderInspector(readVdi),
  vhdx: () => new VhdxInspector(),
  vmdk: () => new VmdkInspector(),
}

/** The inspector for images of a disk format; null for formats that tell nothing. @see glance `common/format_inspector.py` */
export function inspectorFor(diskFormat: string | null): FormatInspector | null {
  return inspectors[diskFormat ?? '']?.() ?? null
}
