import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestDatabase } from '../support/databases.ts'
import { glimpse, manage } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse, writeServiceConfig } from '../support/service.ts'

const rounds = 200
const roundsAtATime = 20
const { mariadb, postgres } = await peers('mariadb', 'postgres')

interface Answer {
  readonly status: number
  readonly body: Buffer
}

for (const [name, peer] of Object.entries({ MariaDB: mariadb, PostgreSQL: postgres })) {
  describe(`two workers on ${name}, asked for two things at once`, () => {
    let directory: string
    let database: TestDatabase
    let service: Service

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'glimpse-races-'))
      database = await peer.createDatabase()
      const options = {
        directory,
        config: {
          // Far away, so that everything is reserved and nothing refused.
          DEFAULT: { workers: 2, user_storage_quota: '1GB' },
          database: { connection: database.url },
          glance_store: { filesystem_store_datadir: join(directory, 'images') },
        },
      }
      await manage(glimpse, await writeServiceConfig(glimpse, { ...options, port: 1 }), ['db', 'sync'])
      service = await startGlimpse(options)
    })
    after(async () => {
      await service?.stop()
      await database?.drop()
      await rm(directory, { recursive: true, force: true })
    })

    const call = async (method: string, path: string, { body, type }: { body?: string; type?: string } = {}) => {
      const answer = await fetch(`${service.url}/v2/images${path}`, {
        method,
        headers: { 'content-type': type ?? 'application/json', accept: 'application/json' },
        ...(body === undefined ? {} : { body }),
      })
      return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
    }
    const create = async () => {
      const body = JSON.stringify({ disk_format: 'raw', container_format: 'bare', tags: ['t'], kind: 'race' })
      const answer = await call('POST', '', { body })
      assert.equal(answer.status, 201)
      return (JSON.parse(answer.body.toString()) as { id: string }).id
    }
    const upload = (id: string, body: string) => call('PUT', `/${id}/file`, { body, type: 'application/octet-stream' })
    const remove = (id: string) => call('DELETE', `/${id}`)
    const show = async (id: string) =>
      JSON.parse((await call('GET', `/${id}`)).body.toString()) as Record<string, unknown>
    const patch = (id: string, operations: readonly object[]) =>
      call('PATCH', `/${id}`, {
        body: JSON.stringify(operations),
        type: 'application/openstack-images-v2.1-json-patch',
      })

    /** Runs all rounds, some at a time. @returns how often each pair of statuses came, e.g. `204 410` */
    const race = async (round: (number: number) => Promise<readonly [Answer, Answer]>) => {
      const outcomes = new Map<string, number>()
      for (let first = 0; first < rounds; first += roundsAtATime) {
        const batch = Array.from({ length: roundsAtATime }, (_, index) => round(first + index))
        for (const pair of await Promise.all(batch)) {
          const outcome = pair.map(({ status }) => status).join(' ')
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        }
      }
      return outcomes
    }
    const requireOutcomes = (outcomes: ReadonlyMap<string, number>, allowed: readonly string[]) => {
      const unexpected = [...outcomes].filter(([outcome]) => !allowed.includes(outcome))
      assert.deepEqual(unexpected, [], `of ${JSON.stringify([...outcomes])}`)
    }

    /** What must hold whatever came before what. */
    const requireInvariants = async () => {
      const images = await database.query<{ id: string; status: string; checksum: string | null; size: number | null }>(
        'select id, status, checksum, size from images',
      )
      const transient = images.filter(({ status }) => !['queued', 'active', 'deleted'].includes(status))
      assert.deepEqual(transient, [], 'images in a status that should have ended')
      const active = images.filter(({ status }) => status === 'active')
      const files = await readdir(join(directory, 'images'), { recursive: true, withFileTypes: true })
      const blobs = files.filter((file) => file.isFile()).map((file) => file.name)
      assert.deepEqual(blobs.sort(), active.map(({ id }) => id).sort(), 'one blob for each active image, no other file')
      for (const { id, checksum, size } of active) {
        const data = await readFile(join(directory, 'images', id))
        assert.equal(createHash('md5').update(data).digest('hex'), checksum)
        assert.equal(data.length, Number(size))
      }
      const locations = await database.query<{ image_id: string }>(
        'select image_id from image_locations where deleted = false',
      )
      assert.deepEqual(locations.map(({ image_id }) => image_id).sort(), active.map(({ id }) => id).sort())
      for (const table of ['image_properties', 'image_tags', 'image_locations', 'image_members']) {
        const orphans = await database.query(
          `select c.id from ${table} c join images i on i.id = c.image_id where i.deleted = true and c.deleted = false`,
        )
        assert.deepEqual(orphans, [], `rows of ${table} outlive their images`)
      }
      assert.deepEqual(await database.query('select * from glimpse_quota_reservations'), [])
      assert.doesNotMatch(await service.log(), / ERROR /)
    }

    it('upload and delete: the image is gone with its data', async () => {
      const outcomes = await race(async (round) => {
        const id = await create()
        const pair = await Promise.all([upload(id, `data of ${round}`), sleep((round % 20) * 3).then(() => remove(id))])
        assert.equal((await call('GET', `/${id}`)).status, 404)
        return pair
      })
      requireOutcomes(outcomes, ['204 204', '404 204', '410 204'])
      await requireInvariants()
    })

    it('two uploads: one wins, and its data stays', async () => {
      const outcomes = await race(async (round) => {
        const id = await create()
        const bodies = [`first ${round}`, `second of ${round}`] as const
        const pair = await Promise.all([upload(id, bodies[0]), upload(id, bodies[1])])
        const winner = pair[0].status === 204 ? bodies[0] : bodies[1]
        const image = await show(id)
        assert.deepEqual([image.status, image.size], ['active', winner.length])
        assert.equal(image.checksum, createHash('md5').update(winner).digest('hex'))
        assert.equal((await call('GET', `/${id}/file`)).body.toString(), winner)
        return pair
      })
      requireOutcomes(outcomes, ['204 409', '409 204'])
      await requireInvariants()
    })

    it('two patches: neither is lost', async () => {
      const outcomes = await race(async (round) => {
        const id = await create()
        const change = (which: string) =>
          patch(id, [
            { op: 'replace', path: '/name', value: which },
            { op: 'add', path: `/only_${which}`, value: `${round}` },
            { op: 'add', path: '/both', value: which },
            { op: 'replace', path: '/kind', value: which },
            { op: 'replace', path: '/tags', value: ['t', which] },
          ])
        const pair = await Promise.all([change('a'), change('b')])
        const image = await show(id)
        assert.deepEqual([image.only_a, image.only_b], [`${round}`, `${round}`])
        const last = image.name as string
        assert.ok(['a', 'b'].includes(last))
        assert.deepEqual([image.both, image.kind, image.tags], [last, last, ['t', last]])
        return pair
      })
      requireOutcomes(outcomes, ['200 200'])
      await requireInvariants()
    })

    it('delete and download: all of the data or none', async () => {
      const outcomes = await race(async (round) => {
        const id = await create()
        const data = `${round} `.repeat(500)
        assert.equal((await upload(id, data)).status, 204)
        const pair = await Promise.all([sleep(round % 5).then(() => remove(id)), call('GET', `/${id}/file`)])
        if (pair[1].status === 200) assert.equal(pair[1].body.toString(), data)
        if (pair[1].status === 204) assert.equal(pair[1].body.length, 0)
        assert.equal((await call('GET', `/${id}`)).status, 404)
        return pair
      })
      // 204: the image was still there, its data was not, as in the reference.
      requireOutcomes(outcomes, ['204 200', '204 404', '204 204'])
      await requireInvariants()
    })
  })
}
