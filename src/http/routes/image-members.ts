import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ImageMembers, MemberKey } from '../../domain/members/members.ts'
import { GlimpseError } from '../../errors/error.ts'
import { isObject, readJson, refuseBody } from '../body.ts'
import { sendJson, sendNothing } from '../reply.ts'
import { memberJson, membersJson } from '../views/member.ts'
import { resource } from './resource.ts'

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

/** The value of `key` in a body of that one key. */
function readKey(request: FastifyRequest, key: 'member' | 'status'): unknown {
  const body = readJson(request)
  if (!isObject(body)) bad(`Expected a ${key} in the form: {"${key}": "..."}`)
  if (!Object.hasOwn(body, key)) bad(key === 'member' ? 'Member to be added not specified' : 'Status not specified')
  return body[key]
}

/** Serves `/images/{id}/members` and what is below. @see glance `api/v2/image_members.py` */
export function imageMemberRoutes(app: FastifyInstance, members: ImageMembers): void {
  resource(app, '/images/:imageId/members', {
    GET: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, membersJson(await members.list(request.context, (request.params as MemberKey).imageId)))
    },
    POST: async (request, reply) => {
      const memberId = readKey(request, 'member')
      if (!memberId) bad("Member can't be empty")
      if (typeof memberId !== 'string') bad('Expected a member in the form: {"member": "..."}')
      const { imageId } = request.params as MemberKey
      return sendJson(reply, memberJson(await members.add(request.context, { imageId, memberId })))
    },
  })

  resource(app, '/images/:imageId/members/:memberId', {
    GET: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, memberJson(await members.get(request.context, request.params as MemberKey)))
    },
    PUT: async (request, reply) => {
      const status = readKey(request, 'status')
      const key = request.params as MemberKey
      return sendJson(reply, memberJson(await members.setStatus(request.context, { ...key, status })))
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await members.remove(request.context, request.params as MemberKey)
      return sendNothing(reply)
    },
  })
}
