/** Errors as HTTP answers: the kind decides the status, a few codes have one of their own. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { HTTP_STATUS, TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'

/** Where the kind's status would mislead the caller. */
const STATUS: Record<string, number> = {
  WEBHOOK_SIGNATURE: 401,
  WEBHOOK_UNREADABLE: 400,
  RUNTIME_REQUEST: 400,
  RUNTIME_UNKNOWN: 404,
  RUNTIME_BYTES_NONE: 404,
  RUNTIME_BYTES_TRIMMED: 410,
  RECORD_DAMAGED: 500,
  RUNTIME_AMBIGUOUS: 409,
  RUNTIME_UNAUTHORIZED: 401,
  RUNTIME_FORBIDDEN: 403,
  RUNTIME_TOO_LARGE: 413,
}

/** Seconds after which a sender may come again when we cannot take it now. */
const RETRY_AFTER = 5

/** The status of a failure; 500 for anything that is not a TributaryError. */
export function statusOf(error: unknown): number {
  if (!(error instanceof TributaryError)) return 500
  return STATUS[error.code] ?? HTTP_STATUS[error.kind]
}

/** Body of every refusal. */
export interface ErrorBody {
  code: string
  kind: string
  message: string
  fix: string
}

/** `zh` where the caller asks for Chinese first. */
export function languageOf(request: FastifyRequest): 'en' | 'zh' {
  return /^\s*zh\b/i.test(request.headers['accept-language'] ?? '') ? 'zh' : 'en'
}

/** Answers with a refusal. Messages of foreign errors are not shown: they may quote data. */
export function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const known =
    error instanceof TributaryError
      ? error
      : runtimeError('RUNTIME_INTERNAL', { reason: (error as Error)?.name ?? typeof error }, error)
  const language = languageOf(request)
  const status = statusOf(known)
  if (status === 503) reply.header('retry-after', RETRY_AFTER)
  if (status === 401 && known.code === 'RUNTIME_UNAUTHORIZED') reply.header('www-authenticate', 'Bearer')
  const body: ErrorBody = {
    code: known.code,
    kind: known.kind,
    message: known.say(language),
    fix: known.fix(language),
  }
  return reply.code(status).type('application/json; charset=utf-8').send(body)
}

/** Fastify's own failures (body too large, not JSON, schema) as ours. */
export function translate(error: unknown, bodyLimit: number): unknown {
  if (error instanceof TributaryError) return error
  const { code, statusCode, validation, message } = error as FastifyError
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return runtimeError('RUNTIME_TOO_LARGE', { limit: bodyLimit }, error)
  if (validation) {
    const first = validation[0]
    const params = first?.params as Record<string, unknown> | undefined
    const key = params?.additionalProperty ?? params?.missingProperty
    const field = `${first?.instancePath ?? ''}${key === undefined ? '' : `/${key}`}`
    return runtimeError(
      'RUNTIME_REQUEST',
      { field: field || '/', reason: first?.message ?? 'not valid' },
      error,
    )
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const reason = code === 'FST_ERR_CTP_INVALID_JSON_BODY' ? 'not JSON' : message
    return runtimeError('RUNTIME_REQUEST', { field: 'body', reason }, error)
  }
  return error
}
