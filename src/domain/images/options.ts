import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]`: limits of images and lists, and what images show. @see glance `common/config.py` */
export const imageOptions = {
  allow_additional_image_properties: {
    type: 'boolean',
    default: true,
    help: 'Images may have properties that no schema names.',
  },
  image_member_quota: { type: 'integer', default: 128, help: 'Most members of an image; negative: any number.' },
  image_property_quota: { type: 'integer', default: 128, help: 'Most properties of an image; negative: any number.' },
  image_tag_quota: { type: 'integer', default: 128, help: 'Most tags of an image; negative: any number.' },
  image_location_quota: { type: 'integer', default: 10, help: 'Most locations of an image; negative: any number.' },
  limit_param_default: {
    type: 'integer',
    default: 25,
    min: 1,
    help: 'Images on a page when the request names no limit.',
  },
  api_limit_max: {
    type: 'integer',
    default: 1000,
    min: 1,
    help: 'Most images on a page, whatever the request asks for.',
  },
  show_image_direct_url: {
    type: 'boolean',
    default: false,
    help: 'Images show where their data lies (direct_url). Whoever can read the image sees it.',
  },
  show_multiple_locations: {
    type: 'boolean',
    default: false,
    help: 'Images show all their locations, and locations can be changed. Only for deployments whose users cannot reach the service.',
  },
  delayed_delete: {
    type: 'boolean',
    default: false,
    help: 'Keep the data of deleted images as pending_delete, for the scrubber to remove later.',
  },
} as const satisfies OptionGroup
export type ImageConfig = Values<typeof imageOptions>

/** `[image_format]` */
export const imageFormatOptions = {
  container_formats: {
    type: 'list',
    default: ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'],
    deprecatedNames: ['DEFAULT/container_formats'],
    help: 'Values that container_format may have.',
  },
  disk_formats: {
    type: 'list',
    default: ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
    deprecatedNames: ['DEFAULT/disk_formats'],
    help: 'Values that disk_format may have.',
  },
  require_image_format_match: {
    type: 'boolean',
    default: true,
    help: 'Refuse uploads and imports whose data is not of the format that disk_format names, or of several formats at once.',
  },
  gpt_safety_checks_nonfatal: {
    type: 'list',
    default: [],
    help: 'Checks of disks with partition tables whose failure does not refuse the data: mbr, gpt.',
  },
  vmdk_allowed_types: {
    type: 'list',
    default: ['streamOptimized', 'monolithicSparse'],
    help: 'createType of VMDK disks that are accepted. Kinds that keep their data in other files are refused in any case.',
  },
} as const satisfies OptionGroup
