import type { Config } from '../../config/config.ts'
import { reaperOptions } from '../../domain/reap/options.ts'
import { Reaper } from '../../domain/reap/reaper.ts'
import { scrubberOptions } from '../../domain/scrub/options.ts'
import { keystone_authtokenOptions, keystoneAccountOptions } from '../../drivers/identity/keystone-options.ts'
import { keystoneProjects } from '../../drivers/identity/keystone-projects.ts'
import type { KeptProgram } from './kept-program.ts'

export const reaper: KeptProgram = {
  name: 'reaper',
  command: 'glance-reaper',
  description: 'Removes data of deleted images, what dead uploads and imports have left, and old rows.',
  switches: [],
  read(config) {
    const values = config.group('reaper', reaperOptions)
    const { scrub_time } = config.group('DEFAULT', scrubberOptions)
    const keystone = values.unknown_projects === 'none' ? undefined : readAccount(config)
    return {
      pass: values,
      choices: {},
      make: ({ repositories, stores, log }) =>
        new Reaper({
          ...{ repositories, stores, log, config: values },
          projects: keystone && keystoneProjects({ ...keystone, log }),
          scrubDelayMs: scrub_time * 1000,
        }),
    }
  },
}

function readAccount(config: Config) {
  const authtoken = config.group('keystone_authtoken', keystone_authtokenOptions)
  return { authtoken, account: config.group(authtoken.auth_section ?? 'keystone_authtoken', keystoneAccountOptions) }
}
