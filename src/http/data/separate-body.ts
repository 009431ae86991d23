import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'

/**
 * The body of a request as a stream of its own: a pipeline that fails destroys it and leaves the request as it is, so that
 * the client can still be answered. The stream fails when the client goes away, or has gone already.
 */
export function separateBody(request: IncomingMessage): Readable {
  const body = new PassThrough()
  request.once('error', (error) => body.destroy(error))
  const lost = () => {
    if (!request.readableEnded) body.destroy(new GlimpseError('upload_aborted', {}))
  }
  // What comes too late for a reader must not end the process.
  body.on('error', () => {})
  if (request.destroyed) lost()
  else request.once('close', lost)
  return request.pipe(body)
}
