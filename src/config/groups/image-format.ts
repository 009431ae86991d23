import type { OptionGroup, Values } from '../option.ts'

/** `[image_format]` @see glance `common/config.py` */
export const imageFormatOptions = {
  container_formats: {
    type: 'list',
    default: ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'],
    deprecatedNames: ['DEFAULT/container_formats'],
    help: 'Values that container_format of an image may have.',
  },
  disk_formats: {
    type: 'list',
    default: ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
    deprecatedNames: ['DEFAULT/disk_formats'],
    help: 'Values that disk_format of an image may have.',
  },
} as const satisfies OptionGroup
export type ImageFormatConfig = Values<typeof imageFormatOptions>
