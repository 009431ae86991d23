import { updaterOptions } from '../../domain/update/options.ts'
import { readPrefixes } from '../../domain/update/outdated.ts'
import { Updater } from '../../domain/update/updater.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { KeptProgram } from './kept-program.ts'

export const updater: KeptProgram = {
  name: 'updater',
  command: 'glance-updater',
  description: 'Carries out what was put off: digests, unfinished locations and imports, outdated locations.',
  switches: [],
  read(config) {
    const values = config.group('updater', updaterOptions)
    let prefixes: ReturnType<typeof readPrefixes> = []
    try {
      prefixes = readPrefixes(values.url_prefixes)
    } catch (error) {
      if (!(error instanceof GlimpseError)) throw error
      config.refuse({ group: 'updater', name: 'url_prefixes' }, error.message)
    }
    return {
      pass: values,
      choices: {},
      make: ({ repositories, stores, digests }) =>
        new Updater({ repositories, stores, digests, prefixes, stuckAfterMs: values.stuck_after * 1000 }),
    }
  },
}
