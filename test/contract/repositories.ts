import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { hasCode } from '../../src/errors/error.ts'
import type { ImageQuery, NewImage, Repositories, Viewer } from '../../src/ports/repositories.ts'
import { newestFirst } from './image-lists.ts'

/** What every implementation of the repositories promises. `open` gives repositories over an empty database. */
export function describeRepositories(name: string, open: () => Promise<Repositories>): void {
  describe(`repositories on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const create = (values: Partial<NewImage> = {}) =>
      repositories.images.create({ id: randomUUID(), status: 'queued', visibility: 'shared', ...values })
    const listIds = async (viewer: Viewer, query: Partial<ImageQuery> = {}) =>
      (await repositories.images.list({ viewer, sort: newestFirst, limit: 100, ...query })).map(({ id }) => id)

    it('gives back an image as it was created', async () => {
      const created = await create({
        name: 'Grün',
        owner: 'p',
        sizeBytes: 5_000_000_000_000,
        minRamMib: 512,
        protected: true,
        properties: { os_distro: 'debian', empty: null },
        tags: ['z', 'a', 'z'],
        locations: [{ url: 'file:///x', metadata: { store: 'fast' }, status: 'active' }],
      })
      assert.equal(created.sizeBytes, 5_000_000_000_000)
      assert.deepEqual(created.tags, ['z', 'a'])
      assert.deepEqual(created.locations[0]?.metadata, { store: 'fast' })
      assert.equal(created.createdAt.getMilliseconds(), 0)
      assert.deepEqual(await repositories.images.get(created.id), created)
    })

    it('knows no image that was never created', async () => {
      assert.equal(await repositories.images.get(randomUUID()), undefined)
    })

    it('keeps the id of a deleted image taken', async () => {
      const { id } = await create()
      await repositories.images.delete(id)
      assert.equal(await repositories.images.get(id), undefined)
      await assert.rejects(create({ id }), (error) => hasCode(error, 'image_id_taken'))
    })

    it('gives back any text as it was, in one image and in a list', async () => {
      const texts = [
        '',
        '\u001f',
        '\u001b',
        '\u001bn\u001be\u001bm',
        'a\nb\t"\\\'`%_;--\r',
        '日本語 ﬀ \u2028',
        '0',
        'x'.repeat(65_535),
      ]
      const created = await create({
        name: '\u001f\u001b',
        properties: {
          ...Object.fromEntries(texts.map((text, index) => [`text ${index}`, text])),
          ...Object.fromEntries(texts.slice(1, -1).map((text) => [text, null])),
        },
        tags: texts.slice(0, -1),
        locations: texts
          .slice(1, -1)
          .map((text) => ({ url: `file:///${text}`, metadata: { store: text, [text]: 1 }, status: 'active' })),
        visibility: 'public',
      })
      const { id } = created
      assert.deepEqual(await repositories.images.get(id), created)
      const query = { viewer: { projectId: null, isAdmin: true }, id: [id], sort: newestFirst, limit: 5 }
      assert.deepEqual(await repositories.images.list(query), [created])
    })

    it('gives back more than the server sends in one value', async () => {
      const { id } = await create({ properties: { short: '1', none: null }, tags: ['t'] })
      const value = 'v'.repeat(65_535)
      const properties = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`long ${index}`, value]))
      for (let from = 0; from < 300; from += 100) {
        const setProperties = Object.fromEntries(Object.entries(properties).slice(from, from + 100))
        await repositories.images.update(id, { setProperties })
      }
      const image = await repositories.images.get(id)
      assert.deepEqual(image?.properties, { short: '1', none: null, ...properties })
      assert.deepEqual(image.tags, ['t'])
      const viewer = { projectId: null, isAdmin: true }
      assert.deepEqual(await repositories.images.list({ viewer, id: [id], sort: newestFirst, limit: 5 }), [image])
      await repositories.images.delete(id)
    })

    it('refuses characters of four bytes in UTF-8', async () => {
      await assert.rejects(create({ name: '😀' }), (error) => hasCode(error, 'bad_request'))
      await assert.rejects(create({ properties: { smile: '😀' } }), (error) => hasCode(error, 'bad_request'))
    })

    it('finds nothing that has a character of four bytes in UTF-8', async () => {
      const { id } = await create({ name: 'disk', visibility: 'public' })
      const viewer = { projectId: null, isAdmin: true }
      const queries: Partial<ImageQuery>[] = [
        { name: ['💾'] },
        { id: ['💾'] },
        { owner: '💾' },
        { checksum: '💾' },
        { tags: ['💾'] },
        { properties: { '💾': 'x' } },
        { properties: { x: '💾' } },
      ]
      for (const query of queries) assert.deepEqual(await listIds(viewer, query), [])
      assert.deepEqual(await listIds(viewer, { id: [id], name: ['💾', 'disk'] }), [id])
      assert.equal(await repositories.images.get('💾'), undefined)
      assert.equal(await repositories.members.get(id, '💾'), undefined)
      await assert.rejects(listIds(viewer, { marker: '💾' }), (error) => hasCode(error, 'marker_not_found'))
    })

    it('changes fields, properties, tags and locations at once', async () => {
      const { id, locations } = await create({
        properties: { kept: '1', changed: '1', gone: '1' },
        tags: ['kept', 'gone'],
        locations: [{ url: 'file:///old', metadata: {}, status: 'active' }],
      })
      const changed = await repositories.images.update(id, {
        fields: { name: 'new', status: 'active' },
        setProperties: { changed: '2', added: '3' },
        removeProperties: ['gone'],
        tags: ['kept', 'added'],
        addLocations: [{ url: 'file:///new', metadata: { store: 's' }, status: 'active' }],
        removeLocations: locations.map((location) => ({ id: location.id, status: 'deleted' })),
      })
      assert.deepEqual(changed.properties, { kept: '1', changed: '2', added: '3' })
      assert.deepEqual(changed.tags, ['kept', 'added'])
      assert.deepEqual(
        changed.locations.map(({ url }) => url),
        ['file:///new'],
      )
      assert.deepEqual([changed.name, changed.status], ['new', 'active'])
      assert.deepEqual(await repositories.images.get(id), changed)
    })

    it('sets a property again that was removed', async () => {
      const { id } = await create({ properties: { p: '1' } })
      await repositories.images.update(id, { removeProperties: ['p'] })
      const again = await repositories.images.update(id, { setProperties: { p: '2' } })
      assert.deepEqual(again.properties, { p: '2' })
    })

    it('changes nothing when the status is not the expected one', async () => {
      const { id } = await create({ status: 'active', properties: { p: '1' } })
      const change = { fields: { status: 'saving' }, setProperties: { p: '2' } } as const
      await assert.rejects(repositories.images.update(id, change, { from: ['queued'] }), (error) =>
        hasCode(error, 'image_status_conflict'),
      )
      const image = await repositories.images.get(id)
      assert.deepEqual([image?.status, image?.properties], ['active', { p: '1' }])
      await assert.rejects(repositories.images.delete(id, { from: ['queued'] }), (error) =>
        hasCode(error, 'image_status_conflict'),
      )
      await assert.rejects(repositories.images.update(randomUUID(), change), (error) =>
        hasCode(error, 'image_not_found'),
      )
    })

    it('changes nothing unless a property is held as expected', async () => {
      const { id } = await create({ properties: { held: 'me' } })
      const conflict = (error: unknown) => hasCode(error, 'image_property_conflict')
      const change = { fields: { name: 'new' } }
      const update = (name: string, value: string | null) =>
        repositories.images.update(id, change, { holding: { name, value } })
      await assert.rejects(update('held', 'you'), conflict)
      await assert.rejects(update('held', null), conflict)
      await assert.rejects(update('other', 'me'), conflict)
      assert.equal((await repositories.images.get(id))?.name, null)
      assert.equal((await update('held', 'me')).name, 'new')
      assert.equal((await update('other', null)).name, 'new')
      const taken = await Promise.allSettled(
        ['a', 'b', 'c', 'd'].map((value) =>
          repositories.images.update(
            id,
            { setProperties: { lock: value } },
            { holding: { name: 'lock', value: null } },
          ),
        ),
      )
      assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 1)
    })

    it('changes nothing unless the fields are as expected', async () => {
      const { id } = await create({ status: 'active', checksum: 'c', sizeBytes: 3 })
      const changed = (error: unknown) => hasCode(error, 'image_changed')
      const update = (expects: Partial<NewImage>) =>
        repositories.images.update(id, { fields: { osHashValue: 'v' } }, { from: ['active'], expects })
      await assert.rejects(update({ osHashValue: 'v' }), changed)
      await assert.rejects(update({ checksum: null }), changed)
      await assert.rejects(update({ checksum: 'c', sizeBytes: 4 }), changed)
      assert.equal((await update({ checksum: 'c', sizeBytes: 3, osHashValue: null })).osHashValue, 'v')
      await assert.rejects(update({ osHashValue: null }), changed)
    })

    it('changes an image only if it has the locations that are expected', async () => {
      const { images } = repositories
      const copy = (name: string) => ({ url: `file:///${name}`, metadata: {}, status: 'active' })
      const { id, locations } = await create({ status: 'active', locations: [copy('a')] })
      const expected = locations.map((each) => each.id)
      const writes = ['b', 'c', 'd', 'e'].map((name) =>
        images.update(id, { addLocations: [copy(name)] }, { locations: expected }),
      )
      const results = await Promise.allSettled(writes)
      const refused = results.filter((it) => it.status === 'rejected' && hasCode(it.reason, 'image_changed'))
      assert.equal(refused.length, 3)
      assert.equal((await images.get(id))?.locations.length, 2)
    })

    it('deletes an image only if it has the locations that are expected', async () => {
      const { images } = repositories
      const location = { url: 'file:///a', metadata: {}, status: 'active' }
      const { id, locations } = await create({ locations: [location] })
      const known = locations.map((each) => each.id)
      await images.update(id, { addLocations: [{ ...location, url: 'file:///b' }] })
      await assert.rejects(images.delete(id, { locations: known }), (error: Error) => hasCode(error, 'image_changed'))
      const current = await images.get(id)
      assert.equal(current?.locations.length, 2)
      await images.delete(id, { locations: current?.locations.map((each) => each.id) ?? [] })
      assert.equal(await images.get(id), undefined)
    })

    it('finds the images that lack a digest or their size, page by page', async () => {
      const whole = { status: 'active', sizeBytes: 1, checksum: 'c', osHashAlgo: 'a', osHashValue: 'v' } as const
      await create(whole)
      await create({ ...whole, status: 'queued', checksum: null })
      const lacking: string[] = []
      for (const lack of ['checksum', 'osHashAlgo', 'osHashValue', 'sizeBytes'] as const) {
        const status = lack === 'checksum' ? 'deactivated' : 'active'
        lacking.push((await create({ ...whole, status, [lack]: null })).id)
      }
      const found: string[] = []
      for (let page = ['']; page.length > 0; found.push(...page)) {
        page = await repositories.images.lackingDigests({ after: found.at(-1) ?? '', limit: 3 })
      }
      assert.deepEqual(
        found.filter((id) => lacking.includes(id)),
        lacking.sort(),
      )
      assert.deepEqual(found, [...found].sort())
    })

    it('lets exactly one of several take an image from a status', async () => {
      const { id } = await create()
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, () =>
          repositories.images.update(id, { fields: { status: 'saving' }, tags: ['t'] }, { from: ['queued'] }),
        ),
      )
      assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.deepEqual((await repositories.images.get(id))?.tags, ['t'])
    })

    it('loses no property when many are set at the same time', async () => {
      const { id } = await create()
      const names = Array.from({ length: 8 }, (_, i) => `p${i}`)
      await Promise.all(names.map((p) => repositories.images.update(id, { setProperties: { [p]: p } })))
      assert.deepEqual(Object.keys((await repositories.images.get(id))?.properties ?? {}).sort(), names)
    })

    it('adds a tag once and says when one is missing', async () => {
      const { id } = await create()
      await Promise.all([1, 2, 3].map(() => repositories.images.addTag(id, 't')))
      assert.deepEqual((await repositories.images.get(id))?.tags, ['t'])
      await repositories.images.removeTag(id, 't')
      await assert.rejects(repositories.images.removeTag(id, 't'), (error) => hasCode(error, 'tag_not_found'))
      await assert.rejects(repositories.images.addTag(randomUUID(), 't'), (error) => hasCode(error, 'image_not_found'))
    })

    it('keeps one membership for image and project', async () => {
      const { id } = await create({ owner: randomUUID() })
      const attempts = await Promise.allSettled([1, 2, 3].map(() => repositories.members.create(id, 'm', 'pending')))
      assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1)
      await assert.rejects(repositories.members.create(id, 'm', 'pending'), (error) => hasCode(error, 'member_exists'))
      assert.equal((await repositories.members.update(id, 'm', 'accepted')).status, 'accepted')
      await repositories.members.delete(id, 'm')
      await assert.rejects(repositories.members.delete(id, 'm'), (error) => hasCode(error, 'member_not_found'))
      assert.equal((await repositories.members.create(id, 'm', 'pending')).status, 'pending')
      await repositories.members.create(id, 'n', 'rejected')
      assert.deepEqual(
        (await repositories.members.list(id)).map(({ memberId, status }) => [memberId, status]),
        [
          ['m', 'pending'],
          ['n', 'rejected'],
        ],
      )
      await repositories.images.delete(id)
      assert.deepEqual(await repositories.members.list(id), [])
    })

    it('answers a ping', () => repositories.ping())
  })
}
