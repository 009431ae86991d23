import { Auditor } from '../../domain/audit/auditor.ts'
import { auditorOptions } from '../../domain/audit/options.ts'
import type { KeptProgram } from './kept-program.ts'

export const auditor: KeptProgram = {
  name: 'auditor',
  command: 'glance-auditor',
  description: 'Compares the database with the stores, repairs what it can, and reports the rest.',
  switches: [{ flags: '--digests', choice: 'digests', help: 'read all data and compare its digests' }],
  read(config) {
    const values = config.group('auditor', auditorOptions)
    return {
      pass: values,
      choices: { digests: values.digests },
      make: (dependencies) => new Auditor({ ...dependencies, config: values }),
    }
  },
}
