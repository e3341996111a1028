/** One POST to a channel that speaks HTTP, and the failures that all of them share. */
import { type Client, createClient, isHttpFailure, retryAfter } from '../connector/client.ts'
import type { HttpAnswer } from '../connector/hooks.ts'
import { alertError } from '../core/errors/alert.ts'
import type { TributaryError } from '../core/errors/error.ts'

/** A whole call may take this long. Milliseconds. */
export const CALL_LIMIT = 15_000
const ANSWER_LIMIT = 256 * 1024
/** Where a channel that asks to slow down does not say for how long. Seconds. */
const THROTTLED_FOR = 60

export interface Caller {
  channel: string
  host: string
  /** `suffix`: more of the query, beginning with `&` or `?`. Throws ALERT_UNREACHABLE. */
  post(
    body: Buffer,
    headers: Record<string, string>,
    suffix: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer>
  close(): void
}

/** `url`: where to; its query holds credentials and is never shown. */
export function createCaller(channel: string, url: string): Caller {
  const { origin, host, pathname, search } = new URL(url)
  const client: Client = createClient({ base: origin, headers: {}, timeout: CALL_LIMIT, limit: ANSWER_LIMIT })
  return {
    channel,
    host,
    async post(body, headers, suffix, signal) {
      try {
        const path = `${pathname}${search}${suffix}`
        return await client.call({
          method: 'POST',
          path,
          headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
          body,
          signal,
        })
      } catch (error) {
        if (!isHttpFailure(error)) throw error
        throw alertError(
          'ALERT_UNREACHABLE',
          { channel, host, reason: (error as { code: string }).code },
          error,
        )
      }
    },
    close: () => client.close(),
  }
}

/** What an answer's status alone says: null when it is one of success. */
export function statusFailure({ channel, host }: Caller, answer: HttpAnswer): TributaryError | null {
  const { status, headers } = answer
  const reason = `HTTP ${status}`
  if (status >= 200 && status < 300) return null
  if (status === 429) return throttled({ channel, host }, reason, (retryAfter(headers) ?? 0) / 1000)
  if (status === 410) return alertError('ALERT_GONE', { channel, host })
  if (status >= 500) {
    const after = retryAfter(headers)
    return alertError('ALERT_FAILED', {
      channel,
      host,
      reason,
      ...(after ? { retryAfter: after / 1000 } : {}),
    })
  }
  return alertError('ALERT_REFUSED', { channel, host, reason })
}

/** `seconds`: as the other side says; 0: it does not. */
export function throttled(
  { channel, host }: Pick<Caller, 'channel' | 'host'>,
  reason: string,
  seconds = 0,
): TributaryError {
  return alertError('ALERT_THROTTLED', { channel, host, reason, retryAfter: seconds || THROTTLED_FOR })
}

/** The JSON object of a robot's answer. Throws ALERT_FAILED where there is none. */
export function robotAnswer(
  { channel, host }: Caller,
  { body, status }: HttpAnswer,
): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (value !== null && typeof value === 'object') return value as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw alertError('ALERT_FAILED', { channel, host, reason: `no JSON in the answer, HTTP ${status}` })
}

/** A remote's own words, short, on one line. */
export function said(code: unknown, text: unknown): string {
  const words = typeof text === 'string' ? text.replace(/\s+/g, ' ').trim().slice(0, 160) : ''
  return [String(code), words].filter((part) => part !== '' && part !== 'undefined').join(' ')
}
