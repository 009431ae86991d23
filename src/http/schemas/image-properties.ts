/** A JSON schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Images are named by UUIDs in their usual form. */
export const uuidPattern = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$'

const validationData: JsonSchema = {
  description:
    "Values to be used to populate the corresponding image properties. If the image status is not 'queued', values must exactly match those already contained in the image properties.",
  type: 'object',
  writeOnly: true,
  additionalProperties: false,
  properties: {
    checksum: { type: 'string', minLength: 32, maxLength: 32 },
    os_hash_algo: { type: 'string', maxLength: 64 },
    os_hash_value: { type: 'string', maxLength: 128 },
  },
  required: ['os_hash_algo', 'os_hash_value'],
}

/**
 * The base properties of an image, as `/v2/schemas/image` serves them: clients take names, types, limits and texts
 * from there, so all of them are the interface's own.
 * @see glance `api/v2/images.py` `get_base_properties`
 */
export function imageProperties(formats: {
  readonly containerFormats: readonly string[]
  readonly diskFormats: readonly string[]
}): Readonly<Record<string, JsonSchema>> {
  const readOnly = true
  const text = ['null', 'string']
  const number = ['null', 'integer']
  return {
    id: { type: 'string', description: 'An identifier for the image', pattern: uuidPattern },
    name: { type: text, description: 'Descriptive name for the image', maxLength: 255 },
    status: {
      type: 'string',
      readOnly,
      description: 'Status of the image',
      enum: [
        'queued',
        'saving',
        'active',
        'killed',
        'deleted',
        'uploading',
        'importing',
        'pending_delete',
        'deactivated',
      ],
    },
    visibility: {
      type: 'string',
      description: 'Scope of image accessibility',
      enum: ['community', 'public', 'private', 'shared'],
    },
    protected: { type: 'boolean', description: 'If true, image will not be deletable.' },
    os_hidden: { type: 'boolean', description: 'If true, image will not appear in default image list response.' },
    checksum: { type: text, readOnly, description: 'md5 hash of image contents.', maxLength: 32 },
    os_hash_algo: {
      type: text,
      readOnly,
      description: 'Algorithm to calculate the os_hash_value',
      maxLength: 64,
    },
    os_hash_value: {
      type: text,
      readOnly,
      description: 'Hexdigest of the image contents using the algorithm specified by the os_hash_algo',
      maxLength: 128,
    },
    owner: { type: text, description: 'Owner of the image', maxLength: 255 },
    size: { type: number, readOnly, description: 'Size of image file in bytes' },
    virtual_size: { type: number, readOnly, description: 'Virtual size of image in bytes' },
    container_format: {
      type: text,
      description: 'Format of the container',
      enum: [null, ...formats.containerFormats],
    },
    disk_format: { type: text, description: 'Format of the disk', enum: [null, ...formats.diskFormats] },
    created_at: { type: 'string', readOnly, description: 'Date and time of image registration' },
    updated_at: { type: 'string', readOnly, description: 'Date and time of the last image modification' },
    tags: {
      type: 'array',
      description: 'List of strings related to the image',
      items: { type: 'string', maxLength: 255 },
    },
    direct_url: { type: 'string', readOnly, description: 'URL to access the image file kept in external store' },
    min_ram: { type: 'integer', description: 'Amount of ram (in MB) required to boot image.' },
    min_disk: { type: 'integer', description: 'Amount of disk space (in GB) required to boot image.' },
    self: { type: 'string', readOnly, description: 'An image self url' },
    file: { type: 'string', readOnly, description: 'An image file url' },
    stores: {
      type: 'string',
      readOnly,
      description:
        'Store in which image data resides.  Only present when the operator has enabled multiple stores.  May be a comma-separated list of store identifiers.',
    },
    schema: { type: 'string', readOnly, description: 'An image schema url' },
    locations: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          url: { type: 'string', maxLength: 255 },
          metadata: { type: 'object' },
          validation_data: validationData,
        },
        required: ['url', 'metadata'],
      },
      description: 'A set of URLs to access the image file kept in external store',
    },
  }
}
