import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { TestDatabase } from '../support/databases.ts'
import { Images } from '../support/images.ts'
import { glimpse, type Implementation, manage, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { newBucketName, type S3Peer, s3Peers, viewBucket } from '../support/s3.ts'
import { type Service, startService, writeServiceConfig } from '../support/service.ts'

const mib = 1024 * 1024

for (const form of ['several backends', 'one store of each type'] as const) {
  describe(`Glimpse and the reference on one database and one bucket: ${form}`, () => {
    let directory: string
    let peer: S3Peer
    let database: TestDatabase
    const services: Service[] = []
    const images = {} as Record<'glimpse' | 'reference', Images>
    const bucket = newBucketName()

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'glimpse-s3-beside-'))
      peer = await s3Peers.radosgw()
      database = await (await peers('mariadb')).mariadb.createDatabase()
      const connection = database.url
      const store = {
        s3_store_host: `http://127.0.0.1:${peer.port}`,
        s3_store_access_key: peer.accessKey,
        s3_store_secret_key: peer.secretKey,
        s3_store_bucket: bucket,
        s3_store_create_bucket_on_put: true,
        s3_store_large_object_size: 20,
        s3_store_large_object_chunk_size: 5,
      }
      const config =
        form === 'several backends'
          ? {
              DEFAULT: { enabled_backends: 'cloud:s3' },
              database: { connection },
              glance_store: { default_backend: 'cloud' },
              cloud: store,
            }
          : { database: { connection }, glance_store: { stores: 'file,http,s3', default_store: 's3', ...store } }
      const settings = (by: Implementation) => ({ directory: join(directory, by.name), config })
      await manage(reference, await writeServiceConfig(reference, { ...settings(reference), port: 1 }), ['db_sync'])
      for (const by of [reference, glimpse]) {
        const service = await startService(by, settings(by))
        services.push(service)
        images[by === glimpse ? 'glimpse' : 'reference'] = new Images(service)
      }
    })
    after(async () => {
      await Promise.all(services.map((service) => service.stop()))
      await database?.[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    })

    for (const [maker, taker] of [
      ['reference', 'glimpse'],
      ['glimpse', 'reference'],
    ] as const) {
      it(`data that ${maker} has stored is read and deleted by ${taker}`, async () => {
        await using view = viewBucket(peer, bucket)
        for (const size of [1000, 23 * mib]) {
          const data = randomBytes(size)
          const { id } = await images[maker].createWithData(data)
          assert.deepEqual(await view.things(), [id])
          assert.ok((await images[taker].download(id)).equals(data))
          assert.equal(await images[taker].delete(id), 204)
          assert.deepEqual(await view.things(), [])
        }
      })
    }
  })
}
