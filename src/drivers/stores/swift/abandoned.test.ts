import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findAbandonedSegments } from './abandoned.ts'
import type { SwiftClient } from './client.ts'

const ids = ['a', 'b', 'c', 'd'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`)
const [dead = '', alive = '', whole = '', half = ''] = ids
const now = Date.parse('2030-01-10T00:00:00Z')
const segments = (key: string, write: string, modified: readonly string[]) =>
  modified.map((at, i) => ({ name: `${key}_${write}-0000${i + 1}`, modifiedAt: new Date(at) }))
const old = '2030-01-08T00:00:00Z'
const recent = '2030-01-09T12:00:00Z'

test('finds the segments of writes that have rested for a day and have no manifest', async () => {
  const objects = [
    ...segments(dead, '00000001', [old, old]),
    { name: whole, modifiedAt: new Date(old) },
    ...segments(whole, '00000002', [old]),
    ...segments(alive, '00000003', [old, recent]),
    // A later write of the image has a manifest of its own.
    ...segments(half, '00000004', [old]),
    { name: 'not-ours_00000001-00001', modifiedAt: new Date(old) },
  ]
  const deleted: string[] = []
  const manifests: Record<string, string> = {
    [whole]: `images/${encodeURIComponent(`${whole}_00000002-`)}`,
    [half]: `images/${encodeURIComponent(`${half}_00000009-`)}`,
  }
  const client = {
    async *list(_container: string, { prefix }: { prefix: string }) {
      const found = objects.filter(({ name }) => name.startsWith(prefix))
      for (let at = 0; at < found.length; at += 2) yield found.slice(at, at + 2)
    },
    headObject: async ({ object }: { object: string }) =>
      manifests[object] && { 'x-object-manifest': manifests[object] },
    deleteObject: async ({ object }: { object: string }) => deleted.push(object) > 0,
  } as unknown as SwiftClient
  const keys: string[] = []
  for await (const write of findAbandonedSegments(client, { container: 'images', now: () => now })) {
    keys.push(write.key)
    await write.removeBlob()
    await write.discard()
  }
  assert.deepEqual(keys, [dead, half])
  assert.deepEqual(deleted, [`${dead}_00000001-00001`, `${dead}_00000001-00002`, `${half}_00000004-00001`])
})
