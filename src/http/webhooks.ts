/**
 * `POST /webhooks/:connection/:topic` (and GET, with no body): hands headers and untouched bytes to the receive hop and answers what
 * the sender wants to see, only after the record is committed. The sender's signature is the only key.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
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
    /** When the request came. Milliseconds of this process's clock. */
    tributaryBegan?: number
  }
}

/** Bytes of bodies held at once. Beyond it senders are asked to come again: memory must not be theirs to fill. */
export const WEBHOOK_BUDGET = 128 * 1024 * 1024

/** What a body without a stated length is counted as. Bytes. */
const UNSTATED = 64 * 1024

interface Params {
  connection: string
  topic: string
}

interface WebhookParts {
  running: Pick<Running, 'receiveWebhook'>
  log: Log
  metrics: HttpMetrics
}

/** Registers the route in a context of its own, because bodies stay raw here. */
export function webhooks(app: FastifyInstance, parts: WebhookParts): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: WEBHOOK_LIMIT }, (_request, body, done) => {
    done(null, body)
  })
  budget(app)
  // A sender's odd or missing content type must not cost us its order: Fastify reads bytes, whatever it says.
  app.addHook('onRequest', async (request) => {
    request.tributaryBegan = performance.now()
    request.tributaryContentType = request.headers['content-type']
    request.raw.headers['content-type'] = 'application/octet-stream'
  })
  app.setErrorHandler((error, request, reply) => refused(parts, error, request, reply))
  app.post<{ Params: Params }>(
    '/webhooks/:connection/:topic',
    { bodyLimit: WEBHOOK_LIMIT },
    (request, reply) => received(parts, request, reply),
  )
  // some senders ask first whether this is the place, signed, and want a text of theirs back
  app.get<{ Params: Params }>('/webhooks/:connection/:topic', (request, reply) =>
    received(parts, request, reply),
  )
}

/** Counts by what the headers state, before a byte of the body is read. */
function budget(app: FastifyInstance): void {
  let held = 0
  app.addHook('onRequest', async (request, reply) => {
    const size = Math.min(Number(request.headers['content-length'] ?? UNSTATED) || 0, WEBHOOK_LIMIT)
    if (held + size > WEBHOOK_BUDGET) throw runtimeError('RUNTIME_BUSY', { limit: WEBHOOK_BUDGET })
    held += size
    reply.raw.once('close', () => {
      held -= size
    })
  })
}

async function received(
  { running, log, metrics }: WebhookParts,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { connection, topic } = request.params
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const headers = {
    ...request.headers,
    'content-type': request.tributaryContentType,
    // senders that cannot sign carry a secret in the address; no real header may begin with a colon
    ':query': request.raw.url?.split('?')[1],
  }
  const answer = await running.receiveWebhook(connection, topic, headers, body)
  metrics.webhook(connection, answer.status, secondsOf(request))
  log.debug({ event: 'webhook.received', connection, topic, size: body.length, status: answer.status })
  return reply.code(answer.status).type(answer.contentType).send(answer.body)
}

function refused(
  { log, metrics }: WebhookParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const known = translate(error, WEBHOOK_LIMIT)
  const { connection, topic } = request.params as Params
  const status = statusOf(known)
  // RUNTIME_…: refused before anybody looked whether there is such a connection. A name that anybody may
  // invent must not become a label: one series per guess would fill the memory.
  const guessed = !(known instanceof TributaryError) || known.code.startsWith('RUNTIME_')
  metrics.webhook(guessed ? 'unknown' : connection, status, secondsOf(request))
  const fields = { event: 'webhook.refused', connection, topic, status, error: known }
  if (status >= 500) log.error(fields)
  else log.warn(fields)
  return refuse(request, reply, known)
}

/** Fastify counts only where it logs itself. */
const secondsOf = (request: FastifyRequest) =>
  (performance.now() - (request.tributaryBegan ?? performance.now())) / 1000
