import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { DigestPool } from '../../src/domain/data/digest-pool.ts'
import { StoreSet } from '../../src/domain/data/store-set.ts'
import { JobQueue } from '../../src/domain/jobs/job-queue.ts'
import { runDryPass } from '../../src/domain/passes/dry-pass.ts'
import { SharedJournal } from '../../src/domain/passes/journal.ts'
import { unobserved } from '../../src/domain/passes/observer.ts'
import { Pace } from '../../src/domain/passes/pace.ts'
import { Passes } from '../../src/domain/passes/passes.ts'
import { runStep } from '../../src/domain/passes/run-step.ts'
import { Replication } from '../../src/domain/replication/replication.ts'
import { RuleBook } from '../../src/domain/replication/rule-book.ts'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { GlimpseError } from '../../src/errors/error.ts'
import type { BlobStore } from '../../src/ports/blob-store.ts'
import type { Image } from '../../src/ports/image.ts'
import type { PassScope, PassStep } from '../../src/ports/passes.ts'
import type { ReplicationRule } from '../../src/ports/replication.ts'
import type { NewImage, Repositories } from '../../src/ports/repositories.ts'
import { MemoryStore } from '../support/memory-store.ts'

const silent = { info() {}, warn() {}, error() {}, debug() {}, child: () => silent }
const everything: PassScope = { imageId: null, storeId: null, choices: {} }
const checked: PassScope = { ...everything, choices: { check: true } }
const rates = { itemsPerSecond: 0, bytesPerSecond: 0 }
const data = Buffer.alloc(300_000, 'data of an image ')
const digest = (bytes: Buffer) => createHash('sha512').update(bytes).digest('hex')

/** A store whose failures a test decides. */
class TestStore extends MemoryStore {
  isAway = false
  isFull = false
  reads = 0
  /** Called when data is about to be opened. */
  onOpen: (url: string) => Promise<void> = async () => {}

  override async create(key: string) {
    this.#require()
    if (this.isFull) throw new GlimpseError('storage_full', { store: this.id })
    return super.create(key)
  }

  override async open(url: string, options: Parameters<BlobStore['open']>[1]) {
    this.#require()
    this.reads += 1
    await this.onOpen(url)
    return super.open(url, options)
  }

  override async size(url: string) {
    this.#require()
    return super.size(url)
  }

  #require(): void {
    if (this.isAway) throw new GlimpseError('store_unavailable', { store: this.id, reason: 'it is away' })
  }
}

describe('replication', () => {
  const digests = new DigestPool({ threads: 2 })
  let repositories: Repositories
  let stores: TestStore[]
  let set: StoreSet
  before(async () => {
    repositories = await openRepositories({ connection: 'sqlite://', createSchema: true })
  })
  beforeEach(async () => {
    for (const { id } of await repositories.walk.page({ from: '', to: null }, { limit: 1000 })) {
      await repositories.images.delete(id)
    }
    for (const { rule } of await repositories.replication.rules()) await repositories.replication.removeRule(rule.name)
    stores = ['a', 'b', 'c'].map((id) => new TestStore(id))
    const common = { type: 'memory', properties: {}, description: null, weight: 0, reserved: false }
    set = new StoreSet(
      stores.map((store) => ({ store, ...common, isAvailable: () => !store.isAway })),
      { defaultId: 'a', multiple: true },
    )
  })
  after(async () => {
    await repositories.close()
    await digests.close()
  })

  const everywhere: ReplicationRule = {
    name: 'everywhere',
    match: { visibility: ['public'] },
    stores: [],
    copies: null,
  }
  const program = ({ rules = [everywhere], checkMs = 0 }: { rules?: ReplicationRule[]; checkMs?: number } = {}) =>
    new Replication({
      repositories,
      stores: set,
      digests,
      rules: new RuleBook(repositories.replication, { configured: rules }),
      checkMs,
      parallel: 2,
      intervalMs: 60_000,
      log: silent,
    })
  const pass = async (
    options: Parameters<typeof program>[0] & { scope?: PassScope } = {},
    inOrder = (steps: readonly PassStep[]) => steps,
  ) => {
    const { scope = everything } = options
    const work = program(options)
    const passes = new Passes({
      passes: repositories.passes,
      findings: repositories.findings,
      queue: new JobQueue(repositories.jobs),
      observer: unobserved,
    })
    const passId = await repositories.passes.begin({ id: randomUUID(), program: work.name, scope })
    const steps = await work.plan(scope)
    await repositories.passes.planned(passId, { steps: steps.length })
    const journal = new SharedJournal({ passId, ...repositories })
    const setting = { scope, journal, pace: new Pace(rates), observer: unobserved, signal: AbortSignal.timeout(20_000) }
    for (const step of inOrder(steps)) {
      const counts = await runStep(work, step, setting)
      await repositories.passes.endStep(passId, { step: step.name, counts, isFailed: false })
    }
    await passes.endIfDone(work, passId)
    const ended = await passes.get(passId)
    assert.equal(ended.state, 'done')
    return ended
  }
  const create = async (more: Partial<NewImage> = {}, { at = ['a'], bytes = data } = {}): Promise<Image> => {
    const id = randomUUID()
    for (const store of stores) if (at.includes(store.id)) store.blobs.set(id, bytes)
    return repositories.images.create({
      id,
      status: 'active',
      visibility: 'public',
      sizeBytes: data.length,
      osHashAlgo: 'sha512',
      osHashValue: digest(data),
      locations: at.map((store) => ({ url: `memory://${id}`, metadata: { store }, status: 'active' })),
      ...more,
    })
  }
  const holders = async ({ id }: Image) => {
    const image = await repositories.images.get(id)
    const recorded = image?.locations.map(({ metadata }) => String(metadata.store)).sort()
    const held = stores.filter((store) => store.blobs.get(id)?.equals(data)).map((store) => store.id)
    assert.deepEqual(recorded, held, 'what the image says is what the stores have')
    return held.join('')
  }
  const status = ({ id }: Image) => repositories.replication.status(id)

  test('brings images to all stores that a rule asks for, with one read each, and leaves others alone', async () => {
    const [open, secret] = [await create(), await create({ visibility: 'private' })]
    const ended = await pass()
    assert.deepEqual([await holders(open), await holders(secret)], ['abc', 'a'])
    assert.equal(stores[0]?.reads, 1)
    assert.deepEqual([ended.counts.copies, ended.counts.bytes], [2, data.length])
    const image = await repositories.images.get(open.id)
    assert.deepEqual(
      image?.locations.map(({ url, metadata, status: state }) => ({ url, metadata, state })),
      ['a', 'b', 'c'].map((store) => ({ url: `memory://${open.id}`, metadata: { store }, state: 'active' })),
    )
    assert.deepEqual((await status(open))?.rules, [{ rule: 'everywhere', state: 'satisfied', reason: null }])
    assert.equal(await status(secret), undefined)
  })

  test('asks no store again within the check interval, and writes nothing for images that stay as they are', async () => {
    const image = await create()
    await pass({ checkMs: 60_000 })
    const before = await status(image)
    const { counts } = await pass({ checkMs: 60_000 })
    assert.deepEqual([counts.checked, counts.copies], [undefined, undefined])
    assert.deepEqual(await status(image), before)
    assert.equal((await pass({ checkMs: 60_000, scope: checked })).counts.checked, 1)
  })

  test('makes the copies of a store that was emptied again, in place of the lost ones, and tells of them', async () => {
    const images = [await create(), await create()]
    await pass()
    const rowOf = async ({ id }: Image) =>
      (await repositories.images.get(id))?.locations.find(({ metadata }) => metadata.store === 'b')?.id
    const lost = await rowOf(images[0] as Image)
    stores[1]?.blobs.clear()
    await pass({ checkMs: 60_000, scope: checked })
    for (const image of images) assert.equal(await holders(image), 'abc')
    assert.notEqual(await rowOf(images[0] as Image), lost)
    const query = { program: 'replication', kind: 'copy_missing', limit: 10 } as const
    const told = await repositories.findings.list({ ...query, state: 'repaired' })
    assert.deepEqual(
      told.map(({ imageId, storeId }) => [imageId, storeId]).sort(),
      images.map(({ id }) => [id, 'b']).sort(),
    )
    assert.deepEqual(await repositories.findings.list({ ...query, state: 'open' }), [])
  })

  test('looks at once where the auditor has found data missing', async () => {
    const [image, other] = [await create(), await create()]
    await pass({ checkMs: 60_000 })
    for (const { id } of [image, other]) stores[2]?.blobs.delete(id)
    const key = { program: 'auditor', kind: 'missing', storeId: 'c', locationId: null, subject: null } as const
    await repositories.findings.see(randomUUID(), { ...key, imageId: image.id, detail: 'the store has no such blob' })
    assert.equal((await pass({ checkMs: 60_000 })).counts.checked, 1)
    assert.equal(await holders(image), 'abc')
    assert.equal(stores[2]?.blobs.has(other.id), false)
  })

  test('leaves an image alone whose last copy is lost, and says so', async () => {
    const image = await create()
    stores[0]?.blobs.clear()
    await pass()
    assert.deepEqual((await repositories.images.get(image.id))?.locations.length, 1)
    assert.deepEqual((await status(image))?.rules, [
      { rule: 'everywhere', state: 'failing', reason: 'no good copy is left' },
    ])
    const [lost] = await repositories.findings.list({ program: 'replication', kind: 'no_good_copy', limit: 10 })
    assert.equal(lost?.imageId, image.id)
  })

  test('waits for a store that does not answer, fills the others, and goes on when it is back', async () => {
    const [, b] = stores as [TestStore, TestStore, TestStore]
    const image = await create()
    b.isAway = true
    await pass()
    assert.deepEqual((await status(image))?.rules, [
      { rule: 'everywhere', state: 'failing', reason: 'store b does not answer' },
    ])
    assert.equal((await status(image))?.goodCopies, 2)
    b.isAway = false
    await pass({ checkMs: 60_000 })
    assert.equal(await holders(image), 'abc')
    b.isAway = true
    await pass()
    const openKinds = () => repositories.findings.openKinds('replication')
    assert.equal((await openKinds()).store_unavailable, 1)
    b.isAway = false
    await pass()
    assert.equal((await openKinds()).store_unavailable, undefined)
  })

  test('keeps what other stores took when one of them fails, and tries that one again with the next pass', async () => {
    const [, b] = stores as [TestStore, TestStore, TestStore]
    const image = await create()
    b.isFull = true
    await pass()
    assert.equal(await holders(image), 'ac')
    const { rules, isDue } = (await status(image)) ?? {}
    assert.deepEqual([rules?.[0]?.state, isDue], ['failing', false])
    assert.match(rules?.[0]?.reason ?? '', /^store b: Store b has no space left/)
    b.isFull = false
    await pass()
    assert.equal(await holders(image), 'abc')
    assert.equal((await status(image))?.rules[0]?.state, 'satisfied')
  })

  test('copies from another store when the first one has other data than the digest says', async () => {
    const image = await create({}, { at: ['a', 'b'] })
    stores[0]?.blobs.set(image.id, Buffer.alloc(data.length, 'other'))
    await pass()
    assert.ok(stores[2]?.blobs.get(image.id)?.equals(data))
    const only = await create({}, { bytes: Buffer.alloc(data.length, 'bad') })
    await pass()
    assert.deepEqual([stores[1]?.blobs.has(only.id), stores[2]?.blobs.has(only.id)], [false, false])
    assert.match((await status(only))?.rules[0]?.reason ?? '', /is not what the image's digest says/)
  })

  test('copies an image that has no digest, if its size is right', async () => {
    const image = await create({ osHashAlgo: null, osHashValue: null })
    const short = await create({ osHashAlgo: null, osHashValue: null, sizeBytes: data.length + 1 })
    await pass()
    assert.equal(await holders(image), 'abc')
    assert.equal(await holders(short), 'a')
  })

  test('takes the image that needs copies most first', async () => {
    const [safe, needy] = [await create({}, { at: ['a', 'b'] }), await create()]
    const order: string[] = []
    const [a] = stores as [TestStore, TestStore, TestStore]
    a.onOpen = async (url) => void order.push(url.slice('memory://'.length))
    await pass()
    assert.deepEqual(order, [needy.id, safe.id])
  })

  test('makes all copies of a pass, in whatever order its steps are taken', async () => {
    const image = await create()
    await pass({}, (steps) => steps.toReversed())
    assert.equal(await holders(image), 'abc')
  })

  test('gives way to an import, a deactivation and a deletion, before it copies and while it does', async () => {
    const locked = await create({ properties: { os_glance_import_task: 'task' } })
    const idle = await create({ status: 'deactivated' })
    const [leaving, importing] = [await create(), await create()]
    const [a] = stores as [TestStore, TestStore, TestStore]
    a.onOpen = async () => {
      await repositories.images.update(importing.id, { setProperties: { os_glance_import_task: 'task' } })
      await repositories.images.update(leaving.id, { fields: { status: 'deactivated' } })
    }
    await pass()
    for (const image of [locked, idle, leaving, importing]) assert.equal(await holders(image), 'a')
  })

  test('takes rules by the API into account, and forgets images that fall under none any more', async () => {
    const image = await create({ visibility: 'private', owner: 'p1' })
    const rules = new RuleBook(repositories.replication, { configured: [everywhere] })
    await rules.put('mine', { owner: ['p1'], copies: 2 }, { stores: set })
    await pass()
    assert.equal((await holders(image)).length, 2)
    assert.deepEqual(
      (await status(image))?.rules.map(({ rule }) => rule),
      ['mine'],
    )
    await assert.rejects(rules.put('everywhere', {}, { stores: set }), /stands in the configuration/)
    await assert.rejects(rules.put('other', { stores: ['nowhere'] }, { stores: set }), /nowhere not found/)
    await rules.remove('mine')
    await pass()
    assert.equal(await status(image), undefined)
    assert.equal((await holders(image)).length, 2, 'copies beyond what rules ask for stay')
  })

  test('forgets images that are gone', async () => {
    const image = await create()
    await pass()
    await repositories.images.delete(image.id)
    await pass()
    assert.equal(await status(image), undefined)
  })

  test('fills one store alone where that is asked for', async () => {
    const image = await create()
    await pass({ scope: { ...everything, storeId: 'c' } })
    assert.equal(await holders(image), 'ac')
    await pass({ scope: { ...everything, imageId: image.id } })
    assert.equal(await holders(image), 'abc')
  })

  test('changes nothing in a dry run, and tells what it would do', async () => {
    const image = await create()
    const { counts } = await runDryPass(program(), everything, {
      findings: repositories.findings,
      pace: new Pace(rates),
      signal: AbortSignal.timeout(20_000),
    })
    assert.deepEqual([counts.items, counts.pending], [1, 1])
    assert.deepEqual([await holders(image), await status(image)], ['a', undefined])
  })
})
