import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProjectQuotas } from '../../src/domain/quota/project-quotas.ts'
import { SizeMeter } from '../../src/domain/quota/size-meter.ts'
import { storageQuota } from '../../src/domain/quota/storage-quota.ts'
import { GlimpseError, hasCode } from '../../src/errors/error.ts'
import type { Logger } from '../../src/ports/logger.ts'
import {
  type QuotaClaim,
  type QuotaRepository,
  type QuotaResource,
  quotaResources,
  type ReserveRequest,
} from '../../src/ports/quota.ts'
import type { NewImage, Repositories } from '../../src/ports/repositories.ts'
import { until } from '../support/until.ts'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

/** What every implementation of the quota repository promises. `open` gives repositories over an empty database. */
export function describeQuota(name: string, open: () => Promise<Repositories>): void {
  describe(`quotas on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const holder = randomUUID()
    const reserve = (
      owner: string | null,
      claim: Partial<QuotaClaim>,
      { id = randomUUID(), lifetimeMs = 60_000 }: { id?: string; lifetimeMs?: number } = {},
    ) =>
      repositories.quota.reserve({
        id,
        owner,
        holder,
        lifetimeMs,
        claims: [{ resource: 'image_size_total', amount: 10, maximum: 100, mayExceed: false, ...claim }],
      })
    const addImage = (owner: string | null, values: Partial<NewImage> = {}) =>
      repositories.images.create({ id: randomUUID(), status: 'active', visibility: 'private', owner, ...values })
    const location = (status = 'active') => ({ url: `file:///${randomUUID()}`, metadata: {}, status })

    it('grants no more than fits, however many ask at once', async () => {
      const owner = randomUUID()
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve(owner, { amount: 9 })))
      assert.equal(outcomes.filter((excesses) => excesses.length === 0).length, 11)
      assert.ok(outcomes.flat().every(({ used, maximum }) => used === 99 && maximum === 100))
    })

    it('grants all claims of a request or none', async () => {
      const owner = randomUUID()
      const claims = (amount: number): QuotaClaim[] => [
        { resource: 'image_size_total', amount: 60, maximum: 100, mayExceed: false },
        { resource: 'image_count_uploading', amount, maximum: 1, mayExceed: false },
      ]
      const request = (amount: number) =>
        repositories.quota.reserve({ id: randomUUID(), owner, holder, lifetimeMs: 60_000, claims: claims(amount) })
      assert.deepEqual(
        (await request(2)).map(({ resource }) => resource),
        ['image_count_uploading'],
      )
      assert.deepEqual(await request(1), [])
      assert.deepEqual(
        (await request(1)).map(({ resource, used }) => [resource, used]),
        [
          ['image_size_total', 60],
          ['image_count_uploading', 1],
        ],
      )
    })

    it('lets a reservation grow, shrink and end', async () => {
      const [owner, id] = [randomUUID(), randomUUID()]
      assert.deepEqual(await reserve(owner, { amount: 60 }, { id }), [])
      assert.deepEqual(await reserve(owner, { amount: 100 }, { id }), [])
      assert.equal((await reserve(owner, { amount: 101 }, { id })).length, 1)
      assert.equal((await reserve(owner, { amount: 1 })).length, 1)
      assert.deepEqual(await reserve(owner, { amount: 90 }, { id }), [])
      assert.deepEqual(await reserve(owner, { amount: 10 }), [])
      await repositories.quota.release(id)
      assert.deepEqual(await reserve(owner, { amount: 90 }), [])
    })

    it('lets a claim that may exceed its limit do so once', async () => {
      const owner = randomUUID()
      assert.deepEqual(await reserve(owner, { amount: 100 }), [])
      assert.deepEqual(await reserve(owner, { amount: 50, mayExceed: true }), [])
      const [excess] = await reserve(owner, { amount: 0, mayExceed: true })
      assert.equal(excess?.used, 150)
    })

    it('turns a reservation into usage together with the change of the image, or neither', async () => {
      const [owner, id] = [randomUUID(), randomUUID()]
      const image = await addImage(owner, { status: 'saving' })
      await reserve(owner, { amount: 70 }, { id })
      const settles = { reservationId: id, resource: 'image_size_total' } as const
      const change = { fields: { status: 'active', sizeBytes: 70 }, addLocations: [location()] } as const
      await assert.rejects(repositories.images.update(image.id, change, { from: ['queued'], settles }), (error) =>
        hasCode(error, 'image_status_conflict'),
      )
      assert.equal((await reserve(owner, { amount: 31 }))[0]?.used, 70)
      await repositories.images.update(image.id, change, { from: ['saving'], settles })
      assert.equal((await reserve(owner, { amount: 31 }))[0]?.used, 70)
      assert.deepEqual(await reserve(owner, { amount: 30 }), [])
      await repositories.quota.release(id)
      assert.equal((await reserve(owner, { amount: 1 }))[0]?.used, 100)
    })

    it('makes an image in the place that was reserved for it', async () => {
      const [owner, id] = [randomUUID(), randomUUID()]
      const claim = { resource: 'image_count_total', amount: 1, maximum: 1 } as const
      assert.deepEqual(await reserve(owner, claim, { id }), [])
      const settles = { reservationId: id, resource: 'image_count_total' } as const
      const image: NewImage = { id: randomUUID(), status: 'queued', visibility: 'private', owner }
      await repositories.images.create(image, { settles })
      assert.equal((await reserve(owner, claim))[0]?.used, 1)
      await repositories.images.delete(image.id)
      assert.deepEqual(await reserve(owner, claim), [])
    })

    it('forgets reservations that nobody kept alive, and carries out nothing in their name', async () => {
      const [owner, id] = [randomUUID(), randomUUID()]
      const image = await addImage(owner, { status: 'saving' })
      assert.deepEqual(await reserve(owner, { amount: 100 }, { id, lifetimeMs: -1 }), [])
      assert.deepEqual(await reserve(owner, { amount: 100 }), [])
      const settles = { reservationId: id, resource: 'image_size_total' } as const
      await assert.rejects(
        repositories.images.update(image.id, { fields: { status: 'active' } }, { settles }),
        (error) => hasCode(error, 'reservation_lost'),
      )
      assert.equal((await repositories.images.get(image.id))?.status, 'saving')
    })

    it('keeps the reservations of a living process', async () => {
      const owner = randomUUID()
      await reserve(owner, { amount: 100 }, { lifetimeMs: -1 })
      await repositories.quota.renew(holder, { lifetimeMs: 60_000 })
      assert.equal((await reserve(owner, { amount: 1 }))[0]?.used, 100)
    })

    it('counts bytes and images of a project as the reference does', async () => {
      for (const owner of [randomUUID(), null]) {
        const before = await repositories.quota.usage(owner, quotaResources)
        await addImage(owner, { sizeBytes: 10, locations: [location(), location()] })
        await addImage(owner, { sizeBytes: 5, locations: [location('pending_delete')] })
        await addImage(owner, { status: 'deactivated', sizeBytes: 1, locations: [location()] })
        await addImage(owner, { status: 'queued' })
        await addImage(owner, { status: 'saving' })
        await addImage(owner, { status: 'uploading', sizeBytes: 100 })
        await addImage(owner, { status: 'importing', sizeBytes: 200, locations: [location()] })
        await addImage(owner, {
          sizeBytes: 1000,
          locations: [location()],
          properties: { os_glance_importing_to_stores: 'two' },
        })
        await addImage(owner, { sizeBytes: 7, properties: { os_glance_importing_to_stores: '' } })
        await addImage(owner, { status: 'killed', sizeBytes: 4000, locations: [location()] })
        const deleted = await addImage(owner, { sizeBytes: 8000, locations: [location()] })
        await repositories.images.delete(deleted.id)
        const waiting = await addImage(owner, { sizeBytes: 8000, locations: [location()] })
        await repositories.images.delete(waiting.id, { status: 'pending_delete' })
        await reserve(owner, { amount: 50 })
        const after = await repositories.quota.usage(owner, quotaResources)
        const added = quotaResources.map((resource) => [resource, (after[resource] ?? 0) - (before[resource] ?? 0)])
        assert.deepEqual(Object.fromEntries(added), {
          image_size_total: 20 + 5 + 1 + 200 + 1000,
          image_stage_total: 100 + 200 + 1000,
          image_count_total: 9,
          image_count_uploading: 4,
        } satisfies Record<QuotaResource, number>)
      }
    })

    it('keeps the accounts of projects apart', async () => {
      const [one, other] = [randomUUID(), randomUUID()]
      assert.deepEqual(await reserve(one, { amount: 100 }), [])
      assert.deepEqual(await reserve(other, { amount: 100 }), [])
    })

    it('lets a process keep its reservations by reminders, and claim again what it lost', async () => {
      const owner = randomUUID()
      const options = { limits: storageQuota(100), log: silent }
      const quotas = new ProjectQuotas(repositories.quota, { ...options, lifetimeMs: 400 })
      const others = new ProjectQuotas(repositories.quota, options)
      const reservation = await quotas.reserve(owner, { image_size_total: 100 })
      await sleep(1000)
      const refused = (error: unknown) => hasCode(error, 'storage_quota_full')
      await assert.rejects(others.reserve(owner, { image_size_total: 1 }), refused)
      await repositories.quota.release(reservation.id)
      const image = await addImage(owner, { status: 'saving' })
      const activate = () =>
        reservation.settle('image_size_total', (settles) =>
          repositories.images.update(
            image.id,
            { fields: { status: 'active', sizeBytes: 100 }, addLocations: [location()] },
            { from: ['saving'], settles },
          ),
        )
      const other = await others.reserve(owner, { image_size_total: 1 })
      await assert.rejects(activate(), refused)
      await other.release()
      assert.equal((await activate()).status, 'active')
      await reservation.release()
      await assert.rejects(others.reserve(owner, { image_size_total: 1 }), refused)
    })

    it('gives back later what could not be given back at once, also while others are kept alive', async () => {
      const owner = randomUUID()
      let failures = 2
      const failing: QuotaRepository = Object.create(repositories.quota, {
        reserve: {
          // The answer is lost, as with a connection that breaks in the commit.
          value: async (request: ReserveRequest) => {
            const excesses = await repositories.quota.reserve(request)
            if (request.claims[0]?.amount === 30) throw new GlimpseError('database_unavailable', { reason: 'gone' })
            return excesses
          },
        },
        release: {
          value: async (id: string) => {
            if (failures-- > 0) throw new GlimpseError('database_unavailable', { reason: 'gone' })
            await repositories.quota.release(id)
          },
        },
        renew: { value: (...args: Parameters<QuotaRepository['renew']>) => repositories.quota.renew(...args) },
      })
      const quotas = new ProjectQuotas(failing, { limits: storageQuota(100), log: silent, lifetimeMs: 400 })
      await using _kept = await quotas.reserve(owner, { image_size_total: 40 })
      const ended = await quotas.reserve(owner, { image_size_total: 20 })
      await assert.rejects(quotas.reserve(owner, { image_size_total: 30 }))
      await ended.release()
      assert.equal((await reserve(owner, { amount: 100 }))[0]?.used, 90)
      await until(async () => (await reserve(owner, { amount: 100 }))[0]?.used === 40)
    })

    it('grows a reservation with data of unknown size, until it does not fit', async () => {
      const owner = randomUUID()
      const quotas = new ProjectQuotas(repositories.quota, { limits: storageQuota(100), log: silent })
      await using first = await quotas.reserve(owner, { image_size_total: 0 }, { sizeUnknown: true })
      const meter = new SizeMeter(first, { resource: 'image_size_total', slabBytes: 40 })
      for (let bytes = 10; bytes <= 60; bytes += 10) {
        meter.saw(bytes)
        await meter.stopped()
      }
      assert.equal((await reserve(owner, { amount: 61 }))[0]?.used, 40)
      await meter.finish(65)
      assert.equal((await reserve(owner, { amount: 36 }))[0]?.used, 65)
      await using second = await quotas.reserve(owner, { image_size_total: 0 }, { sizeUnknown: true })
      const refused = new SizeMeter(second, { resource: 'image_size_total', slabBytes: 10 })
      refused.saw(40)
      await refused.stopped()
      assert.throws(
        () => refused.saw(41),
        (error) => hasCode(error, 'storage_quota_full'),
      )
    })

    it('counts sizes beyond 32 bits', async () => {
      const owner = randomUUID()
      const amount = 2 ** 45
      assert.deepEqual(await reserve(owner, { amount, maximum: 2 ** 46 }), [])
      assert.deepEqual(await reserve(owner, { amount, maximum: 2 ** 46 }), [])
      assert.equal((await reserve(owner, { amount: 1, maximum: 2 ** 46 }))[0]?.used, 2 ** 46)
    })
  })
}
