import type { OptionGroup } from '../option.ts'

/** `[glimpse]`: who may connect where nobody is asked for a token. */
export const listeningOptions = {
  allow_remote_without_auth: {
    type: 'boolean',
    default: false,
    ours: true,
    help: 'Accept connections from other machines although the flavor asks nobody for a token: everyone who reaches the port is an administrator.',
  },
} as const satisfies OptionGroup
