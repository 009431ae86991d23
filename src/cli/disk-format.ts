import { open } from 'node:fs/promises'

const marks: readonly { format: string; at: number; bytes: Buffer }[] = [
  { format: 'qcow2', at: 0, bytes: Buffer.from('QFI\xfb', 'latin1') },
  { format: 'vhdx', at: 0, bytes: Buffer.from('vhdxfile') },
  { format: 'vmdk', at: 0, bytes: Buffer.from('KDMV') },
  { format: 'vmdk', at: 0, bytes: Buffer.from('# Disk DescriptorFile') },
  { format: 'vhd', at: 0, bytes: Buffer.from('conectix') },
  { format: 'vdi', at: 64, bytes: Buffer.from([0x7f, 0x10, 0xda, 0xbe]) },
  { format: 'ploop', at: 0, bytes: Buffer.from('WithoutFreeSpace') },
  { format: 'ploop', at: 0, bytes: Buffer.from('WithouFreSpacExt') },
  { format: 'iso', at: 0x8001, bytes: Buffer.from('CD001') },
]
const headBytes = 0x8006

/** Tells the disk format of a regular file from the marks within it; `raw` if there are none. */
export async function guessDiskFormat(path: string): Promise<string> {
  const file = await open(path)
  try {
    const head = Buffer.alloc(headBytes)
    const { bytesRead } = await file.read(head, 0, headBytes, 0)
    const found = marks.find(
      ({ at, bytes }) => at + bytes.length <= bytesRead && head.subarray(at, at + bytes.length).equals(bytes),
    )
    if (found) return found.format
    // A VHD of fixed size has its mark in the last 512 bytes only.
    const { size } = await file.stat()
    if (size < 512) return 'raw'
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, size - 512)
    return buffer.toString('latin1') === 'conectix' ? 'vhd' : 'raw'
  } finally {
    await file.close()
  }
}
