import type { Database, Dialect } from './database.ts'

/** From the scheme straight to what follows the first `@`: S3's keys hold none. */
const bareValue: Readonly<Record<Dialect, string>> = {
  mysql: "CONCAT(SUBSTR(value, 1, INSTR(value, '://') + 2), SUBSTR(value, INSTR(value, '@') + 1))",
  sqlite: "SUBSTR(value, 1, INSTR(value, '://') + 2) || SUBSTR(value, INSTR(value, '@') + 1)",
  postgres: "SUBSTR(value, 1, STRPOS(value, '://') + 2) || SUBSTR(value, STRPOS(value, '@') + 1)",
}

/**
 * Removes the keys from locations of S3, deleted ones too: the stores' options hold them. Encrypted locations stay.
 * @returns how many were changed
 */
export function stripS3Keys(database: Database): Promise<number> {
  const isS3 = ["value LIKE 's3://%@%'", "value LIKE 's3+http://%@%'", "value LIKE 's3+https://%@%'"].join(' OR ')
  return database.schemaWork((session) =>
    session.change(`UPDATE image_locations SET value = ${bareValue[database.dialect]} WHERE ${isS3}`),
  )
}
