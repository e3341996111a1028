/** Whether a webhook comes from whom it says: signatures and secret texts, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { connectorError } from '../core/errors/connector.ts'
import { parseDuration } from '../core/time.ts'
import type { VerifyManifest, WebhookManifest } from './manifest-webhook.ts'
import type { Settings } from './settings.ts'
import { keysOf, signature } from './sign.ts'
import { lookupIn } from './template.ts'

export type Headers = Record<string, string | string[] | undefined>

/** One header by name, whatever its case; the first where it came several times. */
export function header(headers: Headers, name: string): string | undefined {
  const wanted = name.toLowerCase()
  const value = headers[wanted] ?? Object.entries(headers).find(([n]) => n.toLowerCase() === wanted)?.[1]
  return Array.isArray(value) ? value[0] : value
}

/** What carries a part of the proof: a header, or a parameter of the address (pseudo-header `:query`). */
function carried(
  headers: Headers,
  { header: name, query }: { header?: string | undefined; query?: string | undefined },
) {
  if (name) return header(headers, name)
  return query ? (queryOf(headers).get(query) ?? undefined) : undefined
}

const queryOf = (headers: Headers): URLSearchParams => new URLSearchParams(header(headers, ':query') ?? '')

/**
 * Throws WEBHOOK_SIGNATURE unless the sender's signature over the raw body is right under one of the keys, and was made
 * within the tolerance. Every key is tried; several signatures in one header (Standard Webhooks) may each be the one.
 */
export function verifySignature(
  topic: string,
  scheme: VerifyManifest,
  settings: Settings,
  headers: Headers,
  body: Buffer,
  now = Date.now(),
): void {
  const fail = (reason: string) => connectorError('WEBHOOK_SIGNATURE', { topic, reason })
  const query = queryOf(headers)
  // made only for schemes that ask for them: most sign the body alone
  const sentIn = {
    get header() {
      return Object.fromEntries(Object.keys(headers).map((n) => [n.toLowerCase(), header(headers, n)]))
    },
    get query() {
      return Object.fromEntries(query)
    },
  }
  const lookup = lookupIn(sentIn, settings)
  const needsKey = scheme.with.startsWith('hmac-')
  const keys = needsKey ? keysOf(scheme, lookup) : ['']
  if (keys.length === 0 || secretsMissing(scheme, settings))
    throw fail('no secret is set, so nothing can be verified')
  const sent = carried(headers, scheme)
  const where = scheme.header ? `the header ${scheme.header}` : `the parameter ${scheme.query}`
  if (!sent) throw fail(`${where} is missing`)
  const late = tooFar(scheme, headers, now)
  if (late) throw fail(late)
  const params = [...query].filter(([name]) => name !== scheme.query)
  const given = sent.split(' ').map((one) => Buffer.from(withoutPrefix(one, scheme.prefix)))
  let match = 0
  for (const key of keys) {
    const expected = Buffer.from(signature(scheme, key, { params, body, lookup }))
    for (const one of given) match |= one.length === expected.length && timingSafeEqual(one, expected) ? 1 : 0
  }
  if (match === 0) throw fail('the signature does not fit')
}

/** A digest without a key is only as good as the secret in its text. */
function secretsMissing(scheme: VerifyManifest, settings: Settings): boolean {
  if (scheme.with.startsWith('hmac-')) return false
  const named = [...scheme.text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).filter((name) => name in settings)
  return named.length === 0 || named.some((name) => !settings[name])
}

const withoutPrefix = (text: string, prefix: string | undefined): string =>
  prefix && text.startsWith(prefix) ? text.slice(prefix.length) : text

/** Why the time of signing does not do; null when it does. */
function tooFar({ time }: VerifyManifest, headers: Headers, now: number): string | null {
  if (!time) return null
  const text = carried(headers, time)
  if (!text || !/^\d{1,15}$/.test(text)) return 'the time of the signature is missing'
  const at = Number(text) * (time.unit === 'milliseconds' ? 1 : 1000)
  return Math.abs(now - at) > parseDuration(time.tolerance ?? '5m')
    ? 'the signature is too old, or of the future'
    : null
}

/**
 * Throws WEBHOOK_SIGNATURE unless the secret text came in the header or in the query of the address (which the
 * HTTP layer hands on as the pseudo-header `:query`). Compared by digests, in constant time.
 */
export function verifyToken(
  topic: string,
  scheme: NonNullable<WebhookManifest['token']>,
  secret: string,
  headers: Headers,
): void {
  const fail = (reason: string) => connectorError('WEBHOOK_SIGNATURE', { topic, reason })
  if (secret === '') throw fail('no secret is set, so nothing can be verified')
  const inHeader = scheme.header ? header(headers, scheme.header) : undefined
  const inQuery = scheme.query
    ? new URLSearchParams(header(headers, ':query') ?? '').get(scheme.query)
    : undefined
  const given = inHeader ?? inQuery
  if (!given) throw fail('the secret text is missing')
  const digest = (text: string) => createHash('sha256').update(text).digest()
  if (!timingSafeEqual(digest(given), digest(secret))) throw fail('the secret text does not fit')
}
