import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type {
  LoadedNamespace,
  MetadefNamespace,
  MetadefNamespaceFields,
  MetadefRepository,
  NamespaceQuery,
  NewMetadefContents,
} from '../../src/ports/metadefs.ts'
import type { Repositories } from '../../src/ports/repositories.ts'

const namesOf = (items: readonly { name: string }[]) => items.map(({ name }) => name)
const newest = { sortKey: 'created_at', direction: 'desc' } as const

/** What every catalogue of metadata definitions promises. `open` gives repositories over a database of any content. */
export function describeMetadefs(label: string, open: () => Promise<Repositories>): void {
  describe(`metadata definitions on ${label}`, () => {
    let repositories: Repositories
    let metadefs: MetadefRepository
    before(async () => {
      repositories = await open()
      metadefs = repositories.metadefs
    })
    after(() => repositories.close())

    const fields = (values: Partial<MetadefNamespaceFields> = {}): MetadefNamespaceFields => ({
      name: `N${randomUUID()}`,
      displayName: null,
      description: null,
      visibility: 'private',
      protected: false,
      owner: 'nobody',
      ...values,
    })
    const create = (values: Partial<MetadefNamespaceFields> = {}, contents?: NewMetadefContents) =>
      metadefs.createNamespace(fields(values), contents)
    const list = async (query: Partial<NamespaceQuery>, of: readonly MetadefNamespace[]) => {
      const all = await metadefs.listNamespaces({ ...newest, ...query })
      return all.filter(({ id }) => of.some((known) => known.id === id))
    }

    it('gives back a namespace as it was created', async () => {
      const given = fields({ displayName: 'Größe', description: 'a "b"\n', visibility: 'public', protected: true })
      const made = await metadefs.createNamespace(given)
      const { id, createdAt, updatedAt, ...rest } = made
      assert.deepEqual(rest, given)
      assert.deepEqual(createdAt, updatedAt)
      assert.ok(Math.abs(createdAt.getTime() - Date.now()) < 60_000)
      assert.deepEqual(await metadefs.getNamespace(given.name), made)
      assert.equal(await metadefs.getNamespace('none at all'), undefined)
      assert.equal(typeof id, 'number')
    })

    it('stores a namespace with all that is in it, or nothing of it', async () => {
      const contents: NewMetadefContents = {
        associations: [
          { name: `T2${randomUUID()}`, prefix: 'p_', propertiesTarget: 'image' },
          { name: `T1${randomUUID()}`, prefix: null, propertiesTarget: null },
        ],
        properties: [
          { name: 'zeta', schema: { title: 'Z\u{1f4be}', type: 'string', enum: ['ü', "'"] } },
          { name: 'alpha', schema: { title: 'A', type: 'integer', minimum: 1 } },
        ],
        objects: [
          { name: 'o2', description: 'two', required: ['a', 'b'], properties: { a: { title: 'x', type: 'string' } } },
          { name: 'o1', description: null, required: [], properties: {} },
        ],
        tags: ['first', 'second'],
      }
      const { id } = await create({}, contents)
      const stored = await metadefs.contents(id)
      assert.deepEqual(
        stored.associations.map(({ name, prefix, propertiesTarget }) => ({ name, prefix, propertiesTarget })),
        contents.associations,
      )
      assert.deepEqual(
        stored.properties.map(({ name, schema }) => ({ name, schema })),
        contents.properties?.toReversed(),
      )
      assert.deepEqual(
        stored.objects.map(({ name, description, required, properties }) => ({
          ...{ name, description, required, properties },
        })),
        contents.objects?.toReversed(),
      )
      assert.deepEqual(namesOf(stored.tags), ['second', 'first'])

      const name = `N${randomUUID()}`
      await assert.rejects(create({ name }, { ...contents, tags: ['twice', 'twice'] }), { code: 'metadef_exists' })
      assert.equal(await metadefs.getNamespace(name), undefined)
    })

    it('refuses a second namespace of a name', async () => {
      const one = await create()
      const other = await create()
      await assert.rejects(create({ name: one.name }), { code: 'metadef_exists' })
      await assert.rejects(metadefs.updateNamespace(other.id, fields({ name: one.name })), { code: 'metadef_exists' })
    })

    it('changes a namespace', async () => {
      const { id } = await create({ displayName: 'before' })
      const next = fields({ visibility: 'public', owner: 'other' })
      const changed = await metadefs.updateNamespace(id, next)
      assert.deepEqual(await metadefs.getNamespace(next.name), changed)
      assert.equal(changed.displayName, null)
      assert.equal(changed.id, id)
    })

    it('deletes a namespace with all that is in it, and keeps the resource type', async () => {
      const type = `T${randomUUID()}`
      const association = { name: type, prefix: null, propertiesTarget: null }
      const property = { name: 'p', schema: {} }
      const { id, name } = await create(
        {},
        { associations: [association], properties: [property], tags: ['t'], objects: [] },
      )
      await metadefs.deleteNamespace(id)
      assert.equal(await metadefs.getNamespace(name), undefined)
      assert.deepEqual(await metadefs.contents(id), { associations: [], properties: [], objects: [], tags: [] })
      assert.ok(namesOf(await metadefs.listResourceTypes()).includes(type))
      await assert.rejects(metadefs.deleteNamespace(id), { code: 'not_found' })
      await assert.rejects(metadefs.createTag(id, 't'), { code: 'not_found' })
    })

    it('lists what a project sees, filtered', async () => {
      const type = `T${randomUUID()}`
      const associations = [{ name: type, prefix: null, propertiesTarget: null }]
      const own = await create({ owner: 'me' }, { associations })
      const open = await create({ owner: 'them', visibility: 'public' }, { associations })
      const hidden = await create({ owner: 'them' }, { associations })
      const bare = await create({ owner: 'me' })
      const all = [own, open, hidden, bare]
      const ids = async (query: Partial<NamespaceQuery>) => (await list(query, all)).map(({ id }) => id).sort()
      const sorted = (...of: MetadefNamespace[]) => of.map(({ id }) => id).sort()
      assert.deepEqual(await ids({}), sorted(...all))
      assert.deepEqual(await ids({ seenBy: { projectId: 'me' } }), sorted(own, open, bare))
      assert.deepEqual(await ids({ seenBy: { projectId: null } }), sorted(open))
      assert.deepEqual(await ids({ visibility: 'private' }), sorted(own, hidden, bare))
      assert.deepEqual(await ids({ visibility: '' }), [])
      assert.deepEqual(await ids({ resourceTypes: [type, 'x', 'y'] }), sorted(own, open, hidden))
      assert.deepEqual(await ids({ resourceTypes: ['none at all'] }), [])
      assert.deepEqual(await ids({ resourceTypes: [type], seenBy: { projectId: 'me' } }), sorted(own, open))
      assert.deepEqual(await ids({ limit: 0 }), [])
    })

    it('walks a list page by page in any order, NULL as the least value', async () => {
      const owner = `O${randomUUID()}`
      const seenBy = { projectId: owner }
      for (const displayName of ['b', null, 'a', null, 'b']) await create({ owner, displayName })
      for (const direction of ['asc', 'desc'] as const) {
        const query = { sortKey: 'display_name', direction, seenBy, visibility: 'private' } as const
        const whole = await metadefs.listNamespaces(query)
        const values = whole.map(({ displayName }) => displayName)
        assert.deepEqual(values, direction === 'asc' ? [null, null, 'a', 'b', 'b'] : ['b', 'b', 'a', null, null])
        const walked: MetadefNamespace[] = []
        for (;;) {
          const last = walked.at(-1)
          const marker = last ? { markerId: last.id } : {}
          const page = await metadefs.listNamespaces({ ...query, limit: 2, ...marker })
          walked.push(...page)
          if (page.length < 2) break
        }
        assert.deepEqual(walked, whole)
      }
    })

    it('tells the associations of many namespaces at once', async () => {
      const type = `T${randomUUID()}`
      const associations = [{ name: type, prefix: 'p', propertiesTarget: null }]
      const [one, two, none] = [await create({}, { associations }), await create({}, { associations }), await create()]
      const found = await metadefs.listAssociations([one.id, two.id, none.id])
      assert.deepEqual([...found.keys()].sort(), [one.id, two.id].sort())
      assert.deepEqual(namesOf(found.get(two.id) ?? []), [type])
      assert.deepEqual(await metadefs.listAssociations([]), new Map())
    })

    it('adds and removes an association', async () => {
      const { id } = await create()
      const name = `T${randomUUID()}`
      const given = { name, prefix: 'p', propertiesTarget: 'image' }
      const made = await metadefs.createAssociation(id, given)
      assert.deepEqual(await metadefs.getAssociation(id, name), made)
      await assert.rejects(metadefs.createAssociation(id, given), { code: 'metadef_exists' })
      const type = (await metadefs.listResourceTypes()).find((known) => known.name === name)
      assert.equal(type?.protected, false)
      await metadefs.deleteAssociation(id, name)
      assert.equal(await metadefs.getAssociation(id, name), undefined)
      await assert.rejects(metadefs.deleteAssociation(id, name), { code: 'metadef_not_found' })
    })

    it('makes a resource type once when many name it at the same time', async () => {
      const name = `T${randomUUID()}`
      const namespaces = await Promise.all(Array.from({ length: 6 }, () => create()))
      const associate = ({ id }: MetadefNamespace) =>
        metadefs.createAssociation(id, { name, prefix: null, propertiesTarget: null })
      await Promise.all(namespaces.map(associate))
      assert.equal((await metadefs.listResourceTypes()).filter((type) => type.name === name).length, 1)
    })

    it('adds, changes and removes a property', async () => {
      const { id } = await create()
      const made = await metadefs.createProperty(id, { name: 'p', schema: { type: 'string' } })
      await metadefs.createProperty(id, { name: 'q', schema: {} })
      assert.deepEqual(await metadefs.getProperty(id, 'p'), made)
      await assert.rejects(metadefs.createProperty(id, { name: 'p', schema: {} }), { code: 'metadef_exists' })
      await assert.rejects(metadefs.updateProperty(made, { name: 'q', schema: {} }), { code: 'metadef_exists' })
      const changed = await metadefs.updateProperty(made, { name: 'r', schema: { type: 'integer' } })
      assert.deepEqual(await metadefs.getProperty(id, 'r'), changed)
      assert.deepEqual(namesOf(await metadefs.listProperties(id)), ['q', 'r'])
      await metadefs.deleteProperty(made)
      await assert.rejects(metadefs.deleteProperty(made), { code: 'metadef_not_found' })
      await assert.rejects(metadefs.updateProperty(made, made), { code: 'metadef_not_found' })
      await metadefs.deleteProperties(id)
      assert.deepEqual(await metadefs.listProperties(id), [])
    })

    it('adds, changes and removes an object', async () => {
      const { id } = await create()
      const given = { name: 'o', description: 'x', required: ['a'], properties: { a: { type: 'string' } } }
      const made = await metadefs.createObject(id, given)
      assert.deepEqual(await metadefs.getObject(id, 'o'), made)
      await assert.rejects(metadefs.createObject(id, given), { code: 'metadef_exists' })
      const next = { name: 'o2', description: null, required: [], properties: {} }
      const changed = await metadefs.updateObject(made, next)
      assert.deepEqual(await metadefs.getObject(id, 'o2'), changed)
      await metadefs.deleteObject(changed)
      assert.deepEqual(await metadefs.listObjects(id), [])
      await metadefs.createObject(id, given)
      await metadefs.deleteObjects(id)
      assert.deepEqual(await metadefs.listObjects(id), [])
    })

    it('adds many tags or none, and puts them in the place of others', async () => {
      const { id } = await create()
      const names = async () => namesOf(await metadefs.listTags(id, { sortKey: 'name', direction: 'asc' }))
      const made = await metadefs.createTag(id, 'a')
      assert.deepEqual(await metadefs.getTag(id, 'a'), made)
      await metadefs.createTags(id, ['b', 'c'])
      assert.deepEqual(await names(), ['a', 'b', 'c'])
      await assert.rejects(metadefs.createTags(id, ['d', 'a']), { code: 'metadef_exists' })
      assert.deepEqual(await names(), ['a', 'b', 'c'])
      await metadefs.createTags(id, ['d', 'e'], { replace: true })
      assert.deepEqual(await names(), ['d', 'e'])
      await assert.rejects(metadefs.createTags(id, ['f', 'f'], { replace: true }), { code: 'metadef_exists' })
      assert.deepEqual(await names(), ['d', 'e'])
      const tag = await metadefs.getTag(id, 'd')
      assert.ok(tag)
      await assert.rejects(metadefs.updateTag(tag, 'e'), { code: 'metadef_exists' })
      const changed = await metadefs.updateTag(tag, 'g')
      assert.deepEqual(await metadefs.getTag(id, 'g'), changed)
      await metadefs.deleteTag(tag)
      await assert.rejects(metadefs.deleteTag(tag), { code: 'metadef_not_found' })
      await metadefs.deleteTags(id)
      assert.deepEqual(await names(), [])
    })

    it('walks tags page by page', async () => {
      const { id } = await create({}, { tags: ['c', 'a', 'b'] })
      const query = { sortKey: 'name', direction: 'desc' } as const
      const [first] = await metadefs.listTags(id, { ...query, limit: 1 })
      assert.equal(first?.name, 'c')
      const rest = await metadefs.listTags(id, { ...query, limit: 5, ...(first && { markerId: first.id }) })
      assert.deepEqual(namesOf(rest), ['b', 'a'])
      assert.deepEqual(await metadefs.listTags(id, { ...query, limit: 0 }), [])
      const byTime = await metadefs.listTags(id, { ...newest, ...(first && { markerId: first.id }) })
      assert.deepEqual(byTime, [])
    })

    it('refuses characters that the columns do not hold', async () => {
      await assert.rejects(create({ displayName: '\u{1f4be}' }), { code: 'bad_request' })
      const { id } = await create()
      await assert.rejects(metadefs.createTag(id, '\u{1f4be}'), { code: 'bad_request' })
      assert.equal(await metadefs.getNamespace('\u{1f4be}'), undefined)
      assert.equal(await metadefs.getTag(id, '\u{1f4be}'), undefined)
    })

    it('loads a namespace of a file as the mode says', async () => {
      const namespace = fields({ displayName: 'one' })
      const type = `T${randomUUID()}`
      const file = (label: string, more: string): LoadedNamespace => ({
        namespace: { ...namespace, displayName: label },
        contents: {
          associations: [{ name: type, prefix: label, propertiesTarget: null }],
          properties: ['p', more].map((name) => ({ name, schema: { title: label } })),
          objects: ['o', more].map((name) => ({ name, description: label, required: [], properties: {} })),
          tags: ['t', more],
        },
      })
      const state = async () => {
        const found = await metadefs.getNamespace(namespace.name)
        assert.ok(found)
        const { associations, properties, objects, tags } = await metadefs.contents(found.id)
        return {
          label: found.displayName,
          loadedOnce: found.updatedAt === null,
          prefix: associations.map(({ prefix }) => prefix),
          properties: properties.map(({ name, schema }) => `${name} ${schema.title}`),
          objects: objects.map(({ name, description }) => `${name} ${description}`),
          tags: namesOf(tags).sort(),
        }
      }
      const first = {
        label: 'one',
        loadedOnce: true,
        prefix: ['one'],
        properties: ['a one', 'p one'],
        objects: ['a one', 'o one'],
        tags: ['a', 't'],
      }
      assert.equal(await metadefs.load(file('one', 'a'), 'skip'), true)
      assert.deepEqual(await state(), first)
      const loaded = (await metadefs.listResourceTypes()).find(({ name }) => name === type)
      assert.deepEqual([loaded?.protected, loaded?.updatedAt], [true, null])

      assert.equal(await metadefs.load(file('two', 'b'), 'skip'), false)
      assert.deepEqual(await state(), first)

      assert.equal(await metadefs.load(file('two', 'b'), 'merge'), true)
      const merged = {
        ...first,
        properties: ['a one', 'b two', 'p one'],
        objects: ['a one', 'b two', 'o one'],
        tags: ['a', 'b', 't'],
      }
      assert.deepEqual(await state(), merged)

      await metadefs.load(file('three', 'b'), 'prefer_new')
      assert.deepEqual(await state(), {
        ...merged,
        label: 'three',
        loadedOnce: false,
        prefix: ['three'],
        properties: ['a one', 'b three', 'p three'],
        objects: ['a one', 'b three', 'o three'],
      })

      await metadefs.load(file('four', 'b'), 'overwrite')
      assert.deepEqual(await state(), {
        label: 'four',
        loadedOnce: true,
        prefix: ['four'],
        properties: ['b four', 'p four'],
        objects: ['b four', 'o four'],
        tags: ['b', 't'],
      })
      await assert.rejects(metadefs.load({ namespace, contents: { tags: ['x', 'x'] } }, 'overwrite'), {
        code: 'metadef_exists',
      })
      assert.equal((await state()).label, 'four')
    })

    it('removes everything', async () => {
      const type = { name: `T${randomUUID()}`, prefix: null, propertiesTarget: null }
      await create({}, { associations: [type], tags: ['t'], properties: [{ name: 'p', schema: {} }] })
      await metadefs.clear()
      assert.deepEqual(await metadefs.listNamespaces(newest), [])
      assert.deepEqual(await metadefs.listResourceTypes(), [])
    })
  })
}
