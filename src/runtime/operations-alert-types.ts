/** What the operations on alerts take and give; see operations.ts. */
import type { AlertEvent, AlertKind, AlertLevel, DeliveryState } from '../core/alerts.ts'
import type { Actor, Bilingual, Json, PageOf, PageQuery } from './operations-parts.ts'

export interface AlertSummary {
  id: string
  /** Its kind, then whose: `silence:web/order`. */
  cause: string
  kind: AlertKind
  level: AlertLevel
  state: 'open' | 'closed'
  connection: string | null
  say: Bilingual
  fix: Bilingual
  openedAt: string
  lastSeen: string
  closedAt: string | null
  /** Nobody is told of it until then; null: not muted. */
  mutedUntil: string | null
}

export interface AlertDelivery {
  channel: string
  event: AlertEvent
  /** Which reminder; 0 for the others. */
  round: number
  state: DeliveryState
  attempts: number
  /** What the channel answered last; null: nothing wrong. */
  code: string | null
  /** When it is tried (again); null when it is not. */
  dueAt: string | null
  sentAt: string | null
}

export interface AlertDetail extends AlertSummary {
  /** Counts, codes, order keys; never personal data. */
  detail: { [key: string]: Json }
  deliveries: AlertDelivery[]
}

export interface AlertFilter extends PageQuery {
  /** Closed ones too. */
  all?: boolean
  kind?: AlertKind
  connection?: string
}

export interface AlertMute {
  /** A cause, or the beginning of some and `*`. */
  cause: string
  until: string
  by: string
  why: string | null
  since: string
}

/** What a channel said to a test. */
export interface AlertTest {
  channel: string
  kind: string
  ok: boolean
  /** Null when it was taken. */
  code: string | null
  say: Bilingual
  fix: Bilingual | null
}

export interface AlertOperations {
  /** Open ones, newest first. */
  alertList(filter: AlertFilter): Promise<PageOf<AlertSummary>>
  /** `ref`: id, or a cause (its newest alert). Throws RUNTIME_UNKNOWN. */
  alertShow(request: { ref: string }): Promise<AlertDetail>
  /** Sends a message that says it is a test. Throws RUNTIME_UNKNOWN for a channel that is not configured. */
  alertTest(request: { channel: string } & Actor): Promise<AlertTest>
  /** `cause`: one, or the beginning of some and `*`; `for`: a duration such as `4h`. Throws RUNTIME_REQUEST. */
  alertMute(request: { cause: string; for: string } & Actor): Promise<AlertMute>
  /** Throws RUNTIME_UNKNOWN when it is not muted. */
  alertUnmute(request: { cause: string } & Actor): Promise<AlertMute>
  alertMutes(request: Record<string, never>): Promise<AlertMute[]>
}

/** Their names; see OPERATIONS. */
export const ALERT_OPERATIONS = [
  'alertList',
  'alertShow',
  'alertTest',
  'alertMute',
  'alertUnmute',
  'alertMutes',
] as const
