import { legacyVersions, type Revision, revisions } from './revisions.ts'
import type { SchemaEditor } from './schema-editor.ts'

/** What stands in the way of changing a schema; the message is meant for the operator. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/** Which revisions a database has: the table `alembic_version`, read and written as Alembic does. */
export class VersionTable {
  readonly #editor: SchemaEditor

  constructor(editor: SchemaEditor) {
    this.#editor = editor
  }

  /** Revisions in the table; empty for a database without one. */
  async heads(): Promise<string[]> {
    if (!(await this.#editor.hasTable('alembic_version'))) return []
    const rows = await this.#editor.session.rows('SELECT version_num FROM alembic_version ORDER BY version_num')
    return rows.map((row) => linearNames[row[0] as string] ?? (row[0] as string))
  }

  /**
   * All revisions that have been carried out: the heads and what they build upon.
   * @throws MigrationError for a revision that is not known here
   */
  async applied(): Promise<Set<string>> {
    const heads = await this.heads()
    const unknown = heads.filter((head) => !revisions.some(({ id }) => id === head))
    if (unknown.length > 0) {
      throw new MigrationError(
        `The database is at revision ${unknown.join(', ')}, which is not known here; it is left as it is.`,
      )
    }
    return withAncestors(heads)
  }

  /** Number that sqlalchemy-migrate left (Glance until Newton); undefined if it never kept this database. */
  async legacyVersion(): Promise<number | undefined> {
    if (!(await this.#editor.hasTable('migrate_version'))) return undefined
    const [row] = await this.#editor.session.rows('SELECT version FROM migrate_version')
    return row && Number(row[0])
  }

  /** Sets the table to the heads among `applied`. */
  async write(applied: ReadonlySet<string>): Promise<void> {
    const { session } = this.#editor
    await session.execute(
      'CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))',
    )
    const done = revisions.filter(({ id }) => applied.has(id))
    const parents = new Set(done.flatMap((revision) => [...revision.parents]))
    const heads = done.filter(({ id }) => !parents.has(id)).map(({ id }) => id)
    await session.execute('DELETE FROM alembic_version')
    for (const head of heads) await session.execute(`INSERT INTO alembic_version (version_num) VALUES ('${head}')`)
  }

  /**
   * Brings a database that sqlalchemy-migrate kept under Alembic's table, as Glance's Ocata did.
   * @throws MigrationError for a database older than Liberty
   */
  async adoptLegacy(): Promise<string | undefined> {
    if ((await this.heads()).length > 0) return undefined
    const version = await this.legacyVersion()
    if (version === undefined || version === 0) return undefined
    const revision = legacyVersions[version]
    if (!revision) {
      throw new MigrationError(
        `Schema version ${version} is older than Glance Liberty (42); upgrade to Liberty with Glance first.`,
      )
    }
    await this.write(withAncestors([revision]))
    return revision
  }
}

/** Names that single-branch revisions had before Glance split them. */
const linearNames: Readonly<Record<string, string>> = { ocata01: 'ocata_contract01', pike01: 'pike_contract01' }

const byId: ReadonlyMap<string, Revision> = new Map(revisions.map((revision) => [revision.id, revision]))

/** `ids` and everything they build upon. */
export function withAncestors(ids: readonly string[]): Set<string> {
  const found = new Set<string>()
  const open = [...ids]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue
    found.add(id)
    open.push(...(byId.get(id)?.parents ?? []))
  }
  return found
}
