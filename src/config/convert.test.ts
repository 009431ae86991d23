import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { convert } from './convert.ts'
import type { OptionSpec } from './option.ts'

const help = ''
const list = { type: 'list', default: [], help } as const
const bounded = { ...list, bounds: true, quotes: true, choices: ['a', 'b'] } as const
const dict = { type: 'dict', default: {}, help } as const
const integer = { type: 'integer', default: 7, min: -2, max: 2000, help } as const
const float = { type: 'float', default: null, help } as const
const boolean = { type: 'boolean', default: false, help } as const
const text = { type: 'string', default: null, help } as const

const accepted: readonly (readonly [spec: OptionSpec, text: string, value: unknown])[] = [
  [text, '', ''],
  [text, ' x ', ' x '],
  [{ ...text, choices: ['one', 'Two'] }, 'Two', 'Two'],
  [{ ...text, choices: ['one', 'Two'], ignoreCase: true }, 'TWO', 'Two'],
  [{ ...text, format: 'host' }, '::1', '::1'],
  [{ ...text, format: 'host' }, 'controller.example.org.', 'controller.example.org.'],
  ...['true', 'TRUE', '1', 'yes', 'On'].map((word) => [boolean, word, true] as const),
  ...['false', 'False', '0', 'no', 'OFF'].map((word) => [boolean, word, false] as const),
  [integer, '+12', 12],
  [integer, ' -2 ', -2],
  [integer, '1_000', 1000],
  [integer, '', 7],
  [float, '.5', 0.5],
  [float, '1e3', 1000],
  [float, '5.', 5],
  [list, 'a, b ,c,,', ['a', 'b', 'c']],
  [list, ',a', ['', 'a']],
  [list, '[a,b]', ['[a', 'b]']],
  [list, ' ', []],
  [{ ...list, quotes: true }, `"a,b",'c'`, ['a,b', 'c']],
  [bounded, `[a,'b',"a"]`, ['a', 'b', 'a']],
  [bounded, '[]', []],
  [dict, 'fast:rbd, cheap : swift', { fast: 'rbd', cheap: 'swift' }],
  [dict, 'a:b:c,d:', { a: 'b:c', d: '' }],
  [dict, 'a,b:c', { 'a,b': 'c' }],
  [dict, '', {}],
]

const refused: readonly [spec: OptionSpec, text: string, expected: RegExp][] = [
  [{ ...text, choices: ['one', 'Two'] }, 'two', /one, Two/],
  [{ ...text, format: 'host' }, '10.0.0.300', /host name/],
  [{ ...text, format: 'host' }, '', /host name/],
  [boolean, '', /true or false/],
  [boolean, ' true', /true or false/],
  [boolean, '2', /true or false/],
  [integer, '1.0', /an integer from -2 to 2000/],
  [integer, '0x10', /an integer/],
  [integer, '-3', /an integer/],
  [{ ...integer, max: 2 ** 63 }, '9300000000000000000', /to 9223372036854775808$/],
  [float, 'one', /a number/],
  [bounded, 'a,b', /in brackets of one of a, b/],
  [bounded, '[a,c]', /one of a, b/],
  [{ ...list, quotes: true }, '"a', /quotes/],
  [dict, 'a:1,b', /name:value/],
  [dict, 'a:1,a:2', /a is repeated/],
  [dict, ':x', /name:value/],
  [dict, 'a:1,', /name:value/],
]

describe('convert', () => {
  for (const [spec, written, value] of accepted) {
    it(`takes ${JSON.stringify(written)} as ${spec.type} ${JSON.stringify(value)}`, () => {
      assert.deepEqual(convert([written], spec), { value })
    })
  }

  for (const [spec, written, expected] of refused) {
    it(`refuses ${JSON.stringify(written)} as ${spec.type}`, () => {
      const conversion = convert([written], spec)
      assert.ok('expected' in conversion)
      assert.match(conversion.expected, expected)
    })
  }

  it('keeps all occurrences of an option that may be repeated, else the last', () => {
    assert.deepEqual(convert(['a,b', ' c'], { type: 'multi', default: [], help }), { value: ['a,b', ' c'] })
    assert.deepEqual(convert(['a', 'b'], text), { value: 'b' })
  })

  it('gives back any list and dictionary of plain words', () => {
    const word = fc.stringMatching(/^[a-z0-9._/-]{1,10}$/)
    fc.assert(
      fc.property(fc.array(word), fc.dictionary(word, word), (words, entries) => {
        assert.deepEqual(convert([words.join(' , ')], list), { value: words })
        const pairs = Object.entries(entries).map(([key, value]) => `${key}:${value}`)
        const { value } = convert([pairs.join(',')], dict) as { value: Record<string, string> }
        assert.deepEqual(Object.entries(value).sort(), Object.entries(entries).sort())
      }),
    )
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom<OptionSpec>(list, bounded, dict, integer, float, boolean),
        (any, spec) => {
          const conversion = convert([any], spec)
          assert.ok('value' in conversion || conversion.expected.length > 0)
        },
      ),
    )
  })
})
