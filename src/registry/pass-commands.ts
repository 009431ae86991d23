import type { AuditRepository } from '../ports/audit.ts'
import type { IdRange, ImageWalk } from '../ports/image-walk.ts'
import {
  type FindingKey,
  type FindingQuery,
  type FindingRepository,
  findingStates,
  type PassQuery,
  type PassRepository,
  type PassScope,
  programNames,
} from '../ports/passes.ts'
import { purgedTables, type ReapRepository } from '../ports/reap.ts'
import { type CommandsOf, once, repeatable } from './command.ts'
import { date, flag, list, nullable, number, object, oneOf, record, type Shape, text } from './shape.ts'

const program = oneOf(...programNames)
const choice: Shape<string | boolean> = {
  differs: (value) => (typeof value === 'boolean' ? undefined : text.differs(value)),
  pick: text.pick,
}
const scope = object<PassScope>({ imageId: nullable(text), storeId: nullable(text), choices: record(choice) }, {})
const key = {
  program,
  kind: text,
  imageId: nullable(text),
  storeId: nullable(text),
  locationId: nullable(number),
  subject: nullable(text),
}

export const passCommands: CommandsOf<PassRepository> = {
  program: repeatable(program),
  setPaused: repeatable(program, flag),
  takeTurn: once(program, object({ intervalMs: number }, {})),
  begin: once(object({ id: text, program, scope }, {})),
  get: repeatable(text),
  list: repeatable(object<PassQuery>({ limit: number }, { program, state: oneOf('open', 'done', 'incomplete') })),
  planned: repeatable(text, object({ steps: number }, {})),
  endStep: repeatable(text, object({ step: text, counts: record(number), isFailed: flag }, {})),
  end: once(text, object({ state: oneOf('done', 'incomplete') }, {})),
  purge: once(object({ ageMs: number }, {})),
}

export const findingCommands: CommandsOf<FindingRepository> = {
  see: once(text, object<FindingKey & { readonly detail: string }>({ ...key, detail: text }, {})),
  find: repeatable(object<FindingKey>(key, {})),
  list: repeatable(
    object<FindingQuery>(
      { limit: number },
      {
        program,
        kind: text,
        state: oneOf(...findingStates),
        imageId: text,
        storeId: text,
        lastPassId: text,
        marker: text,
      },
    ),
  ),
  settle: repeatable(list(text), oneOf('repaired', 'gone')),
  openKinds: repeatable(program),
  purge: once(object({ ageMs: number }, {})),
}

const range = object<IdRange>({ from: text, to: nullable(text) }, {})
const rows = object<{ after: number; limit: number }>({ after: number, limit: number }, {})

export const walkCommands: CommandsOf<ImageWalk> = {
  count: repeatable(),
  page: repeatable(range, object({ limit: number }, { after: text })),
}

export const auditCommands: CommandsOf<AuditRepository> = {
  fates: repeatable(list(text)),
  locations: repeatable(rows),
  locationsOf: repeatable(list(text)),
  locationsOfDeleted: repeatable(range, rows),
  dropLocation: once(number),
}

export const reapCommands: CommandsOf<ReapRepository> = {
  countExpiredTasks: repeatable(),
  expireTasks: repeatable(object({ limit: number }, {})),
  countPurgeable: repeatable(oneOf(...purgedTables), object({ before: date }, {})),
  purge: repeatable(oneOf(...purgedTables), object({ before: date, limit: number }, {})),
  owners: repeatable(object({ after: text, limit: number }, {})),
}
