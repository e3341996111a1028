/**
 * dispatch: sends what is due, each channel by itself, so that a dead one stops no other. A message is claimed and
 * committed before it is sent, and settled after; who dies in between has it sent again.
 */
import { TributaryError } from '../core/errors/error.ts'
import {
  type ClaimedDelivery,
  claimDeliveries,
  deliveriesRefused,
  deliveriesSent,
} from '../ledger/alert-delivery.ts'
import type { Database } from '../ledger/database.ts'
import type { Channel, Notice } from './channel.ts'

/** Most messages that become one, and most that are sent one by one in a round. */
const FOLD = 30
const SINGLES = 10
/** Longer than any channel may take. Seconds. */
const LEASE = 60
/** A message is tried for a day. Seconds. */
const PATIENCE = 24 * 3600
/** Robots take 20 messages a minute: at most one in this time. Milliseconds. */
const GAP = 4_000
/** Seconds until the next try, by the number of tries so far. */
const BACKOFF = [5, 15, 60, 300, 900, 1800]
const BACKOFF_MOST = 3600

export type DispatchLog = (
  level: 'info' | 'warn' | 'error',
  event: string,
  fields: Record<string, unknown>,
) => void

export interface Dispatcher {
  /** Sends what is due now. Never throws for what a channel says; throws what the database throws. */
  round(signal: AbortSignal): Promise<void>
}

/** `installation`: part of every message's id. */
export function createDispatcher(
  db: Database,
  channels: Channel[],
  installation: string,
  log: DispatchLog,
): Dispatcher {
  const last = new Map<string, number>()
  return {
    async round(signal) {
      const rested = channels.filter((c) => !c.folds || Date.now() - (last.get(c.name) ?? 0) >= GAP)
      await Promise.all(
        rested.map(async (channel) => {
          const sent = await sendDue({ db, channel, installation, log }, signal)
          if (sent) last.set(channel.name, Date.now())
        }),
      )
    },
  }
}

interface Sending {
  db: Database
  channel: Channel
  installation: string
  log: DispatchLog
}

/** True when the channel was spoken to. */
async function sendDue(sending: Sending, signal: AbortSignal): Promise<boolean> {
  const { db, channel } = sending
  const due = await claimDeliveries(db, channel.name, channel.folds ? FOLD : SINGLES, LEASE)
  if (due.length === 0) return false
  const groups = channel.folds ? [due] : due.map((one) => [one])
  await Promise.all(groups.map((group) => sendGroup(sending, group, signal)))
  return true
}

async function sendGroup(
  { db, channel, installation, log }: Sending,
  group: ClaimedDelivery[],
  signal: AbortSignal,
): Promise<void> {
  const about = { channel: channel.name, causes: group.map((d) => `${d.event} ${d.cause}`) }
  try {
    await channel.send(
      group.map((d) => noticeOf(d, installation)),
      signal,
    )
  } catch (error) {
    // a stop is nobody's fault: the lease ends, and whoever comes next sends it
    if (signal.aborted) return
    const { code, retryAfter, gone } = verdict(error)
    const attempts = Math.max(...group.map((d) => d.attempts))
    const wait = Math.max(retryAfter, BACKOFF[attempts - 1] ?? BACKOFF_MOST)
    log(code === 'RUNTIME_INTERNAL' ? 'error' : 'warn', 'alert not delivered', {
      ...about,
      attempts,
      code,
      error,
    })
    return deliveriesRefused(db, group, code, gone ? null : wait, PATIENCE)
  }
  await deliveriesSent(db, group)
  log('info', 'alert delivered', about)
}

function verdict(error: unknown): { code: string; retryAfter: number; gone: boolean } {
  if (!(error instanceof TributaryError))
    return { code: 'RUNTIME_INTERNAL', retryAfter: BACKOFF_MOST, gone: false }
  return {
    code: error.code,
    retryAfter: Number(error.detail.retryAfter ?? 0),
    gone: error.code === 'ALERT_GONE',
  }
}

/** The message of a delivery. */
export function noticeOf(d: ClaimedDelivery, installation: string): Notice {
  const { event, cause, kind, level, connection, say, fix, detail, openedAt, lastSeen, closedAt } = d
  return {
    id: `msg_${installation.slice(0, 16)}_${d.id}`,
    alert: String(d.alertId),
    // closed in the meantime, but this message is about its opening
    closedAt: event === 'closed' ? closedAt : null,
    ...{ event, cause, kind, level, connection, say, fix, detail, openedAt, lastSeen },
  }
}

/** A message that says it is only a test. */
export function testNotice(channel: string, by: string, now = new Date()): Notice {
  return {
    id: `msg_test_${now.getTime()}`,
    event: 'test',
    alert: '0',
    cause: `test:${channel}`,
    kind: 'test',
    level: 'yellow',
    connection: null,
    say: {
      en: `this is only a test of the channel ${channel}, sent by ${by}; nothing is wrong`,
      zh: `这只是对告警渠道 ${channel} 的测试（由 ${by} 发起），一切正常`,
    },
    fix: { en: '', zh: '' },
    detail: {},
    openedAt: now,
    lastSeen: now,
    closedAt: null,
  }
}
