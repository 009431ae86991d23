import type { FastifyReply } from 'fastify'

/**
 * Sends JSON that is already text. As bytes, so that the content type stays as given: clients compare it with
 * `application/json` without a character set.
 */
export function sendJson(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').send(Buffer.from(text))
}

/** Sends 204 without a body. */
export function sendNothing(reply: FastifyReply): FastifyReply {
  return reply.code(204).send()
}
