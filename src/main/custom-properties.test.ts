import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCustomProperties } from './custom-properties.ts'

async function read(content: unknown) {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-schema-'))
  try {
    await writeFile(join(folder, 'schema-image.json'), typeof content === 'string' ? content : JSON.stringify(content))
    return await readCustomProperties([join(folder, 'glance-api.conf')])
  } finally {
    await rm(folder, { recursive: true })
  }
}

const properties = { os_distro: { type: 'string' } }

test('reads schema-image.json in its plain form', async () => {
  assert.deepEqual(await read(properties), { properties, required: [] })
})

test('reads schema-image.json in its extended form', async () => {
  assert.deepEqual(await read({ properties, required: ['os_distro'] }), { properties, required: ['os_distro'] })
  assert.deepEqual(await read({ properties }), { properties, required: [] })
  assert.deepEqual(await read({ properties: {}, required: null }), { properties: {}, required: [] })
})

for (const [what, content] of [
  ['no JSON', '{'],
  ['a list', []],
  ['a property that is no schema', { os_distro: 'string' }],
  ['properties that are a list', { properties: [] }],
  ['required that is no list', { properties, required: 'os_distro' }],
  ['required without properties', { required: ['os_distro'] }],
] as const) {
  test(`refuses a schema-image.json with ${what}, naming the file`, async () => {
    await assert.rejects(read(content), /schema-image\.json/)
  })
}
