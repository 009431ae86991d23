import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReplicationMatch } from '../../ports/replication.ts'
import { type MatchedImage, rulesFor } from './matching.ts'

const now = new Date('2026-05-01T12:00:00Z')
const image: MatchedImage = {
  visibility: 'public',
  owner: 'p1',
  properties: { os_distro: 'debian', tier: 'gold' },
  sizeBytes: 1000,
  createdAt: new Date('2026-05-01T11:00:00Z'),
}

function falls(match: ReplicationMatch, more: Partial<MatchedImage> = {}): boolean {
  const rule = { name: 'r', match, stores: [], copies: null }
  return rulesFor({ ...image, ...more }, { rules: [rule], now }).length === 1
}

test('a rule without conditions is about every image', () => {
  assert.ok(falls({}))
  assert.ok(falls({}, { owner: null, sizeBytes: null }))
})

test('visibility and owner are one of those that are named', () => {
  assert.ok(falls({ visibility: ['community', 'public'] }))
  assert.ok(!falls({ visibility: ['private'] }))
  assert.ok(falls({ owners: ['p0', 'p1'] }))
  assert.ok(!falls({ owners: ['p0'] }))
  assert.ok(!falls({ owners: ['p0'] }, { owner: null }))
})

test('all properties have the values that are named', () => {
  assert.ok(falls({ properties: { tier: 'gold' } }))
  assert.ok(falls({ properties: { tier: 'gold', os_distro: 'debian' } }))
  assert.ok(!falls({ properties: { tier: 'gold', os_distro: 'fedora' } }))
  assert.ok(!falls({ properties: { other: 'x' } }))
})

test('bounds of size and age include their ends', () => {
  assert.ok(falls({ minSizeBytes: 1000, maxSizeBytes: 1000 }))
  assert.ok(!falls({ minSizeBytes: 1001 }))
  assert.ok(!falls({ maxSizeBytes: 999 }))
  assert.ok(falls({ minAgeSeconds: 3600, maxAgeSeconds: 3600 }))
  assert.ok(!falls({ minAgeSeconds: 3601 }))
  assert.ok(!falls({ maxAgeSeconds: 3599 }))
})

test('every condition must hold', () => {
  assert.ok(!falls({ visibility: ['public'], owners: ['p0'] }))
})
