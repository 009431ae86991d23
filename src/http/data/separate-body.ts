import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'

/**
 * The body of a request as a stream of its own: a pipeline that fails destroys it and leaves the request as it is, so that
 * the client can still be answered. The stream fails with `upload_aborted` when the client goes away.
 */
export function separateBody(request: IncomingMessage): Readable {
  const body = new PassThrough()
  request.once('error', (error) => body.destroy(error))
  request.once('close', () => {
    if (!request.complete) body.destroy(new GlimpseError('upload_aborted', {}))
  })
  return request.pipe(body)
}
