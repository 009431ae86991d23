import { type RawBuilder, sql } from 'kysely'
import type { NewTask, Task, TaskChange, TaskQuery, TaskRepository, TaskStub } from '../../../ports/tasks.ts'
import type { Database, Queryable, Row } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now } from '../timestamps.ts'
import { listTasks, stubColumns, stubOf } from './task-list.ts'

const from = sql`select ${sql.join(stubColumns)}, n.input, n.result, n.message
  from tasks t left join task_info n on n.task_id = t.id`

/** @see glance `db/sqlalchemy/api.py` `task_*` */
export class SqlTaskRepository implements TaskRepository {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async get(id: string): Promise<Task | undefined> {
    const statement = this.#statements.get('task', () => sql`${from} where t.id = ${slot('id')} and t.deleted = false`)
    const [row] = await this.#database.rows(statement, { id })
    return row && taskOf(row)
  }

  list(query: TaskQuery): Promise<TaskStub[]> {
    return listTasks(this.#database, { statements: this.#statements, query })
  }

  async listByImage(imageId: string): Promise<Task[]> {
    const statement = this.#statements.get(
      'tasks of image',
      () => sql`${from} where t.image_id = ${slot('imageId')} and t.deleted = false
        and (t.expires_at is null or t.expires_at >= ${slot('now')}) order by t.created_at, t.id`,
    )
    return (await this.#database.rows(statement, { imageId, now: this.#now() })).map(taskOf)
  }

  async create(task: NewTask): Promise<Task> {
    const at = now()
    const { dialect } = this.#database
    const values = {
      ...task,
      time: formatTimestamp(at, dialect),
      expiresAt: task.expiresAt && formatTimestamp(task.expiresAt, dialect),
      input: task.input && JSON.stringify(task.input),
      result: task.result && JSON.stringify(task.result),
      false: false,
    }
    const insertTask = this.#statements.get(
      'insert task',
      () => sql`insert into tasks (id, type, status, owner, expires_at, image_id, request_id, user_id,
          created_at, updated_at, deleted)
        values (${slot('id')}, ${slot('type')}, ${slot('status')}, ${slot('owner')}, ${slot('expiresAt')},
          ${slot('imageId')}, ${slot('requestId')}, ${slot('userId')}, ${slot('time')}, ${slot('time')}, ${slot('false')})`,
    )
    const insertInfo = this.#statements.get(
      'insert task info',
      () => sql`insert into task_info (task_id, input, result, message)
        values (${slot('id')}, ${slot('input')}, ${slot('result')}, ${slot('message')})`,
    )
    await this.#database.transaction(async (transaction) => {
      await transaction.run(insertTask, values)
      await transaction.run(insertInfo, values)
    })
    return { ...task, createdAt: at, updatedAt: at }
  }

  async update(id: string, { status, expiresAt, message, result }: TaskChange): Promise<boolean> {
    const { dialect } = this.#database
    const columns: Record<string, unknown> = {
      updated_at: this.#now(),
      ...(status === undefined ? {} : { status }),
      ...(expiresAt === undefined ? {} : { expires_at: expiresAt && formatTimestamp(expiresAt, dialect) }),
    }
    const info: Record<string, unknown> = {
      ...(message === undefined ? {} : { message }),
      ...(result === undefined ? {} : { result: result && JSON.stringify(result) }),
    }
    return this.#database.transaction(async (transaction) => {
      const open = sql`id = ${slot('id')} and deleted = false and status not in ('success', 'failure')`
      if ((await this.#set(transaction, { table: 'tasks', columns, id, where: open })) === 0) return false
      await this.#set(transaction, { table: 'task_info', columns: info, id, where: sql`task_id = ${slot('id')}` })
      return true
    })
  }

  async #set(
    transaction: Queryable,
    options: { table: string; columns: Record<string, unknown>; id: string; where: RawBuilder<unknown> },
  ): Promise<number> {
    const { table, columns, id, where } = options
    const names = Object.keys(columns)
    if (names.length === 0) return 0
    const statement = this.#statements.get(
      `update ${table} ${names.join()}`,
      () => sql`update ${sql.table(table)}
        set ${sql.join(names.map((name) => sql`${sql.ref(name)} = ${slot(name)}`))} where ${where}`,
    )
    return transaction.run(statement, { ...columns, id })
  }

  expire(owner: string): Promise<number> {
    const statement = this.#statements.get(
      'expire tasks',
      () => sql`update tasks set deleted = ${slot('true')}, deleted_at = ${slot('now')}, updated_at = ${slot('now')}
        where owner = ${slot('owner')} and deleted = false and expires_at <= ${slot('now')}`,
    )
    return this.#database.run(statement, { owner, now: this.#now(), true: true })
  }

  #now(): string {
    return formatTimestamp(now(), this.#database.dialect)
  }
}

function taskOf(row: Row): Task {
  const [input, result, message] = row.slice(stubColumns.length) as [string | null, string | null, string | null]
  return { ...stubOf(row), input: parse(input), result: parse(result), message }
}

function parse(json: string | null): Task['input'] {
  return json === null ? null : (JSON.parse(json) as Task['input'])
}
