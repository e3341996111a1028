/** Webhooks as the manifest declares them: signature over the raw bytes first, then the payload. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { connectorError } from '../core/errors/connector.ts'
import { shapeOf, TributaryError } from '../core/errors/error.ts'
import { parseJsonBytes } from '../core/json.ts'
import type { RawRecord, Webhook, WebhookDelivery } from '../core/ports.ts'
import type { Hooks, Tools } from './hooks.ts'
import type { Manifest, WebhookManifest } from './manifest.ts'
import { fillText, pick, type Settings, textAt } from './settings.ts'

type Headers = Record<string, string | string[] | undefined>

/** One header by name, whatever its case; the first where it came several times. */
function header(headers: Headers, name: string): string | undefined {
  const wanted = name.toLowerCase()
  const value = headers[wanted] ?? Object.entries(headers).find(([n]) => n.toLowerCase() === wanted)?.[1]
  return Array.isArray(value) ? value[0] : value
}

/**
 * Throws WEBHOOK_SIGNATURE unless the header holds the HMAC of the raw body under one of the secrets. Constant
 * time: every secret is tried, compared by digests of equal length. Without any secret all is refused.
 */
export function verifyHmac(
  topic: string,
  scheme: NonNullable<WebhookManifest['verify']>,
  secrets: string[],
  headers: Headers,
  body: Buffer,
): void {
  const fail = (reason: string) => connectorError('WEBHOOK_SIGNATURE', { topic, reason })
  if (secrets.length === 0) throw fail('no secret is set, so nothing can be verified')
  const sent = header(headers, scheme.header)
  if (!sent) throw fail(`the header ${scheme.header} is missing`)
  const given = Buffer.from(
    scheme.prefix && sent.startsWith(scheme.prefix) ? sent.slice(scheme.prefix.length) : sent,
  )
  let match = 0
  for (const secret of secrets) {
    const expected = Buffer.from(createHmac(scheme.hmac, secret).update(body).digest(scheme.encoding))
    const same = given.length === expected.length && timingSafeEqual(given, expected)
    match |= same ? 1 : 0
  }
  if (match === 0) throw fail('the signature does not fit')
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

/** One webhook of a connection. */
export function openWebhook(
  topic: string,
  manifest: Manifest,
  settings: Settings,
  hook: NonNullable<Hooks['webhooks']>[string] | undefined,
  tools: Tools,
): Webhook {
  const declared = manifest.webhooks![topic]!
  const verify = declared.verify
  const secrets = [verify?.secret ?? []]
    .flat()
    .map((s) => fillText(s, settings))
    .filter((s) => s !== '')
  const stream = manifest.read![declared.stream]!
  const shape = declared.shape ?? stream.shape ?? Object.keys(stream.shapes)[0]!
  return {
    topic,
    receive(headers, body) {
      if (verify) verifyHmac(topic, verify, secrets, headers, body)
      if (declared.token)
        verifyToken(topic, declared.token, fillText(declared.token.secret, settings), headers)
      try {
        return hook?.read ? hook.read(headers, body, tools) : readPayload(declared, shape, headers, body)
      } catch (error) {
        const reason = unreadable(error)
        if (reason === null && !(error instanceof PayloadError)) throw error
        throw connectorError(
          'WEBHOOK_UNREADABLE',
          { topic, reason: reason ?? (error as Error).message },
          error,
        )
      }
    },
    answer: {
      status: declared.answer?.status ?? 200,
      body: declared.answer?.body ?? '',
      contentType: declared.answer?.contentType ?? 'text/plain',
    },
  }
}

/** Why a payload cannot be read, or null for an error of another sort. */
function unreadable(error: unknown): string | null {
  if (error instanceof SyntaxError) return 'not what the sender should send'
  if (error instanceof TypeError) return 'not UTF-8'
  const broken = error instanceof TributaryError && error.code === 'CONNECTOR_ANSWER_UNREADABLE'
  return broken ? error.message : null
}

/** A payload that is JSON but does not hold what the manifest says. */
class PayloadError extends Error {}

function readPayload(
  declared: WebhookManifest,
  shape: string,
  headers: Headers,
  body: Buffer,
): WebhookDelivery {
  const deliveryId = declared.id ? (header(headers, declared.id.header) ?? null) : null
  const base = { stream: declared.stream, deliveryId }
  // What we read as JSON is JSON, whatever the sender calls it; only a charset may be news.
  const named = header(headers, 'content-type') ?? ''
  const contentType = /[/+]json\b/i.test(named) ? named : 'application/json'
  if (!declared.fetch && declared.each === undefined) {
    // One whole record: it is parsed where it is mapped. Here only what is plainly not JSON is sent back.
    if (!looksLikeJson(body)) throw new SyntaxError('not JSON')
    return { ...base, records: [{ id: null, body, contentType, shape }], fetch: [] }
  }
  const payload = parseJsonBytes(body)
  if (declared.fetch) {
    const id = declared.fetch.map((path) => textAt(payload, path)).find((found) => found !== null)
    if (!id) throw new PayloadError(`none of ${declared.fetch.join(', ')} is there`)
    return { ...base, records: [], fetch: [id] }
  }
  const records: RawRecord[] = []
  const items = pick(payload, declared.each!)
  if (!Array.isArray(items)) throw new PayloadError(`${declared.each} is ${shapeOf(items)}`)
  for (const item of items) {
    const id = textAt(item, declared.record ?? 'id')
    if (id === null) throw new PayloadError(`${declared.record ?? 'id'} is not there`)
    records.push({ id, body: Buffer.from(JSON.stringify(item)), contentType, shape })
  }
  return { ...base, records, fetch: [] }
}

/** An object or a list by its first and last character; everything between is looked at when it is mapped. */
function looksLikeJson(body: Buffer): boolean {
  const blank = (byte: number | undefined) => byte === 32 || byte === 9 || byte === 10 || byte === 13
  let first = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  let last = body.length - 1
  while (blank(body[first])) first++
  while (last > first && blank(body[last])) last--
  const pair = `${String.fromCharCode(body[first] ?? 0)}${String.fromCharCode(body[last] ?? 0)}`
  return last > first && (pair === '{}' || pair === '[]')
}
