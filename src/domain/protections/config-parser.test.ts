import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfigParserFile } from './config-parser.ts'

const parse = (text: string) =>
  [...parseConfigParserFile(text)].map(([name, options]) => [name, Object.fromEntries(options)])

for (const [what, text, expected] of [
  ['both signs, and names without case', '[a]\nRead = x\nupdate: y\n', [['a', { read: 'x', update: 'y' }]]],
  ['a section up to the last bracket of its line', '[[a-z]+] rest\nx=1\n', [['[a-z]+', { x: '1' }]]],
  ['an indented line as the rest of a value', '[a]\nx = 1\n  , 2\n\n  3\n\n', [['a', { x: '1\n, 2\n\n3' }]]],
  ['an indented section below an option as a value', '[a]\nx=\n  [b]\n', [['a', { x: '\n[b]' }]]],
  ['comments of whole lines only', '[a]\n# c\nx = 1 # no\n  ; d\n  e\n', [['a', { x: '1 # no\ne' }]]],
  ['an indented file', '  [a]\n x=1\n y=2\n  z=3\n', [['a', { x: '1', y: '2\nz=3' }]]],
  [
    'DEFAULT in every section',
    '[DEFAULT]\nx=d\ny=d\n[a]\nx=1\n[b]\n',
    [
      ['a', { x: '1', y: 'd' }],
      ['b', { x: 'd', y: 'd' }],
    ],
  ],
  ['references and percent signs', '[a]\nx=%(Y)s%%\ny=2\n', [['a', { x: '2%', y: '2' }]]],
  [
    'sections in the order of the file',
    '[b]\n[2]\n[1]\n',
    [
      ['b', {}],
      ['2', {}],
      ['1', {}],
    ],
  ],
] as const) {
  test(`reads ${what}`, () => {
    assert.deepEqual(parse(text), expected)
  })
}

for (const [what, text, message] of [
  ['an option before any section', 'x = 1\n', /line 1: .*section/],
  ['a section without a name', '[]\n', /line 1/],
  ['a line that is nothing', '[a]\nfoo\n', /line 2: .*\[a\]/],
  ['an option without a name', '[a]\n= 1\n', /line 2/],
  ['a section that stands there twice', '[a]\n[a]\n', /line 2: section \[a\]/],
  ['an option that stands there twice', '[a]\nx=1\nX=2\n', /line 3: x stands in section \[a\]/],
  ['a bare percent sign', '[a]\nx=5%\n', /x in section \[a\].*%%/],
  ['a reference to nothing', '[a]\nx=%(y)s\n', /%\(y\)s is no option/],
  ['a reference to itself', '[a]\nx=%(x)s\n', /too deep/],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(() => parseConfigParserFile(text), { name: 'ParserFault', message })
  })
}
