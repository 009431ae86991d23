import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GlimpseError, hasCode } from '../errors/error.ts'
import type { ImageChange, ImageQuery } from '../ports/repositories.ts'
import { encode } from './codec.ts'
import { commands } from './commands.ts'
import { decodeCall, decodeReply, encodeCall, encodeFailure, encodeResult } from './messages.ts'

const refused = (text: string, reason: RegExp = /./) =>
  assert.throws(
    () => decodeCall(text),
    (error) => hasCode(error, 'bad_request') && reason.test(error.message),
  )

/** What a caller might send that does not go by the table. */
const sent = (command: string, args: unknown[]) => encode({ command, args })

describe('messages of the registry', () => {
  it('carries a call with its arguments', () => {
    const query: ImageQuery = {
      viewer: { projectId: null, isAdmin: false },
      times: [{ column: 'created_at', op: 'gt', at: new Date(1_000) }],
      sort: [{ key: 'created_at', direction: 'desc' }],
      limit: 25,
    }
    const { name, args } = decodeCall(encodeCall('images.list', [query]))
    assert.deepEqual([name, args], ['images.list', [query]])
    assert.deepEqual(decodeCall(encodeCall('images.create', [newImage, undefined])).args, [newImage, undefined])
    assert.deepEqual(decodeCall(encodeCall('database.ping', [])).args, [])
  })

  it('knows no command but the functions of the repositories', () => {
    assert.equal(commands.get('images.get')?.repeatable, true)
    assert.equal(commands.get('images.create')?.repeatable, false)
    const others = [
      'close',
      'images',
      'images.constructor',
      '__proto__',
      'constructor.constructor',
      'images.get.call',
      '',
    ]
    for (const name of others) refused(sent(name, []), /no such command/)
    refused(encode({ command: ['database.ping'], args: [] }), /no such command/)
    refused(encode({ args: [] }), /no such command/)
  })

  it('refuses arguments that are not those of the command, and says which', () => {
    refused(sent('images.get', [7]), /images.get .* 0\./)
    refused(sent('images.get', []))
    refused(sent('images.get', ['id', 'more']), /other arguments/)
    refused(encode({ command: 'images.get', args: { 0: 'id' } }), /other arguments/)
    refused(sent('images.create', [{ ...newImage, sizeBytes: '5' }]), /0\.sizeBytes/)
    refused(sent('images.create', [{ ...newImage, is_admin: true }]), /0\.is_admin/)
    refused(sent('images.create', [{ id: newImage.id, status: 'queued' }]), /0\.visibility/)
    refused(sent('images.update', ['id', { fields: { status: 'gone' } }]), /1\.fields\.status/)
    refused(
      sent('images.update', ['id', { addLocations: [{ url: 'x', status: 'active' }] }]),
      /1\.addLocations\[0\]\.metadata/,
    )
    refused(sent('scrub.due', [{ before: '2016-05-06', limit: 1 }]), /0\.before/)
    refused(sent('scrub.due', [new Map([['limit', 1]])]), /at 0\./)
  })

  it('refuses what is no call at all', () => {
    for (const text of ['', '[', 'null', '7', '"database.ping"', '[{"command":"database.ping"}]']) refused(text)
  })

  it('sends of an argument what its type names, and nothing that the caller has beside it', () => {
    const { args } = decodeCall(encodeCall('images.create', [{ ...newImage, tags: ['a'], createdAt: new Date() }]))
    assert.deepEqual(args, [{ ...newImage, tags: ['a'] }])
    assert.deepEqual(decodeCall(encodeCall('images.get', ['i', 0, ['i']])).args, ['i'])
  })

  it('takes a member that may be absent as undefined too', () => {
    const change: ImageChange = { fields: { name: null }, setProperties: JSON.parse('{"__proto__":"x"}') }
    const { args } = decodeCall(
      encodeCall('images.update', ['id', { ...change, tags: undefined }, { settles: undefined }]),
    )
    assert.equal(Object.getOwnPropertyDescriptor((args[1] as ImageChange).setProperties, '__proto__')?.value, 'x')
  })

  it('carries results, and errors of the catalogue as themselves', () => {
    const result = new Map([[1, { at: new Date(0) }]])
    assert.deepEqual(decodeReply(encodeResult(result)), result)
    assert.equal(decodeReply(encodeResult(undefined)), undefined)
    const error = new GlimpseError('image_status_conflict', { id: 'i', status: 'saving' })
    assert.throws(
      () => decodeReply(encodeFailure(error)),
      (thrown) => hasCode(thrown, 'image_status_conflict') && thrown.status === 409 && thrown.message === error.message,
    )
  })

  it('takes an error that it does not know for one of the registry itself', () => {
    const reply = encode({ error: { code: 'toString', params: {} } })
    assert.throws(
      () => decodeReply(reply),
      (thrown) => hasCode(thrown, 'internal'),
    )
  })
})

const newImage = { id: 'i', status: 'queued', visibility: 'shared' } as const
