import type { Engine, Session } from './engines.ts'

/** Images of the project are one in so many. */
const projects = 20

/**
 * Fills a database of Glance's schema with `rows` active images and as many that were deleted 40 days ago, all with one
 * property and one location, one in ten with a tag. Those of `project` are one in `projects`; one in a hundred is public.
 */
export async function fill(
  engine: Engine,
  session: Session,
  { rows, project, folder }: { rows: number; project: string; folder: string },
): Promise<void> {
  const run = (sql: string) => session.query(sql)
  const numbers = engine.numbers(rows)
  const no = engine.name === 'PostgreSQL' ? 'false' : '0'
  const yes = engine.name === 'PostgreSQL' ? 'true' : '1'
  for (const deleted of [false, true]) {
    const kind = deleted ? 'dead' : 'live'
    const id = engine.idOf(`concat('${kind}', n)`)
    const [at, flag] = deleted ? [engine.daysAgo(40), yes] : ['NULL', no]
    const common = `${engine.daysAgo(50)}, ${at}, ${flag}`
    const seconds = engine.name === 'PostgreSQL' ? `n * INTERVAL '1 second'` : 'INTERVAL n SECOND'
    const word = `CASE WHEN n % 100 = 7 THEN 'public' WHEN n % 10 = 3 THEN 'shared' ELSE 'private' END`
    const visibility = engine.name === 'PostgreSQL' ? `CAST(${word} AS image_visibility)` : word
    await run(`INSERT INTO images (id, name, size, status, visibility, disk_format, container_format, owner, min_disk,
        min_ram, protected, os_hidden, created_at, updated_at, deleted_at, deleted)
      SELECT ${id}, concat('image-', n % 1000), n % 1000 * 1048576, '${deleted ? 'deleted' : 'active'}',
        ${visibility}, 'raw', 'bare',
        CASE WHEN n % ${projects} = 0 THEN '${project}' ELSE concat('project-', n % 500) END, 0, 0, ${no}, ${no},
        ${engine.daysAgo(60)} - ${seconds}, ${engine.daysAgo(50)}, ${at}, ${flag}
      FROM ${numbers} ORDER BY 1`)
    await run(`INSERT INTO image_properties (image_id, name, value, created_at, deleted_at, deleted)
      SELECT ${id}, 'os_distro', CASE WHEN n % 50000 = 0 THEN 'rare' WHEN n % 2 = 0 THEN 'debian' ELSE 'ubuntu' END,
        ${common} FROM ${numbers} ORDER BY n`)
    await run(`INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted_at, deleted)
      SELECT ${id}, concat('file://${folder}/', ${id}), '{}', '${deleted ? 'deleted' : 'active'}', ${common}
      FROM ${numbers} ORDER BY n`)
    await run(`INSERT INTO image_tags (image_id, value, created_at, deleted_at, deleted)
      SELECT ${id}, CASE WHEN n % 50000 = 0 THEN 'rare' ELSE 'lts' END, ${common} FROM ${numbers} WHERE n % 10 = 0 ORDER BY n`)
    console.log(`${engine.name}: ${rows} images, ${kind}`)
  }
  for (const table of ['images', 'image_properties', 'image_locations', 'image_tags']) await run(engine.analyze(table))
}
