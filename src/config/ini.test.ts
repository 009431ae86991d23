import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseIni } from './ini.ts'

function values(text: string): [section: string, name: string, value: string][] {
  const { assignments, faults } = parseIni(text)
  assert.deepEqual(faults, [])
  return assignments.map(({ section, name, value }) => [section, name, value])
}

describe('parseIni', () => {
  it('splits at the first = or :, whichever comes first', () => {
    assert.deepEqual(values('[s]\na = x:y\nb: x=y\nurl=http://host:1/?a=b'), [
      ['s', 'a', 'x:y'],
      ['s', 'b', 'x=y'],
      ['s', 'url', 'http://host:1/?a=b'],
    ])
  })

  it('keeps every occurrence of an option, and the line it stands on', () => {
    const { assignments } = parseIni('[s]\n\na = 1\n# a = 2\na = 3\r\n[t]\ra = 4')
    assert.deepEqual(
      assignments.map(({ section, value, line }) => [section, value, line]),
      [
        ['s', '1', 3],
        ['s', '3', 5],
        ['t', '4', 7],
      ],
    )
  })

  it('joins continuation lines by newlines, until an empty line or a comment', () => {
    assert.deepEqual(values('[s]\na = one\n  two\n\tthree # no comment here\n\nb = x\n# comment\nc ='), [
      ['s', 'a', 'one\ntwo\nthree # no comment here'],
      ['s', 'b', 'x'],
      ['s', 'c', ''],
    ])
  })

  it('takes away one pair of quotes, and only around the first line', () => {
    assert.deepEqual(values(`[s]\na = " x "\nb = 'x"\nc = ""x""\nd = "x"\n "y"\ne = "`), [
      ['s', 'a', ' x '],
      ['s', 'b', `'x"`],
      ['s', 'c', '"x"'],
      ['s', 'd', 'x\n"y"'],
      ['s', 'e', ''],
    ])
  })

  it('knows sections without an option', () => {
    assert.deepEqual(parseIni('[DEFAULT]\n[ a ]\n[b]]').sections, ['DEFAULT', ' a ', 'b]'])
  })

  it('goes on after a fault and finds all of them', () => {
    const { faults, assignments } = parseIni('early = 1\n[s]\njunk\n[open\n[]\n = x\n  indented\na = 1')
    assert.deepEqual(
      faults.map(({ line }) => line),
      [1, 3, 4, 5, 6, 7],
    )
    assert.deepEqual(assignments, [{ section: 's', name: 'a', value: '1', line: 8 }])
  })

  it('tells nothing of what stands on a faulty line', () => {
    const { faults } = parseIni('[s]\npassword hunter2\n[hunter2\n =hunter2')
    assert.equal(faults.length, 3)
    assert.doesNotMatch(JSON.stringify(faults), /hunter2/)
  })

  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/)
  const word = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
  const quoted = (text: string): string => (/^["']/.test(text) ? `"${text}"` : text)

  it('gives back any sections, names and multi-line values that were written', () => {
    const assignment = fc.record({ name, lines: fc.array(word, { minLength: 1, maxLength: 4 }) })
    const section = fc.record({ name, assignments: fc.array(assignment, { maxLength: 5 }) })
    fc.assert(
      fc.property(fc.array(section, { maxLength: 5 }), fc.constantFrom('\n', '\r\n'), (sections, newline) => {
        const lines = sections.flatMap((s) => [
          `[${s.name}]`,
          ...s.assignments.flatMap(({ name, lines: [first = '', ...more] }) => [
            `${name} = ${quoted(first)}`,
            ...more.map((line) => `\t${line}`),
          ]),
        ])
        assert.deepEqual(
          values(lines.join(newline)),
          sections.flatMap((s) => s.assignments.map(({ name, lines }) => [s.name, name, lines.join('\n')])),
        )
      }),
    )
  })

  it('reads any text without throwing, and each line has at most one assignment or fault', () => {
    const line = fc.oneof(fc.string(), word, fc.constantFrom('[s]', 'a = 1', ' b', '', '# c', '[', '='))
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { assignments, faults } = parseIni(lines.join('\n'))
        const used = [...assignments, ...faults].map((entry) => entry.line)
        assert.equal(new Set(used).size, used.length)
      }),
    )
  })
})
