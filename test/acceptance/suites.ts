import type { Sections } from '../support/config-file.ts'
import { accessCases, everybody } from './cases/access.ts'
import { cases } from './cases/index.ts'
import { oddCases } from './cases/odd.ts'
import type { Case } from './support/case.ts'
import { caseSettings } from './support/settings.ts'

/** Cases that are sent to services with those settings. */
export interface Suite {
  readonly name: string
  readonly settings: Sections
  /** Read before the settings. */
  readonly configFiles?: readonly string[]
  readonly cases: readonly Case[]
}

export const suites: readonly Suite[] = [
  { name: 'usual', settings: caseSettings, cases },
  { name: 'access', settings: caseSettings, cases: accessCases('access', everybody) },
  { name: 'odd', settings: caseSettings, cases: oddCases },
  {
    name: 'secure',
    settings: {
      ...caseSettings,
      DEFAULT: { ...caseSettings.DEFAULT, enforce_secure_rbac: true },
      oslo_policy: { enforce_scope: true, enforce_new_defaults: true },
    },
    cases: accessCases('secure', ['admin', 'member', 'reader', 'other', 'service', 'system', 'domain', 'none']),
  },
]
