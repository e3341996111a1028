/** Operations on alerts: what is open, mutes, and trying a channel. */

import { testNotice } from '../alerts/dispatch.ts'
import { openChannel } from '../alerts/open.ts'
import { CAUSE_PATTERN, namesCause } from '../core/alerts.ts'
import { TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { parseDuration } from '../core/time.ts'
import { nearest } from '../core/yaml.ts'
import { type AlertRow, findAlert, listAlerts } from '../ledger/alert.ts'
import { type DeliveryRow, deliveriesOf } from '../ledger/alert-delivery.ts'
import { type Mute, mute, mutes, unmute } from '../ledger/alert-mute.ts'
import type {
  AlertDelivery,
  AlertMute,
  AlertOperations,
  AlertSummary,
  AlertTest,
} from './operations-alert-types.ts'
import type { Desk } from './operations-desk.ts'
import { cursor, iso, page } from './operations-page.ts'
import type { Json } from './operations-parts.ts'

const LONGEST_MUTE = 90 * 86_400_000
/** A test is not tried again. Milliseconds. */
const TEST_LIMIT = 30_000

/** The operations on alerts. */
export function alertOperations(desk: Desk): AlertOperations {
  const { db } = desk
  return {
    async alertList({ limit, after, all = false, ...filter }) {
      const at = page({ ...(limit ? { limit } : {}), ...(after ? { after } : {}) })
      const { rows, next } = await listAlerts(db, { all, ...filter }, at.before, at.limit)
      const muted = await mutes(db)
      return { items: rows.map((row) => toAlert(row, muted)), next: cursor(next) }
    },
    async alertShow({ ref }) {
      const row = await findAlert(db, ref)
      if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'alert', id: ref })
      const deliveries = (await deliveriesOf(db, [row.id])).map(toDelivery)
      const detail = row.detail as { [key: string]: Json }
      return { ...toAlert(row, await mutes(db)), detail, deliveries }
    },
    alertTest: ({ channel, by }) => test(desk, channel, by),
    async alertMute({ cause, by, why, ...request }) {
      checkCause(cause)
      return toMute(await mute(db, { cause, who: by, why: why ?? '' }, muteFor(request.for) / 1000))
    },
    async alertUnmute({ cause }) {
      const ended = await unmute(db, cause)
      if (!ended) throw runtimeError('RUNTIME_UNKNOWN', { what: 'mute', id: cause })
      return toMute(ended)
    },
    alertMutes: async () => (await mutes(db)).map(toMute),
  }
}

async function test(desk: Desk, name: string, by: string): Promise<AlertTest> {
  const { alerts, company } = desk.context.config
  const settings = alerts?.channels[name]
  if (!settings) {
    const near = nearest(name, Object.keys(alerts?.channels ?? {}))
    throw runtimeError('RUNTIME_UNKNOWN', { what: 'channel', id: near ? `${name} (${near}?)` : name })
  }
  const style = { language: alerts!.language, zone: company?.zone ?? 'UTC' }
  const channel = openChannel(name, settings, style)
  const about = { channel: name, kind: settings.kind }
  try {
    await channel.send([testNotice(name, by)], AbortSignal.timeout(TEST_LIMIT))
    const say = {
      en: `${name} took the message: look for it there`,
      zh: `${name} 已接收消息，请在该渠道中查看`,
    }
    return { ...about, ok: true, code: null, say, fix: null }
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    const say = { en: error.say('en'), zh: error.say('zh') }
    return { ...about, ok: false, code: error.code, say, fix: { en: error.fix('en'), zh: error.fix('zh') } }
  } finally {
    channel.close()
  }
}

function checkCause(cause: string): void {
  if (new RegExp(CAUSE_PATTERN).test(cause) && cause.length <= 300) return
  const reason = 'a cause such as silence:web/order, or the beginning of some and *'
  throw runtimeError('RUNTIME_REQUEST', { field: 'cause', reason })
}

function muteFor(text: string): number {
  try {
    const milliseconds = parseDuration(text)
    if (milliseconds > 0 && milliseconds <= LONGEST_MUTE) return milliseconds
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  throw runtimeError('RUNTIME_REQUEST', { field: 'for', reason: 'a duration such as 4h, at most 90d' })
}

function toAlert(row: AlertRow, muted: Mute[]): AlertSummary {
  const { id, cause, kind, level, connection, say, fix } = row
  const until = muted.filter((m) => namesCause(m.cause, cause)).map((m) => m.until.getTime())
  return {
    ...{ id: String(id), cause, kind, level, connection, say, fix },
    state: row.closed_at ? 'closed' : 'open',
    openedAt: row.opened_at.toISOString(),
    lastSeen: row.last_seen.toISOString(),
    closedAt: iso(row.closed_at),
    mutedUntil: until.length > 0 ? new Date(Math.max(...until)).toISOString() : null,
  }
}

function toDelivery({
  channel,
  event,
  round,
  state,
  attempts,
  code,
  dueAt,
  sentAt,
}: DeliveryRow): AlertDelivery {
  const waits = state === 'due' || state === 'sending'
  return {
    ...{ channel, event, round, state, attempts, code },
    dueAt: waits ? dueAt.toISOString() : null,
    sentAt: iso(sentAt),
  }
}

function toMute({ cause, until, who: by, why, since }: Mute): AlertMute {
  return { cause, until: until.toISOString(), by, why: why || null, since: since.toISOString() }
}
