import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePythonPattern } from './python-pattern.ts'

for (const [pattern, found, missed] of [
  ['^x_.*', ['x_', 'x_a'], ['ax_']],
  ['x_', ['ax_b'], ['x']],
  ['^secret$', ['secret', 'secret\n'], ['secrets', 'secret\n\n']],
  ['\\Asecret\\Z', ['secret'], ['secret\n', 'a secret']],
  ['(?P<a>x)_(?P=a)', ['x_x'], ['x_y']],
  ['(?i)^Secret', ['SECRET'], ['a']],
  ['(?i:se)cret', ['SEcret'], ['seCRET']],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  ['(?s)a.b', ['a\nb'], []],
  ['a.b', ['a-b', 'a😀b', 'a\rb'], ['a\nb', 'ab']],
  ['^a{,2}$', ['', 'aa'], ['aaa']],
  ['^a{2}b{1,}$', ['aab', 'aabb'], ['ab', 'aaa']],
  ['^a{x}$', ['a{x}'], ['a']],
  ['^a{}]$', ['a{}]'], ['a']],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[^]a]$', ['b'], [']', 'a']],
  ['^[a\\-z]$', ['-', 'a'], ['b']],
  ['^[a-c&&-]$', ['b', '&', '-'], ['z']],
  ['^[\\w-]+$', ['ä-_9'], ['a b']],
  ['^[\\W]$', ['-'], ['ä']],
  ['^\\d$', ['1', '٣'], ['a']],
  ['\\bab\\b', ['x ab', 'ab'], ['äab', 'abä']],
  ['\\Bab', ['xab'], ['ab']],
  ['^a\\.b\\_\\/\\ $', ['a.b_/ '], ['axb_/ ']],
  ['^(a)\\1$', ['aa'], ['a']],
  ['^\\x61\\u0062\\101$', ['abA'], []],
  ['^a(?#note)b$', ['ab'], []],
  ['^(?!os_)(?<!x)a', ['a'], ['os_a']],
] as const) {
  test(`searches /${pattern}/ as Python does`, () => {
    const compiled = compilePythonPattern(pattern)
    assert.deepEqual(
      [...found, ...missed].filter((text) => compiled.test(text)),
      found,
    )
  })
}

for (const pattern of [
  '(',
  'a)',
  '*a',
  'a**',
  '[a',
  'a\\',
  '\\y',
  '[\\y]',
  '[z-a]',
  '[a-\\d]',
  '(?P<a',
  '(?P=b)',
  'a\\1',
  'a{2,1}',
]) {
  test(`refuses /${pattern}/ as Python does`, () => {
    assert.throws(() => compilePythonPattern(pattern), { name: 'PatternFault' })
  })
}

for (const pattern of ['(a)?b(?(1)c|d)', '(?>a)', 'a*+', '(?x)a b', '(?a)\\w', '\\N{DIGIT ONE}']) {
  test(`refuses /${pattern}/, which has no match here`, () => {
    assert.throws(() => compilePythonPattern(pattern), { name: 'PatternFault' })
  })
}
