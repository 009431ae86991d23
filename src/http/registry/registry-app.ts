import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { Histogram, type Registry } from 'prom-client'
import type { Policy } from '../../domain/policy/policy.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { IdentityService } from '../../ports/identity.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { portsOf } from '../../registry/commands.ts'
import { type Call, carryOut, decodeCall, encodeFailure, encodeResult } from '../../registry/messages.ts'
import { answerClientError } from '../errors/client-error.ts'
import { errorHandler } from '../errors/handler.ts'
import { registerContext } from '../plugins/context.ts'
import { type HealthcheckConfig, healthcheckHandler } from '../plugins/healthcheck.ts'
import { registerObserve } from '../plugins/observe.ts'

/** Everything that the registry is built on. Whoever makes these values closes them. */
export interface RegistryDependencies {
  readonly repositories: Repositories
  readonly identity: IdentityService
  readonly policy: Policy
  readonly log: Logger
  readonly metrics: Registry
  readonly config: {
    readonly healthcheck: HealthcheckConfig
    /** `max_request_id_length` */
    readonly maxRequestIdLength: number
  }
}

/** Far above what API nodes send: their own bodies are limited to much less. */
const maxBodyBytes = 8 * 2 ** 20
/** Above the time after which API nodes close connections that they do not need. */
const keepAliveMs = 75_000

/**
 * Builds glance-registry's HTTP side: `POST /rpc` carries out one command of a service, and nobody else. An error of a
 * repository is an answer like others, with status 200; any other status means that nothing was carried out.
 * It does not listen yet. Closing it leaves the dependencies open.
 */
export function createRegistryApp({
  repositories,
  identity,
  policy,
  log,
  metrics,
  config,
}: RegistryDependencies): FastifyInstance {
  const onError = errorHandler(log)
  const ports = portsOf(repositories)
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    keepAliveTimeout: keepAliveMs,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: onError,
    genReqId: () => '',
  })
  app.setErrorHandler(onError)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  registerObserve(app, { log, metrics, parseProxyHeaders: false })
  registerContext(app, {
    identity,
    policy,
    maxRequestIdLength: config.maxRequestIdLength,
    allowAnonymousAccess: false,
  })
  app.setNotFoundHandler(() => {
    throw new GlimpseError('not_found', { reason: 'The resource could not be found.' })
  })

  const durations = new Histogram({
    name: 'glimpse_registry_command_duration_seconds',
    help: 'Time that commands of API nodes took.',
    labelNames: ['command'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers: [metrics],
  })

  async function admitServices(request: FastifyRequest): Promise<void> {
    // A web page cannot send this type to another origin without being asked first.
    if (request.headers['content-type'] !== 'application/json') {
      throw new GlimpseError('unsupported_media_type', { reason: 'Commands are application/json.' })
    }
    if (!(await policy.allows('service_api', request.context))) {
      throw new GlimpseError('forbidden', { reason: 'Only services may ask the registry.' })
    }
  }

  async function answer(call: Call, requestId: string): Promise<string> {
    const stop = durations.startTimer({ command: call.name })
    try {
      return encodeResult(await carryOut(call, ports))
    } catch (error) {
      const known = error instanceof GlimpseError ? error : new GlimpseError('internal', {}, { cause: error })
      if (known.status >= 500) log.error({ err: error, requestId, command: call.name }, known.message)
      return encodeFailure(known)
    } finally {
      stop()
    }
  }

  app.all(config.healthcheck.path, { config: { public: true } }, healthcheckHandler(config.healthcheck))
  app.post('/rpc', { onRequest: admitServices }, async (request, reply) => {
    const text = await answer(decodeCall(request.body as string), request.id)
    return reply.header('content-type', 'application/json').send(text)
  })
  return app
}
