import type { OptionGroup, Values } from '../option.ts'

/** `[paste_deploy]` @see glance `common/config.py` */
export const pasteDeployOptions = {
  flavor: {
    type: 'string',
    default: null,
    help: 'What stands before the API: keystone checks tokens, caching and cachemanagement add the image cache; joined by +, as in keystone+cachemanagement. Unset: no authentication, every request is made by an administrator.',
  },
} as const satisfies OptionGroup
export type PasteDeployConfig = Values<typeof pasteDeployOptions>
