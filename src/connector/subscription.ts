/** Webhook subscriptions on the platform, as the manifest's `subscriptions` declares them. */
import { connectorError } from '../core/errors/connector.ts'
import { parseJsonBytes } from '../core/json.ts'
import type { PageRequest } from '../core/ports.ts'
import type { Subscription, SubscriptionCalls, WantedSubscription } from '../core/subscription.ts'
import { compileExpression } from '../expression/compile.ts'
import { unreachable, type Who } from './answer.ts'
import type { Caller } from './caller.ts'
import { textAt } from './dotted.ts'
import { listPages } from './list.ts'
import type { Manifest } from './manifest.ts'
import type { Call } from './manifest-call.ts'
import type { Clock } from './manifest-http.ts'
import type { WebhookManifest } from './manifest-webhook.ts'
import type { Settings } from './settings.ts'
import { keysOf } from './sign.ts'
import { fillText, lookupIn } from './template.ts'

export interface SubscriptionParts {
  connection: string
  manifest: Manifest
  settings: Settings
  caller: Caller
  clock: Clock
  who: Who
}

/** Most pages of a list that are read: one that never ends is not believed. */
const PAGES = 100

/** Null for a connector that declares none. */
export function openSubscriptions(parts: SubscriptionParts): SubscriptionCalls | null {
  const { manifest, caller, who } = parts
  const declared = manifest.subscriptions
  if (!declared) return null
  const judge = caller.judge(declared.answer)
  const clean = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw unreachable(error, who)
    }
  }
  const send = async (call: Call, values: Record<string, unknown>, signal: AbortSignal) =>
    caller.send({ call, values, judge, signal })
  const must = async (call: Call, values: Record<string, unknown>, signal: AbortSignal) => {
    caller.must(await clean(send(call, values, signal)))
  }
  const { repair } = declared
  return {
    topics: topicsOf(manifest),
    wanted: (publicUrl, webhooks) => wantedOf(parts, publicUrl, webhooks),
    list: (signal) => clean(listAll(parts, signal)),
    create: ({ topic, address }, signal) => must(declared.create, { topic, address }, signal),
    ...(repair
      ? {
          repair: ({ id }: Subscription, { topic, address }: WantedSubscription, signal: AbortSignal) =>
            must(repair, { id, topic, address }, signal),
        }
      : {}),
    async remove({ id, topic, address }, signal) {
      const answered = await clean(send(declared.delete, { id, topic, address }, signal))
      const gone = [404, 410].includes(answered.answer.status)
      const absent = !answered.verdict.ok && ['absent', 'done'].includes(answered.verdict.reaction)
      if (!gone && !absent) caller.must(answered)
    },
  }
}

function topicsOf({ subscriptions }: Manifest): { webhook: string; topic: string }[] {
  return Object.entries(subscriptions?.topics ?? {}).flatMap(([webhook, topics]) =>
    [topics].flat().map((topic) => ({ webhook, topic })),
  )
}

function wantedOf(
  { connection, manifest, settings }: SubscriptionParts,
  publicUrl: string,
  webhooks: readonly string[] | null,
): WantedSubscription[] {
  return topicsOf(manifest)
    .filter(({ webhook }) => webhooks?.includes(webhook) ?? true)
    .map(({ webhook, topic }) => {
      const declared = manifest.webhooks![webhook]!
      if (!verifiable(declared, settings))
        throw connectorError('WEBHOOK_SECRET_MISSING', { connection, topic: webhook })
      const address = `${publicUrl.replace(/\/+$/, '')}/webhooks/${connection}/${webhook}`
      return { webhook, topic, address: `${address}${secretQuery(declared, settings)}` }
    })
}

/** A delivery that nobody can verify is refused, and refused deliveries end a subscription. */
function verifiable({ verify, token }: WebhookManifest, settings: Settings): boolean {
  if (verify?.with.startsWith('hmac-') && keysOf(verify, lookupIn(settings)).length === 0) return false
  return !token || fillText(token.secret, settings) !== ''
}

/** Senders that cannot sign carry the secret in the address. */
function secretQuery({ token }: WebhookManifest, settings: Settings): string {
  if (!token?.query) return ''
  return `?${encodeURIComponent(token.query)}=${encodeURIComponent(fillText(token.secret, settings))}`
}

async function listAll(
  { manifest, caller, clock }: SubscriptionParts,
  signal: AbortSignal,
): Promise<Subscription[]> {
  const { list, topic, address, active, answer } = manifest.subscriptions!
  const judge = caller.judge(answer)
  const judging: Caller = {
    ...caller,
    read: async (given) => caller.must(await caller.send({ ...given, judge })),
  }
  const page = listPages({ list, shape: 'subscription', caller: judging, clock }, null)
  const sends = active ? compileExpression(active) : null
  const now = new Date()
  const request: PageRequest = { since: now, until: now, resume: null }
  const found: Subscription[] = []
  for (let read = 0; read < PAGES; read++) {
    const { records, next } = await page(request, signal)
    for (const { id, body } of records) {
      const one = parseJsonBytes(body)
      const to = { topic: textAt(one, topic) ?? '', address: textAt(one, address) ?? '' }
      found.push({ id, ...to, active: sends ? sends(one) === true : true })
    }
    if (next === null) return found
    request.resume = next
  }
  throw connectorError('CONNECTOR_ANSWER_UNREADABLE', { reason: `a list of more than ${PAGES} pages` })
}
