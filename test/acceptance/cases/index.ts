import type { Case } from '../support/case.ts'
import { changeCases, deleteCases } from './change.ts'
import { createCases } from './create.ts'
import { actionCases, downloadCases, uploadCases } from './data.ts'
import { listCases } from './list.ts'
import { metadefCases } from './metadefs/index.ts'
import { schemaCases, showCases } from './read.ts'
import { limitCases, methodCases, rootCases, tokenCases } from './roots.ts'
import { memberCases, tagCases } from './sharing.ts'

/** Every case; those that list come before those that make images which a list would show. */
export const cases: readonly Case[] = [
  ...rootCases,
  ...methodCases,
  ...tokenCases,
  ...limitCases,
  ...listCases,
  ...showCases,
  ...schemaCases,
  ...createCases,
  ...changeCases,
  ...deleteCases,
  ...uploadCases,
  ...downloadCases,
  ...actionCases,
  ...memberCases,
  ...tagCases,
  ...metadefCases,
]
