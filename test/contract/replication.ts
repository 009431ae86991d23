import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { ReplicationRule, ReplicationStatus } from '../../src/ports/replication.ts'
import type { Repositories } from '../../src/ports/repositories.ts'

/** What replication may rely on. `open` gives repositories over an empty database. */
export function describeReplication(name: string, open: () => Promise<Repositories>): void {
  describe(`replication on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const rule = (more: Partial<ReplicationRule> = {}): ReplicationRule => ({
      name: 'golden',
      match: { visibility: ['public'], properties: { größe: '語' } },
      stores: ['a', 'b'],
      copies: 1,
      ...more,
    })
    const status = (more: Partial<ReplicationStatus> = {}): ReplicationStatus => ({
      imageId: randomUUID(),
      rules: [{ rule: 'one', state: 'pending', reason: null }],
      goodCopies: 1,
      isDue: true,
      checkedAt: null,
      ...more,
    })
    const everything = { from: '', to: null }
    const forgetAll = async () => {
      for (const { imageId } of await repositories.replication.statuses(everything)) {
        await repositories.replication.record(status({ imageId, rules: [] }))
      }
    }

    it('keeps rules by name, replaces and removes them', async () => {
      const { replication } = repositories
      assert.equal(await replication.putRule(rule()), true)
      assert.equal(await replication.putRule(rule({ name: 'all', match: {}, stores: [], copies: null })), true)
      assert.equal(await replication.putRule(rule({ copies: 2 })), false)
      const rules = await replication.rules()
      assert.deepEqual(
        rules.map((stored) => stored.rule),
        [rule({ name: 'all', match: {}, stores: [], copies: null }), rule({ copies: 2 })],
      )
      assert.ok(Math.abs((rules[0]?.updatedAt.getTime() ?? 0) - Date.now()) < 60_000)
      assert.equal(await replication.removeRule('all'), true)
      assert.equal(await replication.removeRule('all'), false)
    })

    it('gives one rule of a name although several processes put it at once', async () => {
      const { replication } = repositories
      const news = await Promise.all([1, 2, 3].map((copies) => replication.putRule(rule({ name: 'raced', copies }))))
      assert.equal(news.filter(Boolean).length, 1)
      assert.equal((await replication.rules()).filter((stored) => stored.rule.name === 'raced').length, 1)
    })

    it('records how an image stands, and forgets rules it falls under no more', async () => {
      const { replication } = repositories
      const first = status({
        rules: [
          { rule: 'one', state: 'failing', reason: 'store a does not answer' },
          { rule: 'two', state: 'satisfied', reason: null },
        ],
        goodCopies: 2,
        checkedAt: new Date('2026-01-02T03:04:05.678Z'),
      })
      await replication.record(first)
      assert.deepEqual(await replication.status(first.imageId), first)
      const second = status({ imageId: first.imageId, isDue: false })
      await replication.record(second)
      assert.deepEqual(await replication.status(first.imageId), second)
      await replication.record({ ...second, rules: [] })
      assert.equal(await replication.status(first.imageId), undefined)
    })

    it('takes what several processes record of an image at once', async () => {
      const { replication } = repositories
      const { imageId } = status()
      const all = [1, 2, 3, 4].map((goodCopies) => status({ imageId, goodCopies }))
      await Promise.all(all.map((each) => replication.record(each)))
      const known = await replication.status(imageId)
      assert.ok(all.some(({ goodCopies }) => goodCopies === known?.goodCopies))
    })

    it('gives statuses by ranges of ids, both ends included', async () => {
      await forgetAll()
      const { replication } = repositories
      const ids = Array.from({ length: 4 }, () => randomUUID()).sort()
      for (const imageId of ids) await replication.record(status({ imageId }))
      const [a = '', b = '', c = '', d = ''] = ids
      const found = async (...range: Parameters<typeof replication.statuses>) =>
        (await replication.statuses(...range)).map(({ imageId }) => imageId)
      assert.deepEqual(await found({ from: b, to: d }), [b, c])
      assert.deepEqual(await found({ from: c, to: null }), [c, d])
      assert.deepEqual(await found(everything, { after: b }), [c, d])
      assert.deepEqual(await found(everything, { after: a, upTo: c }), [b, c])
      assert.deepEqual(await found({ from: b, to: c }, { upTo: d }), [b])
    })

    it('lets images that are due be claimed by need, each by one owner', async () => {
      await forgetAll()
      const { replication } = repositories
      const two = status({ goodCopies: 2 })
      const rules = ['x', 'y'].map((each) => ({ rule: each, state: 'pending', reason: null }) as const)
      const one = status({ goodCopies: 1, rules })
      for (const each of [two, one, status({ goodCopies: 0, isDue: false })]) await replication.record(each)
      assert.equal(await replication.claim({ owner: 'me' }), one.imageId)
      assert.equal(await replication.claim({ owner: 'you' }), two.imageId)
      assert.equal(await replication.claim({ owner: 'me' }), undefined)
      assert.deepEqual(await replication.claimsOf('me'), [one.imageId])
      await replication.record({ ...one, goodCopies: 2 })
      assert.deepEqual(await replication.claimsOf('me'), [])
      assert.equal(await replication.claim({ owner: 'me' }), one.imageId, 'the record has ended the claim')
      await replication.record({ ...one, isDue: false })
      assert.equal(await replication.claim({ owner: 'me' }), undefined)
    })

    it('records how an image stands while it is claimed by those whose claims are kept', async () => {
      await forgetAll()
      const { replication } = repositories
      const one = status()
      const rules = [...one.rules, { rule: 'added', state: 'pending', reason: null } as const]
      await replication.record(one)
      await replication.claim({ owner: 'pass/copy' })
      await replication.record({ ...one, rules }, { keepsClaimsOf: 'pass/' })
      assert.deepEqual(await replication.claimsOf('pass/copy'), [one.imageId])
      assert.equal(await replication.claim({ owner: 'pass/other' }), undefined)
      await replication.record(one, { keepsClaimsOf: 'next/' })
      assert.equal(await replication.claim({ owner: 'next/copy' }), one.imageId)
    })

    it('gives no image to two who claim at once', async () => {
      await forgetAll()
      const { replication } = repositories
      for (let i = 0; i < 6; i++) await replication.record(status())
      const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => replication.claim({ owner: `owner ${i}` })))
      const images = claims.filter((imageId) => imageId !== undefined)
      assert.deepEqual([images.length, new Set(images).size], [6, 6])
    })

    it('counts images by rule and state, and lists them page by page', async () => {
      await forgetAll()
      const { replication } = repositories
      const ids = Array.from({ length: 3 }, () => randomUUID()).sort()
      for (const imageId of ids) {
        await replication.record(
          status({
            imageId,
            rules: [
              { rule: 'one', state: 'satisfied', reason: null },
              { rule: 'two', state: imageId === ids[0] ? 'failing' : 'pending', reason: null },
            ],
          }),
        )
      }
      assert.deepEqual(await replication.counts(), [
        { rule: 'one', state: 'satisfied', images: 3 },
        { rule: 'two', state: 'failing', images: 1 },
        { rule: 'two', state: 'pending', images: 2 },
      ])
      const lines = await replication.lines({ rule: 'two', limit: 10 })
      assert.deepEqual(
        lines.map(({ imageId }) => imageId),
        ids,
      )
      const seen: string[] = []
      for (let after: (typeof lines)[number] | undefined; ; ) {
        const page = await replication.lines({ after, limit: 4 })
        if (page.length === 0) break
        seen.push(...page.map(({ imageId, rule: each }) => `${imageId} ${each}`))
        after = page.at(-1)
      }
      assert.deepEqual(
        seen,
        ids.flatMap((id) => [`${id} one`, `${id} two`]),
      )
      assert.deepEqual(
        (await replication.lines({ state: 'failing', limit: 10 })).map(({ imageId }) => imageId),
        [ids[0]],
      )
    })
  })
}
