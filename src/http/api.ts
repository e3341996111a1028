/** `/v1`: what the CLI shows, for programs, behind API tokens. `/v1/openapi.json` describes it (OpenAPI 3.1). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Log } from '../runtime/log.ts'
import type { Operations, RecordBody, TokenScope } from '../runtime/operations.ts'
import type { ApiRequest } from './api-route.ts'
import { ROUTES } from './api-routes.ts'
import { openApi } from './openapi.ts'

/** Registers every route of the table. The description itself needs no token. */
export function api(app: FastifyInstance, operations: Operations, log: Log): void {
  app.get('/v1/openapi.json', async () => openApi())
  for (const route of ROUTES) {
    app.route({
      method: route.method,
      url: `/v1${route.path}`,
      schema: {
        ...(route.query ? { querystring: route.query } : {}),
        ...(route.body ? { body: route.body } : {}),
      },
      // Before the body is parsed and validated: a stranger learns nothing about the shapes.
      onRequest: async (request) => {
        request.tributary = await authorize(operations, request, route.scope)
      },
      handler: async (request, reply) => {
        const { by, scope } = request.tributary!
        const { params, query, body } = request
        if (route.scope === 'operate') {
          const { id = null } = params as { id?: string }
          log.info({ event: 'api.operate', operation: route.operation, id, by })
        }
        const answer = await route.run(operations, { params, query, body, by, scope } as ApiRequest)
        return route.answer === 'bytes' ? sendBytes(reply, answer as RecordBody) : answer
      },
    })
  }
}

/** A media type as RFC 9110 (section 8.3.1) spells it; what a sender wrote may be anything. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w-]+=("[\w .:+-]*"|[\w.:+-]+))*$/

/** Bytes from outside, as they are: to be saved, never to be shown or run by a browser, nor kept by a proxy. */
function sendBytes(reply: FastifyReply, { id, contentType, body }: RecordBody): FastifyReply {
  return reply
    .header('content-type', MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream')
    .header('content-disposition', `attachment; filename="record-${id}"`)
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-store')
    .send(Buffer.from(body, 'base64'))
}

interface Caller {
  by: string
  scope: TokenScope
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls the API; set before anything else of the request is read. */
    tributary?: Caller
  }
}

async function authorize(
  operations: Operations,
  request: FastifyRequest,
  needed: TokenScope,
): Promise<Caller> {
  const given = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const token = given ? await operations.verifyToken({ token: given }) : null
  if (!token) throw runtimeError('RUNTIME_UNAUTHORIZED')
  if (needed === 'operate' && token.scope !== 'operate') {
    throw runtimeError('RUNTIME_FORBIDDEN', { scope: needed })
  }
  return { by: `token ${token.name}`, scope: token.scope }
}
