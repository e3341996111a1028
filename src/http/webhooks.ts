/**
 * `POST /webhooks/:connection/:topic`: hands headers and untouched bytes to the receive hop and answers what
 * the sender wants to see, only after the record is committed. The sender's signature is the only key.
 */
import type { FastifyInstance } from 'fastify'
import type { Log } from '../runtime/log.ts'
import type { Running } from '../runtime/operations.ts'
import { refuse, statusOf, translate } from './answer.ts'
import type { HttpMetrics } from './metrics.ts'

/** Bytes. No platform sends an order larger than this; a larger body is refused with 413 while it arrives. */
export const WEBHOOK_LIMIT = 10 * 1024 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** What the sender of a webhook said it is. */
    tributaryContentType?: string | undefined
  }
}

interface Params {
  connection: string
  topic: string
}

/** Registers the route in a context of its own, because bodies stay raw here. */
export function webhooks(
  app: FastifyInstance,
  { running, log, metrics }: { running: Pick<Running, 'receiveWebhook'>; log: Log; metrics: HttpMetrics },
): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: WEBHOOK_LIMIT }, (_request, body, done) => {
    done(null, body)
  })
  // A sender's odd or missing content type must not cost us its order: Fastify reads bytes, whatever it says.
  app.addHook('onRequest', async (request) => {
    request.tributaryContentType = request.headers['content-type']
    request.raw.headers['content-type'] = 'application/octet-stream'
  })
  app.setErrorHandler((error, request, reply) => {
    const known = translate(error, WEBHOOK_LIMIT)
    const { connection, topic } = request.params as Partial<Params>
    const status = statusOf(known)
    // A name that anybody may invent must not become a label: one series per guess would fill the memory.
    metrics.webhook(status === 404 ? 'unknown' : (connection ?? 'unknown'), status, reply.elapsedTime / 1000)
    const fields = { event: 'webhook.refused', connection, topic, status, error: known }
    if (status >= 500) log.error(fields)
    else log.warn(fields)
    return refuse(request, reply, known)
  })
  app.post<{ Params: Params }>(
    '/webhooks/:connection/:topic',
    { bodyLimit: WEBHOOK_LIMIT },
    async (request, reply) => {
      const { connection, topic } = request.params
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const headers = {
        ...request.headers,
        'content-type': request.tributaryContentType,
        // senders that cannot sign carry a secret in the address; no real header may begin with a colon
        ':query': request.raw.url?.split('?')[1],
      }
      const answer = await running.receiveWebhook(connection, topic, headers, body)
      metrics.webhook(connection, answer.status, reply.elapsedTime / 1000)
      log.debug({ event: 'webhook.received', connection, topic, size: body.length, status: answer.status })
      return reply.code(answer.status).type(answer.contentType).send(answer.body)
    },
  )
}
