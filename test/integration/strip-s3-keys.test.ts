import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { openDatabase, openRepositories } from '../../src/drivers/db/open.ts'
import { stripS3Keys } from '../../src/drivers/db/strip-s3-keys.ts'
import { peers } from '../support/peers.ts'

for (const engine of ['sqlite', 'mariadb', 'postgres'] as const) {
  it(`removes the keys from locations of S3 alone, on ${engine}`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'glimpse-strip-'))
    t.after(() => rm(directory, { recursive: true }))
    const peer = engine === 'sqlite' ? undefined : await (await peers(engine))[engine].createDatabase()
    t.after(() => peer?.drop())
    const connection = peer?.url ?? `sqlite:///${directory}/glance.sqlite`
    const repositories = await openRepositories({ connection, createSchema: true })
    t.after(() => repositories.close())
    const id = randomUUID()
    const locations = [
      's3://KEY:se/cr+et@host:8080/bucket/a',
      's3+https://KEY:secret@host/bucket/b',
      's3://host/bucket/c',
      'swift://user:password@host/container/d',
      'rbd://fsid/pool/image@x/snap',
    ].map((url) => ({ url, metadata: {}, status: 'active' }))
    await repositories.images.create({ id, status: 'active', visibility: 'public', owner: 'p', locations })
    const database = await openDatabase(connection)
    t.after(() => database.close())
    assert.equal(await stripS3Keys(database), 2)
    assert.equal(await stripS3Keys(database), 0)
    assert.deepEqual(
      (await repositories.images.get(id))?.locations.map(({ url }) => url),
      [
        's3://host:8080/bucket/a',
        's3+https://host/bucket/b',
        's3://host/bucket/c',
        'swift://user:password@host/container/d',
        'rbd://fsid/pool/image@x/snap',
      ],
    )
  })
}
