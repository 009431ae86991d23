import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]` @see glance `common/property_utils.py` */
export const protectionOptions = {
  property_protection_file: {
    type: 'string',
    default: null,
    help: 'File that tells who may create, read, update and delete which properties of images; looked for in the directories of the configuration. A section is a regular expression for names, the first that matches counts, and what no section matches is denied. Not set: properties are not protected.',
  },
  property_protection_rule_format: {
    type: 'string',
    default: 'roles',
    choices: ['roles', 'policies'],
    help: 'What stands in that file: roles, separated by commas, or the name of one rule of the policy. Either way @ is everybody and ! is nobody.',
  },
} as const satisfies OptionGroup
export type ProtectionConfig = Values<typeof protectionOptions>
