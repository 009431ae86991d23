import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { CacheRecords } from '../../src/ports/cache.ts'

export interface RecordsFixture extends AsyncDisposable {
  readonly records: CacheRecords
  /** Puts a file of that size where the entries of the cache lie, for records that lie with the files. */
  addFile(imageId: string, sizeBytes: number): Promise<void>
  removeFile(imageId: string): Promise<void>
}

/** What every driver of the cache's records must do. Times count in whole seconds. */
export function describeCacheRecords(name: string, open: () => Promise<RecordsFixture>): void {
  describe(`records of the cache: ${name}`, () => {
    let fixture: RecordsFixture
    const [first = '', second = ''] = [randomUUID(), randomUUID()].sort()
    const checksum = '0123456789abcdef0123456789abcdef'

    before(async () => {
      fixture = await open()
    })
    after(() => fixture?.[Symbol.asyncDispose]())

    const add = async (imageId: string, { sum = null as string | null } = {}) => {
      await fixture.addFile(imageId, 2000)
      await fixture.records.add({ imageId, sizeBytes: 2000, checksum: sum, at: new Date() })
    }
    const remove = async (imageId: string) => {
      await fixture.removeFile(imageId)
      await fixture.records.remove(imageId)
    }

    it('notes entries, in the order of their ids', async () => {
      await add(second)
      await add(first, { sum: checksum })
      const listed = await fixture.records.list()
      assert.deepEqual(
        listed.map(({ imageId, sizeBytes, hits, checksum: sum }) => [imageId, sizeBytes, hits, sum]),
        [
          [first, 2000, 0, checksum],
          [second, 2000, 0, null],
        ],
      )
      for (const { lastModified } of listed) assert.ok(Math.abs(lastModified.getTime() - Date.now()) < 60_000)
      assert.deepEqual(await fixture.records.get(first), listed[0])
      assert.equal(await fixture.records.get(randomUUID()), undefined)
    })

    it('counts downloads, and when the last one was', async () => {
      const at = new Date('2031-05-06T07:08:09Z')
      await fixture.records.hit(first, { count: 3, at })
      await fixture.records.hit(first, { count: 1, at })
      await fixture.records.hit(randomUUID(), { count: 1, at })
      const record = await fixture.records.get(first)
      assert.deepEqual([record?.hits, record?.lastAccessed], [4, at])
      assert.equal((await fixture.records.get(second))?.hits, 0)
    })

    it('begins anew with an entry that comes again', async () => {
      await add(first, { sum: checksum })
      assert.equal((await fixture.records.get(first))?.hits, 0)
      assert.equal((await fixture.records.list()).length, 2)
    })

    it('forgets entries, one or all', async () => {
      await remove(second)
      await remove(second)
      assert.deepEqual(
        (await fixture.records.list()).map(({ imageId }) => imageId),
        [first],
      )
      await fixture.removeFile(first)
      await fixture.records.removeAll()
      assert.deepEqual(await fixture.records.list(), [])
    })
  })
}
