import type { Case } from '../../support/case.ts'
import { accessCases } from './access.ts'
import { methodCases, readCases, schemaCases } from './read.ts'
import { writeCases } from './write.ts'

/** `/v2/metadefs/...` and its schemas. */
export const metadefCases: readonly Case[] = [
  ...schemaCases,
  ...methodCases,
  ...readCases,
  ...accessCases,
  ...writeCases,
]
