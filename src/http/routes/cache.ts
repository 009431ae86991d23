import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ClearTarget, ManageCache } from '../../domain/cache/manage-cache.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { CacheRecord } from '../../ports/cache.ts'
import { refuseBody } from '../body.ts'
import { sendJson, sendNothing } from '../reply.ts'
import { resource } from './resource.ts'

const clearTargets: ReadonlySet<string> = new Set<ClearTarget>(['', 'cache', 'queue'])

/** Serves `/cache` and what lies below. @see glance `api/v2/cached_images.py`, `api/v2/router.py` */
export function cacheRoutes(app: FastifyInstance, cache: ManageCache): void {
  resource(app, '/cache', {
    GET: async (request, reply) => {
      refuseBody(request)
      const cached = await cache.cached(request.context, 'cache_list')
      const queued = await cache.queued(request.context, 'cache_list')
      return sendJson(reply, JSON.stringify({ cached_images: cached.map(cachedImageView), queued_images: queued }))
    },
    DELETE: async (request, reply) => {
      await cache.clear(request.context, { rule: 'cache_delete', target: clearTarget(request) })
      return sendNothing(reply)
    },
  })
  resource(app, '/cache/:id', {
    DELETE: async (request, reply) => {
      await cache.remove(request.context, idOf(request))
      return sendNothing(reply)
    },
    PUT: async (request, reply) => {
      await cache.queue(request.context, idOf(request))
      return reply.code(202).send()
    },
  })
  resource(app, '/cache/nodes/:id', {
    GET: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, JSON.stringify(await cache.nodesOf(request.context, idOf(request))))
    },
  })
  resource(app, '/cache/clean', {
    POST: async (request, reply) => {
      await cache.clean(request.context)
      return reply.code(200).send()
    },
  })
  resource(app, '/cache/prune', {
    POST: async (request, reply) => {
      const { files, bytes } = await cache.prune(request.context)
      return sendJson(reply, JSON.stringify({ total_files_pruned: files, total_bytes_pruned: bytes }))
    },
  })
}

/** Serves `/cached_images` and `/queued_images`, by which `glance-cache-manage` works. @see glance `api/middleware/cache_manage.py` */
export function cacheManagementRoutes(app: FastifyInstance, cache: ManageCache): void {
  const rule = 'manage_image_cache'
  const clear = (target: ClearTarget) => async (request: FastifyRequest, reply: FastifyReply) => {
    const count = await cache.clear(request.context, { rule, target })
    return sendJson(reply, JSON.stringify({ num_deleted: count }))
  }
  const one =
    (act: 'removeCached' | 'removeQueued' | 'queueUnseen') => async (request: FastifyRequest, reply: FastifyReply) => {
      await cache[act](request.context, idOf(request))
      return sendJson(reply, 'null')
    }
  app.get('/cached_images', async (request, reply) => {
    const cached = await cache.cached(request.context, rule)
    return sendJson(reply, JSON.stringify({ cached_images: cached.map(cachedImageView) }))
  })
  app.get('/queued_images', async (request, reply) => {
    return sendJson(reply, JSON.stringify({ queued_images: await cache.queued(request.context, rule) }))
  })
  app.delete('/cached_images', clear('cache'))
  app.delete('/queued_images', clear('queue'))
  app.delete('/cached_images/:id', one('removeCached'))
  app.delete('/queued_images/:id', one('removeQueued'))
  app.put('/queued_images/:id', one('queueUnseen'))
}

function cachedImageView(record: CacheRecord) {
  return {
    image_id: record.imageId,
    hits: record.hits,
    last_accessed: record.lastAccessed.getTime() / 1000,
    last_modified: record.lastModified.getTime() / 1000,
    size: record.sizeBytes,
  }
}

function clearTarget(request: FastifyRequest): ClearTarget {
  const target = String(request.headers['x-image-cache-clear-target'] ?? '').toLowerCase()
  if (!clearTargets.has(target)) {
    const reason = "The header x-image-cache-clear-target must be 'cache', 'queue' or empty."
    throw new GlimpseError('bad_request', { reason })
  }
  return target as ClearTarget
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}
