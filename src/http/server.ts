/** The HTTP surface: webhooks, health, metrics, API. The CLI puts it in front of a started runtime. */
import { type FastifyInstance, fastify } from 'fastify'
import { configError } from '../core/errors/config.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Log } from '../runtime/log.ts'
import type { Running } from '../runtime/operations.ts'
import { refuse, statusOf, translate } from './answer.ts'
import { api } from './api.ts'
import { health } from './health.ts'
import { createMetrics, type HttpMetrics, metricsRoute } from './metrics.ts'
import { webhooks } from './webhooks.ts'

export interface HttpServer {
  /** `http://host:port` as it really listens. */
  url: string
  /** Takes no new requests, lets those under way end, then closes. */
  close(): Promise<void>
}

export interface HttpOptions {
  running: Pick<Running, 'operations' | 'receiveWebhook' | 'ready'>
  host: string
  /** 0: any free one. */
  port: number
  log: Log
}

/** As `HttpOptions`, of a process without webhooks. */
export type HealthOptions = Omit<HttpOptions, 'running'> & {
  running: Pick<Running, 'operations' | 'ready'>
}

/** Bytes. Requests to the API are short. */
const API_LIMIT = 1024 * 1024

/** Starts listening. Throws CONFIG_ADDRESS when the address is taken or not ours. */
export async function startHttp({ running, host, port, log }: HttpOptions): Promise<HttpServer> {
  const app = openApp(log)
  const metrics = createMetrics(running.operations)
  health(app, running)
  metricsRoute(app, metrics)
  await app.register(async (scope) => webhooks(scope, { running, log, metrics }))
  await app.register(async (scope) => api(scope, running.operations, log))
  return serve(app, metrics, { host, port, log })
}

/**
 * Health and metrics alone, for a process that takes nothing in (`work`). Throws CONFIG_ADDRESS like
 * `startHttp`.
 */
export async function startHealth({ running, host, port, log }: HealthOptions): Promise<HttpServer> {
  const app = openApp(log)
  const metrics = createMetrics(running.operations)
  health(app, running)
  metricsRoute(app, metrics)
  return serve(app, metrics, { host, port, log })
}

function openApp(log: Log): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: API_LIMIT,
    requestTimeout: 60_000,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, strict: false } },
  })
  app.setErrorHandler((error, request, reply) => {
    const known = translate(error, API_LIMIT)
    const fields = {
      event: 'http.refused',
      method: request.method,
      route: request.routeOptions.url,
      error: known,
    }
    if (statusOf(known) >= 500) log.error(fields)
    else log.debug(fields)
    return refuse(request, reply, known)
  })
  app.setNotFoundHandler((request, reply) =>
    refuse(request, reply, runtimeError('RUNTIME_UNKNOWN', { what: 'address', id: request.method })),
  )
  return app
}

async function serve(
  app: FastifyInstance,
  metrics: HttpMetrics,
  { host, port, log }: Pick<HttpOptions, 'host' | 'port' | 'log'>,
): Promise<HttpServer> {
  const url = await listen(app, host, port)
  log.info({ event: 'http.listening', url })
  return {
    url,
    async close() {
      await app.close()
      metrics.registry.clear()
    },
  }
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const reason = (error as NodeJS.ErrnoException).code
    if (!reason) throw error
    throw configError('CONFIG_ADDRESS', { host, port, reason }, error)
  }
}
