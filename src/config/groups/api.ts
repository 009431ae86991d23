import type { OptionGroup, Values } from '../option.ts'

/** `[DEFAULT]`: what several parts of glance-api go by. @see glance `common/config.py` */
export const apiOptions = {
  enabled_backends: {
    type: 'dict',
    default: {},
    help: 'Stores as id:type, separated by commas; each id has a section of its own, and default_backend of [glance_store] names the default. Unset: one store, by stores and default_store of [glance_store].',
  },
  enabled_import_methods: {
    type: 'list',
    bounds: true,
    quotes: true,
    choices: ['glance-direct', 'web-download', 'copy-image', 'glance-download'],
    default: ['glance-direct', 'web-download', 'copy-image'],
    help: 'Ways of import that are offered, in brackets: [glance-direct,web-download].',
  },
} as const satisfies OptionGroup
export type ApiConfig = Values<typeof apiOptions>
