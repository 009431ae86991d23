import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { programs } from './programs.ts'

const root = new URL('../../', import.meta.url)
const names = ['glimpse', ...Object.keys(programs)].sort()

test('every program has a launcher, and every launcher a program', () => {
  const launchers = readdirSync(new URL('bin', root)).filter((name) => name !== 'launch.sh')
  assert.deepEqual(launchers.sort(), names)
})

test('the package puts every program on PATH', () => {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { bin: Record<string, string> }
  assert.deepEqual(
    Object.entries(bin).sort(),
    names.map((name) => [name, `bin/${name}`]),
  )
})
