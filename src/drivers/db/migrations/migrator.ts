import type { Database } from '../database.ts'
import { createOwnIndexes } from './own-indexes.ts'
import { createOwnTables } from './own-tables.ts'
import { defaultHeads, type Revision, revisions } from './revisions.ts'
import { SchemaEditor } from './schema-editor.ts'
import { MigrationError, VersionTable, withAncestors } from './version-table.ts'

/** What must be done next to bring a schema up to date. */
export type Pending = 'nothing' | 'expand' | 'migrate' | 'contract'

interface Work {
  readonly editor: SchemaEditor
  readonly versions: VersionTable
}

/**
 * Carries out Glance's schema revisions. Each method takes the schema lock, so several processes may call at once.
 * @see glance `cmd/manage.py`
 */
export class Migrator {
  readonly #database: Database
  readonly #onProgress: (message: string) => void

  constructor(database: Database, options: { onProgress?: (message: string) => void } = {}) {
    this.#database = database
    this.#onProgress = options.onProgress ?? (() => undefined)
  }

  /** Revisions in `alembic_version`. */
  heads(): Promise<string[]> {
    return this.#work(({ versions }) => versions.heads())
  }

  /** @throws MigrationError when the revision is not known */
  pending(): Promise<Pending> {
    return this.#work((work) => this.#pending(work))
  }

  /** Everything from wherever the database is to the default heads, and our own tables and indexes. @returns heads */
  async sync(): Promise<string[]> {
    const heads = await this.#work(async (work) => {
      await this.#adopt(work)
      await this.#apply(work, { to: defaultHeads.expand, online: false })
      await this.#migrate(work)
      await this.#apply(work, { to: defaultHeads.contract, online: false })
      await this.#complete(work)
      return work.versions.heads()
    })
    await this.#addIndexes()
    return heads
  }

  /** Additive changes; services of the release before go on working. @returns heads */
  expand(options: { online: boolean }): Promise<string[]> {
    return this.#work(async (work) => {
      await this.#adopt(work)
      await this.#apply(work, { to: defaultHeads.expand, ...options })
      return work.versions.heads()
    })
  }

  /** Changes rows. @returns their number. @throws MigrationError before `expand` */
  migrate(): Promise<number> {
    return this.#work(async (work) => {
      await this.#requireExpanded(work)
      return this.#migrate(work)
    })
  }

  /** Removes what only the release before needed. @throws MigrationError before `expand` and `migrate` @returns heads */
  async contract(): Promise<string[]> {
    const heads = await this.#work(async (work) => {
      await this.#requireExpanded(work)
      if ((await this.#pending(work)) === 'migrate') {
        throw new MigrationError('Rows wait to be migrated; run "glance-manage db migrate" first.')
      }
      await this.#apply(work, { to: defaultHeads.contract, online: true })
      await this.#complete(work)
      return work.versions.heads()
    })
    await this.#addIndexes()
    return heads
  }

  /** Goes to `revision` and what it builds upon. @returns heads. @throws MigrationError for an unknown revision */
  async upgrade(revision: string): Promise<string[]> {
    requireKnown(revision)
    const { heads, isCurrent } = await this.#work(async (work) => {
      await this.#adopt(work)
      await this.#apply(work, { to: revision, online: true })
      const current = await this.#isCurrent(work)
      if (current) await this.#complete(work)
      return { heads: await work.versions.heads(), isCurrent: current }
    })
    if (isCurrent) await this.#addIndexes()
    return heads
  }

  /** Writes `revision` into `alembic_version` without changing anything else. @throws MigrationError */
  stamp(revision: string): Promise<void> {
    requireKnown(revision)
    return this.#work(({ versions }) => versions.write(withAncestors([revision])))
  }

  #work<T>(work: (work: Work) => Promise<T>): Promise<T> {
    return this.#database.schemaWork((session) => {
      const editor = new SchemaEditor(session, this.#database.dialect)
      return work({ editor, versions: new VersionTable(editor) })
    })
  }

  async #adopt({ versions }: Work): Promise<void> {
    const revision = await versions.adoptLegacy()
    if (revision) this.#onProgress(`Took over a database of sqlalchemy-migrate as revision ${revision}`)
  }

  async #isCurrent({ versions }: Work): Promise<boolean> {
    return (await versions.applied()).has(defaultHeads.contract)
  }

  /** What the newest schema has of our own, but for the indexes of tables that are in use. */
  async #complete({ editor }: Work): Promise<void> {
    // SQLite has one writer at a time whatever we do.
    const online = this.#database.dialect === 'sqlite'
    await createOwnIndexes(editor, { online, onProgress: this.#onProgress })
    await createOwnTables(editor, { onProgress: this.#onProgress })
  }

  /** After the transaction: services go on with their work while these are made. */
  #addIndexes(): Promise<void> {
    return this.#database.schemaWork(
      (session) =>
        createOwnIndexes(new SchemaEditor(session, this.#database.dialect), {
          online: true,
          onProgress: this.#onProgress,
        }),
      { online: true },
    )
  }

  async #pending(work: Work): Promise<Pending> {
    const applied = await work.versions.applied()
    if (applied.has(defaultHeads.contract)) return 'nothing'
    if (!applied.has(defaultHeads.expand)) return 'expand'
    return (await this.#pendingData(work)).length > 0 ? 'migrate' : 'contract'
  }

  async #requireExpanded({ versions }: Work): Promise<void> {
    if ((await versions.applied()).has(defaultHeads.expand)) return
    throw new MigrationError('The schema is not expanded yet; run "glance-manage db expand" first.')
  }

  async #pendingData({ editor, versions }: Work): Promise<Revision[]> {
    const applied = await versions.applied()
    const due: Revision[] = []
    for (const revision of revisions) {
      if (!applied.has(revision.id) && (await revision.data?.isPending(editor))) due.push(revision)
    }
    return due
  }

  async #migrate(work: Work): Promise<number> {
    let rows = 0
    for (const { id, data } of await this.#pendingData(work)) {
      const changed = (await data?.run(work.editor)) ?? 0
      this.#onProgress(`Migrated ${changed} rows for revision ${id}`)
      rows += changed
    }
    return rows
  }

  async #apply({ editor, versions }: Work, options: { to: string; online: boolean }): Promise<void> {
    const applied = await versions.applied()
    const wanted = withAncestors([options.to])
    for (const revision of revisions) {
      if (!wanted.has(revision.id) || applied.has(revision.id)) continue
      this.#onProgress(`Applying revision ${revision.id}`)
      if (await revision.data?.isPending(editor)) await revision.data?.run(editor)
      await revision.up(editor, options)
      applied.add(revision.id)
      await versions.write(applied)
    }
  }
}

function requireKnown(revision: string): void {
  if (revisions.some(({ id }) => id === revision)) return
  throw new MigrationError(`There is no schema revision ${revision}.`)
}
