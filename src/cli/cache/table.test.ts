import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderTable } from './table.ts'

test('draws a table as the command of the reference does', () => {
  const columns = [{ title: 'ID' }, { title: 'Size', align: 'right' }] as const
  assert.equal(
    renderTable(columns, [
      ['abc', '1'],
      ['abcd', '1048576'],
    ]),
    `+------+---------+
|  ID  |    Size |
+------+---------+
| abc  |       1 |
| abcd | 1048576 |
+------+---------+`,
  )
})
