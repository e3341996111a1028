/** Deliveries: only those of the sender are taken, and the same one twice is one. */

import type { WebhookManifest } from '../connector/manifest-webhook.ts'
import { resolveSettings } from '../connector/settings.ts'
import { signature } from '../connector/sign.ts'
import { fillText, lookupIn, namesIn } from '../connector/template.ts'
import type { Connection, Webhook, WebhookDelivery } from '../core/ports.ts'
import { put } from './envelope.ts'
import { type Finding, failed, guarded, not, ok, type Proof } from './finding.ts'
import { examples, openSubject, type Subject } from './subject.ts'

type Headers = Record<string, string>
const MINUTE = 60_000

interface Bench {
  subject: Subject
  topic: string
  webhook: Webhook
  connection: Connection
  declared: WebhookManifest
  by: Proof
  body: Buffer
  contentType: string
  /** What stood in the address of the recorded delivery, without its proof. */
  query: string
}

export async function checkWebhooks(subject: Subject, topic: string): Promise<Finding[]> {
  const declared = subject.connector.manifest.webhooks![topic]!
  // optional secrets count: without them nothing can be verified
  const settings = { ...allSecrets(subject), ...subject.settings }
  const connection = await openSubject({ ...subject, settings })
  try {
    const webhook = connection.webhooks.find((w) => w.topic === topic)!
    const recorded = subject.fixtures.find((f) => f.of === topic && f.what === 'webhook')
    const sent = recorded?.request.body
    const body = Buffer.from(typeof sent === 'string' ? sent : JSON.stringify(sent ?? made(declared)))
    const contentType = recorded?.request.headers?.['content-type'] ?? 'application/json'
    const by: Proof = recorded ? 'fixtures' : 'files'
    const bench = {
      subject: { ...subject, settings },
      topic,
      webhook,
      connection,
      declared,
      by,
      body,
      contentType,
      query: withoutProof(recorded?.request.path.split('?')[1] ?? '', declared),
    }
    return [
      await guarded({ check: 'signature', about: topic }, by, async () => forged(bench)),
      await guarded({ check: 'old-signature', about: topic }, by, async () => old(bench)),
      await guarded({ check: 'charset', about: topic }, by, async () => charset(bench)),
      await guarded({ check: 'twice', about: topic }, by, async () => again(bench)),
    ]
  } finally {
    await connection.close()
  }
}

function withoutProof(query: string, { token, verify }: WebhookManifest): string {
  const names = new URLSearchParams(query)
  for (const name of [verify?.query, token?.query, token && 'token']) if (name) names.delete(name)
  return names.toString()
}

function allSecrets({ connector: { manifest } }: Subject): Record<string, unknown> {
  const every = Object.entries(manifest.settings).filter(([, s]) => s.secret && s.type === 'string')
  return examples({
    ...manifest,
    settings: Object.fromEntries(every.map(([name, s]) => [name, { ...s, default: undefined }])),
  })
}

/** A payload that holds what the manifest reads, where none was recorded. */
function made({ fetch, each, record }: WebhookManifest): unknown {
  if (fetch) return put({}, fetch[0], '9007199254740993')
  const one = put({}, record ?? 'id', '9007199254740993')
  return each === undefined ? one : put({}, each, [one])
}

/** Headers as the sender would make them; `time`: of signing, milliseconds. */
function signed(
  { declared, subject, contentType, query: recorded }: Bench,
  body: Buffer,
  time = Date.now(),
): Headers {
  const headers: Headers = { 'content-type': contentType }
  const query = new URLSearchParams(recorded)
  const { verify, token, id } = declared
  if (id) headers[id.header.toLowerCase()] = 'kit-delivery-1'
  const settings = resolveSettings(subject.connector.manifest, subject.settings, 'shop')
  if (token) {
    const secret = fillText(token.secret, settings)
    if (token.header) headers[token.header.toLowerCase()] = secret
    else query.set(token.query ?? 'token', secret)
  }
  if (verify) {
    for (const name of namesIn(verify.text)) {
      const [place, part] = name.split('.')
      if (place === 'header' && part) headers[part.toLowerCase()] ??= 'kit-header'
      if (place === 'query' && part) query.set(part, query.get(part) ?? 'kit-query')
    }
    if (verify.time) {
      const at = String(verify.time.unit === 'milliseconds' ? time : Math.floor(time / 1000))
      if (verify.time.header) headers[verify.time.header.toLowerCase()] = at
      else query.set(verify.time.query!, at)
    }
    const lookup = lookupIn({ header: headers, query: Object.fromEntries(query) }, settings)
    const key = fillText([verify.key ?? ''].flat()[0]!, settings)
    const text = (verify.prefix ?? '') + signature(verify, key, { params: [...query], body, lookup })
    if (verify.header) headers[verify.header.toLowerCase()] = text
    else query.set(verify.query!, text)
  }
  return [...query].length > 0 ? { ...headers, ':query': query.toString() } : headers
}

/** Whether a delivery is taken: null, or why not. */
function taken({ webhook }: Bench, headers: Headers, body: Buffer): string | null {
  try {
    webhook.receive(headers, body)
    return null
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name
  }
}

async function forged(bench: Bench): Promise<Finding> {
  const part = { check: 'signature', about: bench.topic } as const
  const { declared, by, body, contentType, query } = bench
  const bare: Headers = { 'content-type': contentType, ...(query ? { ':query': query } : {}) }
  const good = signed(bench, body)
  if (declared.verify ?? declared.token) {
    const refused = taken(bench, good, body)
    if (refused) return failed(part, by, "the sender's own delivery taken", refused)
  }
  const proof = [declared.verify?.header, declared.token?.header].flatMap((h) => h?.toLowerCase() ?? [])
  const wrong = Object.fromEntries(
    Object.entries(good).map(([n, v]) => [n, proof.includes(n) ? turned(v) : v]),
  )
  if (wrong[':query'])
    wrong[':query'] = [...new URLSearchParams(wrong[':query'])].map(([n, v]) => `${n}=${turned(v)}`).join('&')
  const changed = Buffer.concat([body, Buffer.from(' ')])
  const trials: [string, Headers, Buffer][] = [
    ['without proof', bare, body],
    ['with a wrong proof', wrong, body],
    ...(declared.verify ? [['changed on its way', good, changed] as [string, Headers, Buffer]] : []),
  ]
  for (const [what, headers, bytes] of trials) {
    const code = taken(bench, headers, bytes)
    if (code !== 'WEBHOOK_SIGNATURE')
      return failed(part, by, `a delivery ${what} refused (WEBHOOK_SIGNATURE)`, code ?? 'it is taken')
  }
  return ok(part, by, trials.map(([what]) => what).join(', '))
}

/** Another text of the same length. */
const turned = (text: string): string => (text.startsWith('x') ? 'y' : 'x') + text.slice(1)

async function old(bench: Bench): Promise<Finding> {
  const part = { check: 'old-signature', about: bench.topic } as const
  const { declared, by, body } = bench
  if (!declared.verify?.time)
    return not(part, 'the sender signs no time; a repeated delivery is known by its id or bytes')
  for (const off of [-24 * 60 * MINUTE, 24 * 60 * MINUTE]) {
    if (taken(bench, signed(bench, body, Date.now() + off), body) !== 'WEBHOOK_SIGNATURE')
      return failed(part, by, 'a signature of a day ago, or of tomorrow, refused', 'it is taken')
  }
  return ok(part, by, 'a day ago, and of tomorrow')
}

/** JSON that is not UTF-8 must be refused at once or parked when it is read, never guessed at. */
async function charset(bench: Bench): Promise<Finding> {
  const part = { check: 'charset', about: bench.topic } as const
  const { body, by, connection, webhook } = bench
  if (/xml/i.test(bench.contentType)) return not(part, 'XML says its charset itself')
  if (!(bench.declared.verify ?? bench.declared.token))
    return not(part, 'the kit cannot make the proof that the hook wants')
  const at = body.indexOf('"') + 1
  const bytes = Buffer.concat([body.subarray(0, at), Buffer.from([0xd6, 0xd0]), body.subarray(at)])
  let delivery: WebhookDelivery
  try {
    delivery = webhook.receive(signed(bench, bytes), bytes)
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === 'WEBHOOK_UNREADABLE') return ok(part, by, 'GBK bytes in JSON are refused')
    return failed(part, by, 'GBK bytes in JSON refused as unreadable', code ?? (error as Error).name)
  }
  for (const record of delivery.records) {
    try {
      connection.parse(record)
    } catch (error) {
      if ((error as { code?: string }).code === 'CONNECTOR_RECORD_UNREADABLE')
        return ok(part, by, 'GBK bytes in JSON park the record')
    }
  }
  return failed(part, by, 'GBK bytes in JSON refused or parked', 'they are read')
}

async function again(bench: Bench): Promise<Finding> {
  const part = { check: 'twice', about: bench.topic } as const
  const { webhook, body, by } = bench
  if (!(bench.declared.verify ?? bench.declared.token))
    return not(part, 'the kit cannot make the proof that the hook wants')
  const headers = signed(bench, body)
  const told = () => {
    const { deliveryId, records, fetch } = webhook.receive(headers, body)
    return JSON.stringify([deliveryId, fetch, records.map((r) => [r.id, r.shape, r.body.toString('base64')])])
  }
  const [first, second] = [told(), told()]
  if (first !== second)
    return failed(part, by, 'the same delivery to mean the same record', 'two different ones')
  return ok(part, by, 'delivered twice, the same id and bytes')
}
