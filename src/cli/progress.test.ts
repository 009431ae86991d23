import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatBytes, formatDuration, Progress, renderProgress } from './progress.ts'

const mib = 2 ** 20

describe('progress', () => {
  test('writes a line every ten percent when there is no terminal', () => {
    let now = 0
    const lines: string[] = []
    const output = { write: (text: string) => lines.push(text) }
    const progress = new Progress({ label: 'uploading', totalBytes: 100 * mib, output, now: () => now })
    for (let i = 0; i < 100; i++) {
      now += 10
      progress.add(mib)
    }
    progress.finish()
    assert.equal(lines.length, 10)
    assert.equal(lines[0], 'uploading   10 %  10.0 MiB of 100 MiB  100 MiB/s  ETA 0:01\n')
    assert.equal(lines[9], 'uploading  100 %  100 MiB of 100 MiB  100 MiB/s\n')
  })

  test('draws one line anew on a terminal, ten times a second at most, and ends with the whole', () => {
    let now = 0
    let text = ''
    let writes = 0
    const write = (more: string) => {
      text += more
      writes++
    }
    const output = { isTTY: true, columns: 100, write }
    const progress = new Progress({ label: 'saving', totalBytes: 1000, output, now: () => now })
    for (let i = 0; i < 1000; i++) {
      now += 1
      progress.add(1)
    }
    progress.finish()
    assert.ok(writes <= 13, `${writes} writes in one second`)
    assert.match(text, /\[#+\] {2}100 % [^\r]*\n$/)
    assert.equal(text.split('\n').length, 2)
  })

  test('counts what was there before, but not into the rate', () => {
    let now = 0
    const lines: string[] = []
    const output = { write: (text: string) => lines.push(text) }
    const progress = new Progress({
      label: 'saving',
      totalBytes: 10 * mib,
      startBytes: 5 * mib,
      output,
      now: () => now,
    })
    now = 1000
    progress.add(mib)
    assert.deepEqual(lines, ['saving   60 %  6.0 MiB of 10.0 MiB  1.0 MiB/s  ETA 0:04\n'])
  })

  test('never draws more than fits on the line', () => {
    for (const width of [20, 40, 60, 79, 200]) {
      const state = { label: 'uploading', doneBytes: 5, totalBytes: 3000 * mib, bytesPerSecond: 7 * mib, width }
      assert.ok(renderProgress(state).length <= width)
    }
  })

  test('shows an unknown total as what is done', () => {
    const state = { label: 'uploading', doneBytes: 3 * mib, totalBytes: undefined, bytesPerSecond: mib, width: 80 }
    assert.equal(renderProgress(state), 'uploading  3.0 MiB  1.0 MiB/s')
  })

  test('tells sizes and times as people do', () => {
    assert.deepEqual([0, 1023, 1024, 1536 * mib].map(formatBytes), ['0 B', '1023 B', '1.0 KiB', '1.5 GiB'])
    assert.deepEqual([0, 6.2, 754, 3723].map(formatDuration), ['0:00', '0:07', '12:34', '1:02:03'])
  })
})
