/** The words of alerts that the ledger, the senders, the API and the CLI share. */
import type { Phrase } from './errors/error.ts'

/** red: orders do not get through, or soon will not. yellow: somebody should look at it. */
export const ALERT_LEVELS = ['red', 'yellow'] as const
export type AlertLevel = (typeof ALERT_LEVELS)[number]

/** The first word of every cause. */
export const ALERT_KINDS = [
  'silence',
  'paused',
  'token-dead',
  'poll-failed',
  'webhook',
  'backlog',
  'doubt',
  'parked',
  'task',
  'clock',
  'queue',
  'disk',
  'channel',
] as const
export type AlertKind = (typeof ALERT_KINDS)[number]

/** What a message tells of an alert. */
export const ALERT_EVENTS = ['opened', 'reminder', 'closed'] as const
export type AlertEvent = (typeof ALERT_EVENTS)[number]

export const DELIVERY_STATES = ['due', 'sending', 'sent', 'dropped', 'failed'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Counts, codes and order keys; never personal data. */
export type AlertDetail = Record<string, string | number | boolean | null | string[]>

/** One thing that is wrong now. */
export interface Cause {
  /** Its kind, then whose: `silence:web/order`. One alert is open per cause. */
  cause: string
  kind: AlertKind
  connection: string | null
  level: AlertLevel
  say: Phrase
  fix: Phrase
  detail: AlertDetail
  /** Seconds that it must be seen before it is told, and away before it counts as over. */
  opens: number
  closes: number
}

/** A cause, or the beginning of some and `*`; what mutes and routes name. */
export const CAUSE_PATTERN = '^(\\*|[a-z-]+(:[^\\s*]*)?\\*?)$'

/** Whether a pattern names this cause. */
export function namesCause(pattern: string, cause: string): boolean {
  return pattern.endsWith('*') ? cause.startsWith(pattern.slice(0, -1)) : pattern === cause
}
