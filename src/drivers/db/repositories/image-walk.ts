import { sql } from 'kysely'
import type { Image } from '../../../ports/image.ts'
import type { IdRange, ImageWalk } from '../../../ports/image-walk.ts'
import type { Database } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { imageSelection, imagesOf } from './image-reads.ts'

export class SqlImageWalk implements ImageWalk {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async count(): Promise<number> {
    const statement = this.#statements.get('count images', () => sql`select count(*) from images where deleted = false`)
    const [row] = await this.#database.rows(statement, {})
    return Number(row?.[0] ?? 0)
  }

  async page({ from, to }: IdRange, options: { after?: string | undefined; limit: number }): Promise<Image[]> {
    const { after, limit } = options
    const statement = this.#statements.get(`walk ${to === null} ${after === undefined}`, () => {
      const low = after === undefined ? sql`i.id >= ${slot('from')}` : sql`i.id > ${slot('after')}`
      const high = to === null ? sql`` : sql`and i.id < ${slot('to')}`
      return sql`select ${imageSelection(this.#database.dialect)} from images i
        where ${this.#database.dialect === 'sqlite' ? sql`+i.deleted` : sql`i.deleted`} = false and ${low} ${high} order by i.id limit ${slot('limit')}`
    })
    const rows = await this.#database.rows(statement, { from, to, after, limit })
    return imagesOf(this.#database, this.#statements, rows)
  }
}
