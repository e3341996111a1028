/**
 * What an HTTP answer proves, where the remote has no better way to say it. The usual reading of a status
 * (below) can be changed per connector with `http.errors`.
 */

import { connectorError } from '../core/errors/connector.ts'
import { TributaryError } from '../core/errors/error.ts'
import type { Outcome } from '../core/outcome.ts'
import { isHttpFailure, retryAfter } from './client.ts'
import type { HttpAnswer } from './hooks.ts'
import type { Reaction } from './manifest-http.ts'

export type Failed = Exclude<Outcome, { kind: 'done' }>

/** Reads `http.errors`: an exact status wins over its class (`5xx`), both over the usual. */
export type Reactions = Record<string, Reaction>

/** What a status means, by `http.errors` or as usual. */
export function reactionTo(status: number, reactions: Reactions): Reaction {
  const declared = reactions[status] ?? reactions[`${Math.floor(status / 100)}xx`]
  if (declared) return declared
  if (status === 401 || status === 403 || status === 407) return 'config'
  if (status === 409) return 'conflict'
  // 425 and 429 say in so many words that nothing was processed; 503 does not.
  if (status === 425 || status === 429) return 'transient'
  if (status >= 400 && status < 500 && status !== 408) return 'input'
  return 'unknown'
}

/** Outcome of a write by its status: null for 2xx, whose body the caller reads. */
export function outcomeOf(answer: HttpAnswer, reactions: Reactions): Failed | null {
  if (answer.status >= 200 && answer.status < 300) return null
  const code = `HTTP_${answer.status}`
  const message = `HTTP ${answer.status}`
  const reaction = reactionTo(answer.status, reactions)
  const wait = retryAfter(answer.headers)
  const later = wait === undefined ? {} : { retryAfter: wait }
  return outcomeOfReaction(reaction, { code, message, ...later })
}

/** What a reaction means for a write. `done` is for the caller to look at before. */
export function outcomeOfReaction(
  reaction: Reaction,
  detail: { code: string; message: string; retryAfter?: number },
): Failed {
  const { code, message } = detail
  switch (reaction) {
    case 'config':
    case 'token':
      return { kind: 'not-done', code, message, pause: true }
    case 'transient':
    case 'throttled':
      return { kind: 'not-done', ...detail }
    case 'input':
    case 'conflict':
    case 'absent':
      return { kind: 'refused', code, message }
    case 'duplicate':
      return { kind: 'refused', code, message, duplicate: true }
    case 'done':
    case 'page':
    case 'unknown':
      return { kind: 'unknown', code, message }
  }
}

/** A thrown failure as the outcome of a write. What is neither network nor an unreadable answer is thrown on. */
export function outcomeOfFailure(error: unknown): Failed {
  if (isHttpFailure(error)) {
    const { code, message, sent, retryAfter } = error
    if (sent) return { kind: 'unknown', code, message }
    return { kind: 'not-done', code, message, ...(retryAfter === undefined ? {} : { retryAfter }) }
  }
  // Our own stop, while waiting between two calls: what was sent before it may stand.
  if (error instanceof Error && error.name === 'AbortError') {
    return { kind: 'unknown', code: 'ABORTED', message: 'stopped before the end' }
  }
  // Before anything was sent no token could be got; credentials that are refused need a person.
  if (error instanceof TributaryError) {
    const { code, message, kind } = error
    if (kind === 'config') return { kind: 'not-done', code, message, pause: true }
    if ((error as { sent?: unknown }).sent === false) return { kind: 'not-done', code, message }
  }
  // 200 with an unreadable body: the remote may have written before it stumbled.
  if (error instanceof TributaryError && error.kind === 'transient') {
    return { kind: 'unknown', code: error.code, message: error.message }
  }
  throw error
}

/** For reads: returns a 2xx answer, throws CONNECTOR_* of the fitting kind for any other. */
export function mustBeOk(answer: HttpAnswer, who: Who, reactions: Reactions): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer
  const retry = retryAfter(answer.headers)
  const detail = { ...who, status: answer.status, reason: `HTTP ${answer.status}`, retryAfter: retry }
  throw refusal(reactionTo(answer.status, reactions), detail)
}

/** What a reaction means for a read. */
export function refusal(
  reaction: Reaction,
  answered: Who & { status: number; reason: string; retryAfter?: number | undefined },
): Error {
  const detail = { ...answered }
  switch (reaction) {
    case 'config':
    case 'token':
      return connectorError('CONNECTOR_DENIED', detail)
    case 'transient':
    case 'throttled':
      return connectorError('CONNECTOR_THROTTLED', detail)
    case 'page':
      return connectorError('CONNECTOR_PAGE_EXPIRED', detail)
    case 'unknown':
    case 'done':
      return connectorError('CONNECTOR_ANSWER_FAILED', detail)
    default:
      return connectorError('CONNECTOR_ANSWER_REFUSED', detail)
  }
}

export interface Who {
  connection: string
  host: string
}

/**
 * For reads: a network failure as CONNECTOR_UNREACHABLE, a budget that is used up as CONNECTOR_THROTTLED; anything
 * else is thrown as it is.
 */
export function unreachable(error: unknown, who: Who): unknown {
  if (!isHttpFailure(error)) return error
  const { code, retryAfter } = error
  if (retryAfter === undefined) return connectorError('CONNECTOR_UNREACHABLE', { ...who, reason: code })
  const seconds = Math.ceil(retryAfter / 1000)
  const reason = { en: `no budget for ${seconds} s`, zh: `${seconds} 秒内没有调用额度` }
  return connectorError('CONNECTOR_THROTTLED', { ...who, reason, retryAfter })
}
