/** What one route of /v1 is; the table of all is api-routes.ts. */
import type { TSchema } from 'typebox'
import type { Operations, TokenScope } from '../runtime/operations.ts'

/** What a handler gets: everything validated by the route's schemas. */
export interface ApiRequest {
  // biome-ignore lint/suspicious/noExplicitAny: each route's schema says what is in it
  params: any
  // biome-ignore lint/suspicious/noExplicitAny: each route's schema says what is in it
  query: any
  // biome-ignore lint/suspicious/noExplicitAny: each route's schema says what is in it
  body: any
  /** Whose token it is. */
  by: string
  scope: TokenScope
}

export interface ApiRoute {
  method: 'GET' | 'POST'
  /** Fastify's spelling: `/pushes/:id`. */
  path: string
  operation: keyof Operations
  scope: TokenScope
  summary: string
  query?: TSchema
  body?: TSchema
  /** `bytes`: not JSON but a `RecordBody`, sent as it is. */
  answer: TSchema | 'bytes'
  run(operations: Operations, request: ApiRequest): Promise<unknown>
}

/** Whose hand it was. */
export const actor = (r: ApiRequest) => ({ by: r.by, ...(r.body?.why ? { why: String(r.body.why) } : {}) })
