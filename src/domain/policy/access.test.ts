import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, Visibility } from '../../ports/image.ts'
import { ImageAccess, isVisible, needsMembership } from './image-access.ts'
import { MemberAccess } from './member-access.ts'
import { Policy } from './policy.ts'

const options = { enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' }

function contextOf(projectId: string | null, roles: readonly string[]): RequestContext {
  return {
    requestId: 'req-1',
    userId: 'u',
    projectId,
    userDomainId: null,
    projectDomainId: null,
    domainId: null,
    roles,
    isAdmin: roles.includes('admin'),
    systemScope: null,
    serviceRoles: [],
    token: null,
  }
}

function imageOf(visibility: Visibility, owner: string | null = 'owner'): Image {
  const at = new Date(0)
  return {
    id: 'i1',
    name: null,
    status: 'active',
    visibility,
    diskFormat: null,
    containerFormat: null,
    sizeBytes: null,
    virtualSizeBytes: null,
    checksum: null,
    osHashAlgo: null,
    osHashValue: null,
    owner,
    minDiskGib: 0,
    minRamMib: 0,
    protected: false,
    osHidden: false,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
    deleted: false,
    properties: {},
    tags: [],
    locations: [],
  }
}

const owner = contextOf('owner', ['member', 'reader'])
const other = contextOf('other', ['member', 'reader'])
const reader = contextOf('owner', ['reader'])
const admin = contextOf('elsewhere', ['admin'])

/** `ok`, or the code of the error. */
async function outcome(action: () => unknown): Promise<string> {
  try {
    await action()
    return 'ok'
  } catch (error) {
    if (error instanceof GlimpseError) return error.code
    throw error
  }
}

describe('isVisible', () => {
  const cases = [
    ['private', other, false, false],
    ['private', other, true, false],
    ['shared', other, false, false],
    ['shared', other, true, true],
    ['public', other, false, true],
    ['community', other, false, true],
    ['private', owner, false, true],
    ['private', admin, false, true],
    ['shared', contextOf(null, []), true, false],
    ['public', contextOf(null, []), false, true],
  ] as const
  for (const [visibility, context, isMember, visible] of cases) {
    it(`${visible ? 'shows' : 'hides'} a ${visibility} image ${visible ? 'to' : 'from'} project ${context.projectId}, member: ${isMember}`, () => {
      assert.equal(isVisible(context, imageOf(visibility), { isMember }), visible)
    })
  }

  it('shows an image without owner to everyone', () => {
    assert.equal(isVisible(other, imageOf('private', null), { isMember: false }), true)
  })

  it('needs the membership only for shared images of others', () => {
    assert.equal(needsMembership(other, imageOf('shared')), true)
    assert.equal(needsMembership(owner, imageOf('shared')), false)
    assert.equal(needsMembership(admin, imageOf('shared')), false)
    assert.equal(needsMembership(other, imageOf('private')), false)
  })
})

describe('ImageAccess', () => {
  for (const enforceNewDefaults of [false, true]) {
    const access = new ImageAccess(new Policy({ ...options, enforceNewDefaults }))
    const defaults = enforceNewDefaults ? 'new' : 'older'

    it(`lets owners and admins change an image, and refuses those who only see it (${defaults} defaults)`, async () => {
      for (const change of ['modify', 'delete', 'upload', 'deactivate', 'reactivate'] as const) {
        assert.equal(await outcome(() => access[change](owner, imageOf('public'))), 'ok', change)
        assert.equal(await outcome(() => access[change](admin, imageOf('public'))), 'ok', change)
        assert.equal(await outcome(() => access[change](other, imageOf('public'))), 'forbidden', change)
      }
    })

    it(`keeps publishing and copying for admins (${defaults} defaults)`, async () => {
      const publish = (context: RequestContext) =>
        access.setVisibility(context, imageOf('private'), { visibility: 'public' })
      assert.equal(await outcome(() => publish(owner)), 'forbidden')
      assert.equal(await outcome(() => publish(admin)), 'ok')
      assert.equal(await outcome(() => access.copy(owner, imageOf('private'))), 'forbidden')
      assert.equal(await outcome(() => access.copy(admin, imageOf('private'))), 'ok')
    })

    it(`refuses images that are created for another project (${defaults} defaults)`, async () => {
      assert.equal(await outcome(() => access.create(owner, { owner: 'owner' })), 'ok')
      assert.equal(await outcome(() => access.create(owner, { owner: 'other' })), 'forbidden')
      assert.equal(await outcome(() => access.create(owner, { owner: 'owner', visibility: 'public' })), 'forbidden')
      assert.equal(await outcome(() => access.create(owner, { owner: 'owner', visibility: 'community' })), 'ok')
      assert.equal(await outcome(() => access.create(admin, { owner: 'other', visibility: 'public' })), 'ok')
    })
  }

  it('lets readers look but not change under the new defaults', async () => {
    const access = new ImageAccess(new Policy({ ...options, enforceNewDefaults: true }))
    assert.equal(await outcome(() => access.get(reader, imageOf('private'))), 'ok')
    assert.equal(await outcome(() => access.list(reader)), 'ok')
    assert.equal(await outcome(() => access.modify(reader, imageOf('private'))), 'forbidden')
    assert.equal(await outcome(() => access.download(reader, imageOf('private'))), 'forbidden')
  })

  it('hides an image from those whom get_image refuses, whatever they ask', async () => {
    const policy = new Policy(options)
    policy.useRules([{ file: 'policy.yaml', rules: { get_image: 'project_id:%(owner)s', download_image: '!' } }])
    const access = new ImageAccess(policy)
    assert.equal(await outcome(() => access.get(other, imageOf('public'))), 'image_not_found')
    assert.equal(await outcome(() => access.download(other, imageOf('public'))), 'image_not_found')
    assert.equal(await outcome(() => access.download(owner, imageOf('public'))), 'forbidden')
    assert.equal(await access.mayGet(other, imageOf('public')), false)
  })

  it('waits for remote checks', async () => {
    const policy = new Policy({ ...options, remote: { allows: async () => false } })
    policy.useRules([{ file: 'policy.yaml', rules: { delete_image: 'http://policy.test/' } }])
    assert.equal(await outcome(() => new ImageAccess(policy).delete(owner, imageOf('public'))), 'forbidden')
  })

  it('shows rules the properties of the image', async () => {
    const policy = new Policy(options)
    policy.useRules([{ file: 'policy.yaml', rules: { download_image: "'gold':%(tier)s" } }])
    const access = new ImageAccess(policy)
    const gold = { ...imageOf('public'), properties: { tier: 'gold' } }
    assert.equal(await outcome(() => access.download(other, gold)), 'ok')
    assert.equal(await outcome(() => access.download(other, imageOf('public'))), 'forbidden')
  })
})

describe('MemberAccess', () => {
  const cases = [
    ['list', { private: 'forbidden', owner: 'ok', other: 'ok', admin: 'ok' }],
    ['get', { private: 'not_found', owner: 'ok', other: 'ok', admin: 'ok' }],
    ['create', { private: 'forbidden', owner: 'ok', other: 'forbidden', admin: 'ok' }],
    ['update', { private: 'forbidden', owner: 'forbidden', other: 'ok', admin: 'ok' }],
    ['delete', { private: 'forbidden', owner: 'ok', other: 'forbidden', admin: 'ok' }],
  ] as const
  for (const enforceNewDefaults of [false, true]) {
    const access = new MemberAccess(new Policy({ ...options, enforceNewDefaults }))
    for (const [action, expected] of cases) {
      it(`knows who may ${action} members (${enforceNewDefaults ? 'new' : 'older'} defaults)`, async () => {
        const shared = imageOf('shared')
        assert.equal(await outcome(() => access[action](owner, imageOf('private'))), expected.private)
        assert.equal(await outcome(() => access[action](owner, shared)), expected.owner)
        assert.equal(await outcome(() => access[action](other, shared)), expected.other)
        assert.equal(await outcome(() => access[action](admin, shared)), expected.admin)
      })
    }
  }
})
