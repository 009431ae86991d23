import type { FastifyReply } from 'fastify'

/**
 * Sends JSON that is already text. With a serializer of its own, because Fastify's would add a character set to the
 * content type: clients compare it with `application/json`.
 */
export function sendJson(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').serializer(asItIs).send(text)
}

function asItIs(text: string): string {
  return text
}

/** Sends 204 without a body. */
export function sendNothing(reply: FastifyReply): FastifyReply {
  return reply.code(204).send()
}
