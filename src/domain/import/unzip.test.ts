import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { zip } from '../../../test/support/zip.ts'
import { hasCode } from '../../errors/error.ts'
import { unzipped } from './unzip.ts'

const data = Buffer.concat([randomBytes(100_000), Buffer.alloc(100_000)])
const unzip = (archive: Buffer, pieceBytes = 65_536) => buffer(unzipped(Readable.from(piecesOf(archive, pieceBytes))))

function* piecesOf(archive: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < archive.length; at += pieceBytes) yield archive.subarray(at, at + pieceBytes)
}

test('gives the one file of an archive, however its sizes are told and however it is cut', async () => {
  for (const file of [
    { data },
    { data, method: 'stored' },
    { data, isLarge: true },
    { data, method: 'stored', isLarge: true },
    { data, sizesFollow: 'small' },
    { data, sizesFollow: 'large' },
    { data, sizesFollow: 'unsigned' },
    { data: Buffer.alloc(0) },
  ] as const) {
    const short = { ...file, data: file.data.subarray(0, 100) }
    assert.ok((await unzip(zip([short]), 1)).equals(short.data))
    for (const pieceBytes of [997, 65_536, 10 ** 9]) {
      assert.ok(
        (await unzip(zip([file]), pieceBytes)).equals(file.data),
        `${JSON.stringify(file).slice(-40)} ${pieceBytes}`,
      )
    }
  }
})

test('refuses what is not an archive of one file, and archives that are broken', async () => {
  const archive = zip([{ data }])
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(archive)
    copy[at] = value
    return copy
  }
  for (const [bytes, reason] of [
    [zip([{ data }, { data, name: 'more' }]), /more than one file/],
    [Buffer.concat([zip([{ data }]).subarray(0, -22), zip([{ data }]).subarray(-72)]), /more than one file/],
    [zip([{ data: Buffer.alloc(0), name: 'folder/' }]), /a folder/],
    [zip([{ data, flags: 1 }]), /encrypted/],
    [zip([{ data, method: 'stored', sizesFollow: 'small' }]), /where its file ends/],
    [changed(8, 99), /method 99/],
    [changed(15, (archive[15] ?? 0) ^ 1), /checksum or the size/],
    [changed(23, (archive[23] ?? 0) ^ 1), /checksum or the size/],
    [changed(50_000, (archive[50_000] ?? 0) ^ 1), /broken|checksum/],
    [archive.subarray(0, 60_000), /breaks off/],
    [archive.subarray(0, -80), /breaks off/],
    [archive.subarray(0, 20), /breaks off/],
  ] as const) {
    await assert.rejects(
      unzip(bytes),
      (error) => hasCode(error, 'import_failed') && reason.test(error.message),
      `${reason}`,
    )
  }
})

test('stops where its reader stops', async () => {
  const body = Readable.from(piecesOf(zip([{ data: randomBytes(5_000_000) }]), 65_536))
  for await (const _chunk of unzipped(body)) break
  assert.ok(body.readableLength < 2_000_000)
})
