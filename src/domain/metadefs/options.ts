import type { OptionGroup } from '../../config/option.ts'

/** `[DEFAULT]` of glance-manage. @see glance `db/sqlalchemy/metadata.py` */
export const metadefFileOptions = {
  metadata_source_path: {
    type: 'string',
    default: '/etc/glance/metadefs/',
    help: 'Directory or file of metadata definitions that glance-manage loads and exports, unless the command names another. If this directory does not exist, the definitions that come with the service are loaded.',
  },
} as const satisfies OptionGroup
