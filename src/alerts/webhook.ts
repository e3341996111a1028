/**
 * Webhooks for programs, by Standard Webhooks 1.0.0: `webhook-id` is the same however often a message is sent,
 * `webhook-signature` is `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` under the decoded secret.
 */
import { createHmac } from 'node:crypto'
import { createCaller, statusFailure } from './call.ts'
import type { Channel, ChannelSettings, Notice } from './channel.ts'

export const SECRET_PREFIX = 'whsec_'

/** The bytes of a `whsec_…` secret; null unless they are 24 to 64, as the specification wants. */
export function secretBytes(secret: string): Buffer | null {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : null
}

/** `timestamp`: seconds since 1970. */
export function signWebhook(key: Buffer, id: string, timestamp: number, body: Buffer): string {
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return `v1,${mac}`
}

/** The body of a notice. */
export function webhookBody(notice: Notice, now: Date): Buffer {
  const { id: _, event, alert, openedAt, lastSeen, closedAt, say, ...rest } = notice
  const data = {
    id: alert,
    ...rest,
    text: say,
    openedAt: openedAt.toISOString(),
    lastSeen: lastSeen.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
  }
  return Buffer.from(JSON.stringify({ type: `alert.${event}`, timestamp: now.toISOString(), data }))
}

/** Opened by `openChannels`. The secret was checked when the configuration was read. */
export function openWebhookChannel(
  name: string,
  { url, secret }: Extract<ChannelSettings, { kind: 'webhook' }>,
): Channel {
  const caller = createCaller(name, url)
  const key = secretBytes(secret)!
  return {
    name,
    kind: 'webhook',
    folds: false,
    async send([notice], signal) {
      const now = new Date()
      const body = webhookBody(notice!, now)
      const timestamp = Math.floor(now.getTime() / 1000)
      const headers = {
        'webhook-id': notice!.id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook(key, notice!.id, timestamp, body),
      }
      const failure = statusFailure(caller, await caller.post(body, headers, '', signal))
      if (failure) throw failure
    },
    close: () => caller.close(),
  }
}
