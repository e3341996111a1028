/**
 * routes: which messages are to be sent, from what the ledger says of alerts and of messages sent before. Data in,
 * data out; asked again and again it gives the same, so nothing is told twice.
 */
import { type AlertLevel, namesCause } from '../core/alerts.ts'
import type { AlertRow } from '../ledger/alert.ts'
import type { DeliveryKey, DeliveryRow } from '../ledger/alert-delivery.ts'

/** Which alerts go where. */
export interface Route {
  levels: readonly AlertLevel[]
  /** Patterns of causes; empty: all. */
  causes: readonly string[]
  to: readonly string[]
}

/** Hours of the day in which these levels wait. Minutes since midnight; `from` may be after `to`. */
export interface QuietHours {
  from: number
  to: number
  levels: readonly AlertLevel[]
}

export interface Routing {
  routes: readonly Route[]
  quiet: QuietHours | null
  /** Milliseconds between reminders of what is still open; null: none. */
  remind: number | null
  /** The company's. */
  zone: string
}

/** Messages that are missing: what happened to an alert, on each channel that is to be told of it. */
export function missingDeliveries(
  alerts: AlertRow[],
  told: DeliveryRow[],
  muted: readonly string[],
  routing: Routing,
  now: Date,
): DeliveryKey[] {
  const byAlert = Map.groupBy(told, (d) => d.alertId)
  return alerts.flatMap((alert) => {
    if (isQuiet(routing, alert.level, now)) return []
    const before = Map.groupBy(byAlert.get(alert.id) ?? [], (d) => d.channel)
    if (alert.closed_at) return closings(alert, before)
    if (muted.some((pattern) => namesCause(pattern, alert.cause))) return []
    return [...channelsOf(alert, routing)].flatMap((channel) =>
      opening(alert, channel, before.get(channel) ?? [], routing.remind, now),
    )
  })
}

/** A channel that takes no messages is not told so. */
function channelsOf({ cause, level }: AlertRow, { routes }: Routing): Set<string> {
  const fitting = routes.filter(
    (r) => r.levels.includes(level) && (r.causes.length === 0 || r.causes.some((p) => namesCause(p, cause))),
  )
  return new Set(fitting.flatMap((r) => r.to).filter((name) => cause !== `channel:${name}`))
}

function opening(
  { id: alertId }: AlertRow,
  channel: string,
  before: DeliveryRow[],
  remind: number | null,
  now: Date,
): DeliveryKey[] {
  if (before.length === 0) return [{ alertId, channel, event: 'opened', round: 0 }]
  const newest = before.reduce((a, b) => (b.id > a.id ? b : a))
  if (remind === null || newest.state !== 'sent' || !newest.sentAt) return []
  if (now.getTime() - newest.sentAt.getTime() < remind) return []
  return [{ alertId, channel, event: 'reminder', round: newest.round + 1 }]
}

/** Whoever was told, or is just being told, hears that it is over. */
function closings({ id: alertId }: AlertRow, before: Map<string, DeliveryRow[]>): DeliveryKey[] {
  return [...before].flatMap(([channel, rows]): DeliveryKey[] => {
    const opened = rows.find((d) => d.event === 'opened')
    const knows = opened && ['due', 'sending', 'sent'].includes(opened.state)
    if (!knows || rows.some((d) => d.event === 'closed')) return []
    return [{ alertId, channel, event: 'closed', round: 0 }]
  })
}

/** Whether messages of a level wait at this instant. */
export function isQuiet({ quiet, zone }: Routing, level: AlertLevel, now: Date): boolean {
  if (!quiet?.levels.includes(level)) return false
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, timeStyle: 'short' }).format(now)
  const minute = Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
  const { from, to } = quiet
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to
}
