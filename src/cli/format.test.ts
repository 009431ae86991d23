import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderFields, renderList } from './format.ts'

const names = ['ID', 'Name', 'Size', 'Tags']
const rows = [
  ['a1', 'first', 3, ['y', 'x']],
  ['b2', null, 12, []],
]

describe('output', () => {
  test('is a table with numbers to the right and lists in order', () => {
    assert.equal(
      renderList(names, rows, { format: 'table', columns: [] }),
      `+----+-------+------+------+
| ID | Name  | Size | Tags |
+----+-------+------+------+
| a1 | first |    3 | x, y |
| b2 | None  |   12 |      |
+----+-------+------+------+
`,
    )
  })

  test('is JSON with the names of the columns', () => {
    const parsed: unknown = JSON.parse(renderList(names, rows, { format: 'json', columns: ['name', 'Tags'] }))
    assert.deepEqual(parsed, [
      { Name: 'first', Tags: ['y', 'x'] },
      { Name: null, Tags: [] },
    ])
  })

  test('gives values the text that Python gives them', () => {
    const fields = { protected: false, properties: { a: 'b', n: null, q: "it's" }, tags: ['t'], name: 'x' }
    assert.equal(
      renderFields(fields, { format: 'value', columns: [] }),
      `x\n{'a': 'b', 'n': None, 'q': "it's"}\nFalse\n['t']\n`,
    )
  })

  test('shows properties of one thing in one field of the table', () => {
    const text = renderFields({ properties: { b: '2', a: '1' }, id: 'x' }, { format: 'table', columns: ['properties'] })
    assert.match(text, /\| properties \| a='1', b='2' \|/)
    assert.doesNotMatch(text, /\| id/)
  })

  test('keeps control characters of names away from the terminal', () => {
    const text = renderList(['Name'], [['evil\u001b[2Jname']], { format: 'table', columns: [] })
    assert.ok(!text.includes('\u001b'))
  })

  test('counts characters of double width twice', () => {
    const text = renderList(['Name'], [['日本'], ['abcd']], { format: 'table', columns: [] })
    assert.match(text, /\| 日本 \|\n\| abcd \|/)
  })

  test('refuses a column that does not exist and names those that do', () => {
    assert.throws(() => renderList(names, rows, { format: 'table', columns: ['Nope'] }), /no column Nope.*ID, Name/)
  })
})
