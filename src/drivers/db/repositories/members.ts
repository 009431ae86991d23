import { type RawBuilder, sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { ImageMember, MemberStatus } from '../../../ports/image.ts'
import type { MemberRepository } from '../../../ports/repositories.ts'
import type { Database, Queryable, Row } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now, parseTimestamp } from '../timestamps.ts'
import { lockImage } from './lock-image.ts'
import { isWide, refuseWideCharacters } from './wide-characters.ts'

const columns = sql`image_id, member, status, created_at, updated_at, id, deleted`

/** @see glance `db/sqlalchemy/api.py`: `image_member_*`, `db/__init__.py`: `ImageMemberRepo` */
export class SqlMemberRepository implements MemberRepository {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async get(imageId: string, memberId: string): Promise<ImageMember | undefined> {
    const row = await this.#find(this.#database, { imageId, memberId })
    return row && memberOf(row)
  }

  async list(imageId: string): Promise<ImageMember[]> {
    const statement = this.#statements.get(
      'members',
      () =>
        sql`select ${columns} from image_members where image_id = ${slot('imageId')} and deleted = false order by id`,
    )
    return (await this.#database.rows(statement, { imageId })).map(memberOf)
  }

  async create(imageId: string, memberId: string, status: MemberStatus): Promise<ImageMember> {
    refuseWideCharacters([memberId])
    const time = formatTimestamp(now(), this.#database.dialect)
    return this.#database.transaction(async (transaction) => {
      // No unique key keeps two live memberships of one project apart (`deleted_at` is NULL): the image's lock does.
      await lockImage(transaction, { statements: this.#statements, dialect: this.#database.dialect, id: imageId })
      const known = await this.#find(transaction, { imageId, memberId, withDeleted: true })
      if (known && !isDeleted(known)) throw new GlimpseError('member_exists', { memberId })
      const values = { imageId, memberId, status, time, false: false, id: known?.[5] }
      // One row stands for image and project for all time, as in the reference: a deleted one is used again.
      await transaction.run(
        this.#statements.get(known ? 'member revive' : 'member insert', () => (known ? revive() : insert())),
        values,
      )
      return memberOf((await this.#find(transaction, { imageId, memberId })) as Row)
    })
  }

  async update(imageId: string, memberId: string, status: MemberStatus): Promise<ImageMember> {
    const statement = this.#statements.get(
      'member update',
      () => sql`update image_members set status = ${slot('status')}, updated_at = ${slot('time')}
        where image_id = ${slot('imageId')} and member = ${slot('memberId')} and deleted = false`,
    )
    if (isWide(memberId)) throw new GlimpseError('member_not_found', { memberId })
    const time = formatTimestamp(now(), this.#database.dialect)
    await this.#database.run(statement, { imageId, memberId, status, time })
    const member = await this.get(imageId, memberId)
    if (!member) throw new GlimpseError('member_not_found', { memberId })
    return member
  }

  async delete(imageId: string, memberId: string): Promise<void> {
    const statement = this.#statements.get(
      'member delete',
      () => sql`update image_members
        set deleted = ${slot('true')}, deleted_at = ${slot('time')}, updated_at = ${slot('time')}
        where image_id = ${slot('imageId')} and member = ${slot('memberId')} and deleted = false`,
    )
    if (isWide(memberId)) throw new GlimpseError('member_not_found', { memberId })
    const time = formatTimestamp(now(), this.#database.dialect)
    const count = await this.#database.run(statement, { imageId, memberId, time, true: true })
    if (count === 0) throw new GlimpseError('member_not_found', { memberId })
  }

  async #find(
    queryable: Queryable,
    options: { imageId: string; memberId: string; withDeleted?: true },
  ): Promise<Row | undefined> {
    const { imageId, memberId, withDeleted } = options
    if (isWide(memberId)) return undefined
    const statement = this.#statements.get(
      `member ${withDeleted}`,
      () => sql`select ${columns} from image_members where image_id = ${slot('imageId')}
        and member = ${slot('memberId')}${withDeleted ? sql`` : sql` and deleted = false`} order by deleted, id limit 1`,
    )
    const [row] = await queryable.rows(statement, { imageId, memberId })
    return row
  }
}

function insert(): RawBuilder<unknown> {
  return sql`insert into image_members (image_id, member, can_share, status, created_at, updated_at, deleted)
    values (${slot('imageId')}, ${slot('memberId')}, ${slot('false')}, ${slot('status')}, ${slot('time')},
      ${slot('time')}, ${slot('false')})`
}

function revive(): RawBuilder<unknown> {
  return sql`update image_members set deleted = ${slot('false')}, deleted_at = null, can_share = ${slot('false')},
    status = ${slot('status')}, updated_at = ${slot('time')} where id = ${slot('id')}`
}

function isDeleted(row: Row): boolean {
  return row[6] === 1 || row[6] === true
}

function memberOf(row: Row): ImageMember {
  const createdAt = parseTimestamp(row[3] as string)
  return {
    imageId: row[0] as string,
    memberId: row[1] as string,
    status: row[2] as MemberStatus,
    createdAt,
    updatedAt: row[4] === null ? createdAt : parseTimestamp(row[4] as string),
  }
}
