import { baseRules } from './base.ts'
import { cacheRules } from './cache.ts'
import { discoveryRules } from './discovery.ts'
import { imageRules } from './image.ts'
import { metadefRules } from './metadef.ts'
import { passRules } from './passes.ts'
import type { RuleTable } from './rule.ts'
import { taskRules } from './task.ts'

const tables = {
  ...baseRules,
  ...imageRules,
  ...cacheRules,
  ...discoveryRules,
  ...taskRules,
  ...metadefRules,
  ...passRules,
}

/** The name of a rule that the service asks. */
export type RuleName = keyof typeof tables

/** Every rule that the service knows. */
export const defaultRules: RuleTable = tables
