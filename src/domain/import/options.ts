import type { OptionGroup, Values } from '../../config/option.ts'
import { conversionTargets } from '../../ports/disk-converter.ts'

/** `[DEFAULT]` @see glance `common/config.py` */
export const importOptions = {
  node_staging_uri: {
    type: 'string',
    default: 'file:///tmp/staging/',
    help: 'Folder where data waits for its import, as file:///path; used unless enabled_backends is set and the section os_glance_staging_store names the folder. It is made if it is missing.',
  },
  worker_self_reference_url: {
    type: 'string',
    default: null,
    help: 'URL of this node, different on each; to be set where the folder for staged data is not shared between the nodes. Data that was staged here is then imported here.',
  },
} as const satisfies OptionGroup

/** `[glimpse]` */
export const ownImportOptions = {
  staged_import_timeout: {
    type: 'integer',
    default: 600,
    min: 1,
    unit: 'seconds',
    ours: true,
    help: 'An import that waits so long for the node that has its staged data (worker_self_reference_url) is given to any other node, unless that node answers.',
  },
} as const satisfies OptionGroup

/** `[glance_download_properties]` @see glance `async_/flows/api_image_import.py` */
export const glanceDownloadOptions = {
  extra_properties: {
    type: 'list',
    bounds: true,
    quotes: true,
    default: ['hw_', 'trait:', 'os_distro', 'os_secure_boot', 'os_type'],
    help: 'Beginnings of the names of properties that glance-download takes over from the source, in brackets.',
  },
} as const satisfies OptionGroup

/** `[image_import_opts]` @see glance `async_/flows/api_image_import.py` */
export const importPluginOptions = {
  image_import_plugins: {
    type: 'list',
    bounds: true,
    quotes: true,
    choices: ['no_op', 'inject_image_metadata', 'image_decompression', 'image_conversion'],
    default: ['no_op'],
    help: 'What is done to every imported image, in brackets and in this order: inject_image_metadata gives it the properties of [inject_metadata_properties], image_decompression undoes gzip, bzip2, xz and zstd, and takes the one file of a ZIP archive, unless its container_format is compressed, image_conversion rewrites disks in the format of [image_conversion].',
  },
} as const satisfies OptionGroup

/** `[image_conversion]` @see glance `async_/flows/plugins/image_conversion.py` */
export const conversionOptions = {
  output_format: {
    type: 'string',
    choices: conversionTargets,
    default: 'raw',
    help: 'disk_format of images after image_conversion. Images with the disk_format iso, and images in containers, stay as they are.',
  },
} as const satisfies OptionGroup

/** `[glimpse]` */
export const ownConversionOptions = {
  conversion_memory: {
    type: 'integer',
    default: 1024,
    min: 128,
    unit: 'MiB',
    ours: true,
    help: 'Address space that qemu-img may use for one conversion.',
  },
  conversion_timeout: {
    type: 'integer',
    default: 3600,
    min: 1,
    unit: 'seconds',
    ours: true,
    help: 'How long qemu-img may take for one conversion.',
  },
} as const satisfies OptionGroup

/** `[inject_metadata_properties]` @see glance `async_/flows/plugins/inject_image_metadata.py` */
export const injectOptions = {
  ignore_user_roles: {
    type: 'list',
    default: ['admin'],
    help: 'Images that are imported by somebody with one of these roles get no properties.',
  },
  inject: {
    type: 'dict',
    default: {},
    help: 'Properties that imported images get, as name:value,name:value.',
  },
} as const satisfies OptionGroup

export type InjectConfig = Values<typeof injectOptions>
