import type { OptionGroup, Values } from '../../../config/option.ts'

/** @see glance_store `_drivers/filesystem.py` */
export const fileStoreOptions = {
  filesystem_store_datadir: {
    type: 'string',
    default: '/var/lib/glance/images',
    help: 'Directory that holds image data. It is made at start if it is missing. Leave it alone when `filesystem_store_datadirs` is used.',
  },
  filesystem_store_datadirs: {
    type: 'multi',
    default: [],
    help: 'Several directories for image data, each as `path` or `path:priority`; the option is repeated. The highest priority with room is filled first, among equals the directory with most free space. Without priority: 0.',
  },
  filesystem_store_metadata_file: {
    type: 'string',
    default: null,
    help: 'JSON file with an object, or a list of objects, of `id` and `mountpoint`; the one whose mount point holds a new image becomes metadata of its location.',
  },
  filesystem_store_file_perm: {
    type: 'integer',
    default: 0,
    help: 'Permissions of image files, read as octal digits (`640`). 0 or less leaves what the umask gives.',
  },
  filesystem_store_chunk_size: {
    type: 'integer',
    default: 65536,
    min: 1,
    unit: 'bytes',
    help: 'Granularity of holes with `filesystem_thin_provisioning`. Reads and writes choose their own sizes.',
  },
  filesystem_thin_provisioning: {
    type: 'boolean',
    default: false,
    help: 'Leaves pieces of zeros as holes in the file, so that they take no space.',
  },
} as const satisfies OptionGroup

export type FileStoreConfig = Values<typeof fileStoreOptions>
