import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { copyInto } from '../../domain/import/copy-into.ts'
import type { StageImage } from '../../domain/import/stage.ts'
import { GlimpseError } from '../../errors/error.ts'
import { stageImageData } from './receive.ts'

/** Refuses the body once a piece of it has come, as a limit of sizes does. */
const full = {
  requireEnabled: () => {},
  begin: async () => ({
    run: (body: Readable) =>
      copyInto({ write: async () => {} }, body, {
        sizeBytes: null,
        checkSize: () => {
          throw new GlimpseError('image_size_limit', { capBytes: 1 })
        },
      }),
  }),
} as unknown as StageImage

test('answers a client whose data is refused while it is staged', async () => {
  const app = fastify()
  app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
  app.put('/stage', (request, reply) => stageImageData(request, reply, { staging: full, imageId: 'i' }))
  app.setErrorHandler((error: GlimpseError, _request, reply) => reply.code(error.status).send())
  await app.listen({ port: 0, host: '127.0.0.1' })
  try {
    const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    const headers = 'host: x\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked'
    client.write(`PUT /stage HTTP/1.1\r\n${headers}\r\n\r\n5\r\nhello\r\n`)
    const [answer] = (await once(client, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 413 /)
    client.destroy()
  } finally {
    await app.close()
  }
})
