/** What an answer's headers tell of a remote's limits, as a class of calls declares them (`announced`). */
import { retryAfter } from './client.ts'
import type { HttpAnswer } from './hooks.ts'
import type { LimitManifest } from './manifest-http.ts'

type Headers = Record<string, string>

/** Names of headers. */
export type Announced = Exclude<NonNullable<LimitManifest['announced']>, string>

export interface Announcement {
  /** Calls allowed per second. */
  perSecond?: number
  /** Calls left now. */
  remaining?: number
  /** Until the remote counts anew. Milliseconds. */
  reset?: number
}

/** What the headers say; nothing where they say nothing that can be read. */
export function announcement(headers: Headers, announced: Announced, now = Date.now()): Announcement {
  const text = (name: string | undefined) => (name ? headers[name.toLowerCase()]?.trim() : undefined)
  const remaining = text(announced.remaining)
  const perSecond = rateOf(text(announced.rate))
  const left = numberOf(item(remaining, 'r') ?? remaining)
  const reset = secondsOf(item(remaining, 't')) ?? resetOf(text(announced.reset), announced.reset ?? '', now)
  return {
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(left === undefined ? {} : { remaining: left }),
    ...(reset === undefined ? {} : { reset }),
  }
}

/** Calls per second: a number (Amazon's x-amzn-RateLimit-Limit), or a policy `"name";q=100;w=60`. */
function rateOf(text: string | undefined): number | undefined {
  const [quota, window] = [numberOf(item(text, 'q')), numberOf(item(text, 'w'))]
  const rate = quota !== undefined && window ? quota / window : numberOf(text)
  return rate ? rate : undefined
}

/** A parameter of the first item of a structured field (draft-ietf-httpapi-ratelimit-headers, RFC 9651). */
function item(text: string | undefined, name: string): string | undefined {
  const [first = ''] = (text ?? '').replace(/"[^"]*"/g, '').split(',', 1)
  const parameters = first.split(';').map((part) => part.trim().split('='))
  return parameters.find(([key]) => key === name)?.[1]
}

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined

const secondsOf = (text: string | undefined): number | undefined => {
  const seconds = numberOf(text)
  return seconds === undefined ? undefined : seconds * 1000
}

/** Seconds from now, or milliseconds where the header's name says so, or the instant as seconds since 1970. */
function resetOf(text: string | undefined, name: string, now: number): number | undefined {
  const value = numberOf(text)
  if (value === undefined) return undefined
  if (/ms$/i.test(name)) return value
  return value > 1e9 ? Math.max(0, value * 1000 - now) : value * 1000
}

/** Statuses that say: too much. 430 is Shopify's. */
const TOO_MANY = new Set([429, 430])
/** Longer than this nobody stays away without asking again. Milliseconds. */
const LONGEST = 3600_000

/**
 * For how long a refusal wants nothing to be sent, in milliseconds; null where it asks for no pause. Retry-After
 * goes before what the headers announce. 'empty': too many calls, but it does not say for how long.
 */
export function asksForPause(
  { status, headers }: HttpAnswer,
  { reset }: Announcement,
): number | 'empty' | null {
  if (status < 400) return null
  const wait = retryAfter(headers) ?? (TOO_MANY.has(status) ? reset : undefined)
  if (wait !== undefined) return Math.min(wait, LONGEST)
  return TOO_MANY.has(status) ? 'empty' : null
}
