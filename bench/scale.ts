import { createConnection } from 'mysql2/promise'
import { ImageSet } from './images.ts'
import { requests } from './load.ts'
import type { Setting } from './measures.ts'
import type { Contender } from './services.ts'

const few = 1_000
const many = 1_000_000
const batch = 100_000

/** Cost of a page of 25 among a thousand images, and among a million with as many soft-deleted ones. */
export async function measureScale(contender: Contender, setting: Setting): Promise<void> {
  const { token, seconds, connections, figures } = setting
  const database = await createConnection(contender.databaseUrl.replace(/^mysql\+pymysql/, 'mysql'))
  try {
    const template = await new ImageSet(contender.url, token).create('scale', { tags: ['lts'], os_distro: 'ubuntu' })
    const page = async (size: string) => {
      const headers = { 'X-Auth-Token': token }
      const cpuBefore = contender.processes.cpuSeconds()
      const rate = await requests(`${contender.url}/v2/images`, { seconds, connections, headers })
      figures.add(`page of 25 among ${size}, requests/s`, contender.name, rate.perSecond)
      const cpuMs = ((contender.processes.cpuSeconds() - cpuBefore) * 1000) / rate.requests
      figures.add(`page of 25 among ${size}, CPU ms/request`, contender.name, cpuMs)
    }
    const multiply = async (from: number, to: number, deleted: boolean) => {
      for (let start = from; start < to; start += batch) {
        const end = Math.min(start + batch, to) - 1
        await database.query(
          `INSERT INTO images (id, name, size, status, visibility, created_at, updated_at, deleted_at, deleted, disk_format,
             container_format, owner, min_disk, min_ram, protected, os_hidden)
           SELECT uuid(), concat('scale-', s.seq), 0, ?, visibility, created_at - INTERVAL s.seq SECOND,
             updated_at - INTERVAL s.seq SECOND, ?, ?, disk_format, container_format, owner, min_disk, min_ram, 0, 0
           FROM images JOIN seq_${start}_to_${end} s WHERE images.id = ?`,
          [deleted ? 'deleted' : 'queued', deleted ? new Date() : null, deleted ? 1 : 0, template],
        )
        console.log(`${end + 1} rows${deleted ? ' deleted' : ''}`)
      }
    }
    await multiply(0, few, false)
    await page('1,000')
    await multiply(few, many, false)
    await multiply(0, many, true)
    await database.query('ANALYZE TABLE images')
    await page('1,000,000')
  } finally {
    await database.end()
  }
}
