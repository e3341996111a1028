/** What a channel is: one way to tell people (or a program) of alerts. */
import type { AlertDetail, AlertEvent, AlertLevel } from '../core/alerts.ts'
import type { Phrase } from '../core/errors/error.ts'

export const CHANNEL_KINDS = ['webhook', 'mail', 'dingtalk', 'wecom', 'feishu'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** As the configuration states them, complete. */
export type ChannelSettings =
  | { kind: 'webhook'; url: string; secret: string }
  | {
      kind: 'mail'
      host: string
      port: number
      /** tls: from the first byte on; starttls: before anything else is said, else nothing is sent. */
      tls: 'tls' | 'starttls' | 'none'
      user: string | null
      password: string | null
      from: string
      to: string[]
    }
  | { kind: 'dingtalk'; url: string; secret: string | null }
  | { kind: 'wecom'; url: string }
  | { kind: 'feishu'; url: string; secret: string | null }

/** One message. */
export interface Notice {
  /** The same however often it is sent: receivers can tell a repetition by it. */
  id: string
  event: AlertEvent | 'test'
  /** The alert's number; the same in all messages about it. */
  alert: string
  cause: string
  kind: string
  level: AlertLevel
  connection: string | null
  say: Phrase
  fix: Phrase
  detail: AlertDetail
  openedAt: Date
  lastSeen: Date
  closedAt: Date | null
}

/** How messages are written. */
export interface Style {
  language: 'en' | 'zh'
  /** Times are told on this clock. */
  zone: string
}

/** One configured channel, opened. */
export interface Channel {
  name: string
  kind: ChannelKind
  /** True where several messages that are due together become one, because people read it. */
  folds: boolean
  /**
   * Sends messages (one, where it does not fold). Resolves when they were taken; throws TributaryError ALERT_…
   * otherwise, with `retryAfter` (seconds) in its detail where the other side said when.
   */
  send(notices: Notice[], signal: AbortSignal): Promise<void>
  close(): void
}
