import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import { injectedProperties, requireRoom } from './inject.ts'

const imageWith = (...names: string[]) =>
  ({ properties: Object.fromEntries(names.map((name) => [name, 'x'])) }) as unknown as Image

test('gives the properties of the configuration to whom they are meant for', () => {
  const config = { ignore_user_roles: ['admin'], inject: { one: '1', os_glance_two: '2' } }
  assert.deepEqual(injectedProperties(config, ['member']), { one: '1' })
  assert.deepEqual(injectedProperties(config, ['member', 'admin']), {})
  assert.deepEqual(injectedProperties(undefined, ['member']), {})
})

test('imports bring no more properties than an image may have, and none that cannot be stored', () => {
  const image = imageWith('a', 'b', 'os_glance_import_task')
  const tooMany = (error: unknown) => hasCode(error, 'quota_exceeded')
  requireRoom(image, { properties: { c: '' }, most: 3 })
  requireRoom(image, { properties: { a: '', b: '' }, most: 1 })
  requireRoom(image, { properties: { c: '', d: '' }, most: -1 })
  assert.throws(() => requireRoom(image, { properties: { c: '', d: '' }, most: 3 }), tooMany)
  for (const properties of [{ ['n'.repeat(256)]: '' }, { c: 'v'.repeat(65_536) }, { c: '\u{1f600}' }]) {
    assert.throws(
      () => requireRoom(image, { properties, most: -1 }),
      (error) => hasCode(error, 'bad_request'),
    )
  }
})
