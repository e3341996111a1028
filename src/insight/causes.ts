/**
 * causes: what is wrong now, from what the ledger says. Data in, data out; each function is one kind of alert and
 * says from which figure on it counts, how long it must be seen (`opens`) and how long it must be away (`closes`).
 */
import type { Cause } from '../core/alerts.ts'
import { ERRORS } from '../core/errors/table.ts'
import type { ChannelTrouble } from '../ledger/alert-delivery.ts'
import { type Backlog, COUNTED, type Heap, type ParkedHeap } from '../ledger/alert-facts.ts'
import type { Pause } from '../ledger/pause.ts'
import type { StreamRow } from '../ledger/stats.ts'
import * as words from './alert-texts.ts'
import { type Silence, silenceCause } from './silence-watch.ts'

/** Seconds. */
const FORGOTTEN = 24 * 3600
const POLL_RED = 3600
/** A stream may go unread for three of its own intervals, and for five minutes. */
const LATE_LEAST = 300
const BACKLOG_YELLOW = 900
const BACKLOG_RED = 3600
const INBOX_RED = 600
/** Found out about by itself within minutes, as a rule. */
export const DOUBT = 1800
const CLOCK_YELLOW = 1
const CLOCK_RED = 10
/** Bytes. */
const MB = 1024 ** 2
const DISK_YELLOW = 2048 * MB
const DISK_RED = 256 * MB

/** The time of a look, and the company's zone. */
export interface Now {
  now: Date
  zone: string
}

const age = ({ now }: Now, since: Date): number => Math.max(0, (now.getTime() - since.getTime()) / 1000)
const shown = (count: number): string => (count >= COUNTED ? `${COUNTED}+` : String(count))
const code = (text: string | null): string => /^[A-Z][A-Z0-9_-]{2,60}/.exec(text ?? '')?.[0] ?? 'INTERNAL'

export function silences(at: Now, found: Silence[]): Cause[] {
  return found.map((silence) => {
    const name = `${silence.connection}/${silence.stream}`
    const since = words.clockTime(silence.last, at.zone)
    const minutes = Math.round(age(at, silence.last) / 60)
    const usual = silence.verdict ? Math.round(silence.verdict.expected) : null
    return {
      cause: silenceCause(silence),
      kind: 'silence',
      connection: silence.connection,
      level: 'red',
      ...words.silenceWords(name, { since, minutes, usual }),
      detail: { stream: silence.stream, last: silence.last.toISOString(), minutes, usual },
      // judged over hours already, and a record that comes ends it
      opens: 0,
      closes: 0,
    }
  })
}

/** Those that Tributary made, at once; those that a person made and may have forgotten, after a day. */
export function pauses(at: Now, rows: Pause[]): Cause[] {
  return rows.flatMap((pause): Cause[] => (pause.automatic ? [stopped(pause)] : forgotten(at, pause)))
}

function stopped({ connection, why }: Pause): Cause {
  const reason = code(why)
  const dead = reason === 'CONNECTOR_DENIED' || reason === 'CONNECTOR_TOKEN_DEAD'
  const kind = dead ? 'token-dead' : 'paused'
  return {
    cause: `${kind}:${connection}`,
    kind,
    connection,
    level: 'red',
    ...(dead ? words.tokenDeadWords(connection, reason) : words.pausedWords(connection, reason)),
    detail: { code: reason },
    opens: 0,
    // resumed too early it is paused again at the next call
    closes: 60,
  }
}

function forgotten(at: Now, { connection, flow, kind, since }: Pause): Cause[] {
  const lasts = age(at, since)
  if (lasts < FORGOTTEN) return []
  const parts = Object.entries({ connection, flow, kind }).filter(([, value]) => value !== '')
  const scope = parts.map(([name, value]) => `${name} ${value}`).join(', ')
  const option = parts.map(([name, value]) => `--${name} ${value}`).join(' ')
  return [
    {
      cause: `paused:${parts.map(([, value]) => value).join('/')}`,
      kind: 'paused',
      connection: connection || null,
      level: 'yellow',
      ...words.forgottenPauseWords(scope, option, words.duration(lasts)),
      detail: { since: since.toISOString() },
      opens: 0,
      closes: 0,
    },
  ]
}

/** `failing`: since when each stream's reading has been failing. */
export function pollTroubles(at: Now, rows: StreamRow[], failing: ReadonlyMap<string, Date>): Cause[] {
  return rows.flatMap((row): Cause[] => {
    const name = `${row.connection}/${row.stream}`
    const base = { cause: `poll-failed:${name}`, kind: 'poll-failed' as const, connection: row.connection }
    if (row.error) {
      const since = failing.get(base.cause)
      const long = since !== undefined && age(at, since) > POLL_RED
      return [
        {
          ...base,
          level: long ? 'red' : 'yellow',
          ...words.pollFailedWords(name, code(row.error)),
          detail: { stream: row.stream, code: code(row.error) },
          // a tick or two may fail
          opens: 180,
          closes: 0,
        },
      ]
    }
    const allowed = Math.max(LATE_LEAST, 3 * (row.interval ?? 0))
    if (row.silent === null || row.silent <= allowed) return []
    return [
      {
        ...base,
        level: row.silent > allowed + POLL_RED ? 'red' : 'yellow',
        ...words.pollLateWords(name, words.duration(row.silent)),
        detail: { stream: row.stream, seconds: Math.round(row.silent) },
        opens: 180,
        closes: 0,
      },
    ]
  })
}

/** Subscriptions that the platform has not, or has and does not send to any more; our topics. */
export interface SubscriptionTrouble {
  connection: string
  wanted: number
  missing: string[]
  disabled: string[]
}

/** Polling goes on without them, only later. */
export function subscriptionTroubles(troubles: SubscriptionTrouble[]): Cause[] {
  return troubles.map(({ connection, wanted, missing, disabled }) => ({
    cause: `webhook:${connection}`,
    kind: 'webhook',
    connection,
    level: 'yellow',
    ...words.webhookWords(connection, wanted, missing, disabled),
    detail: { wanted, missing, disabled },
    opens: 0,
    // whoever takes over from a process that stopped has to ask first
    closes: 300,
  }))
}

export function backlogs(at: Now, rows: Backlog[]): Cause[] {
  return rows
    .map((row) => ({ row, lasts: age(at, row.since) }))
    .filter(({ lasts }) => lasts > BACKLOG_YELLOW)
    .map(({ row, lasts }) => ({
      cause: `backlog:${row.connection}`,
      kind: 'backlog',
      connection: row.connection,
      level: lasts > BACKLOG_RED ? 'red' : 'yellow',
      ...words.backlogWords(row.connection, shown(row.count), words.duration(lasts), row.code),
      detail: { count: row.count, since: row.since.toISOString(), code: row.code },
      opens: 60,
      closes: 120,
    }))
}

/** Records that nobody maps. */
export function inboxWaits(at: Now, since: Date | null): Cause[] {
  const lasts = since ? age(at, since) : 0
  if (lasts <= INBOX_RED) return []
  return [
    {
      cause: 'backlog:inbox',
      kind: 'backlog',
      connection: null,
      level: 'red',
      ...words.inboxWords(words.duration(lasts)),
      detail: { since: since!.toISOString() },
      opens: 60,
      closes: 120,
    },
  ]
}

/** Hints that cannot be followed. */
export function fetchWaits(at: Now, rows: { connection: string; since: Date }[]): Cause[] {
  return rows
    .filter(({ since }) => age(at, since) > INBOX_RED)
    .map(({ connection, since }) => ({
      cause: `backlog:${connection}/fetch`,
      kind: 'backlog',
      connection,
      level: age(at, since) > BACKLOG_RED ? 'red' : 'yellow',
      ...words.fetchWords(connection, words.duration(age(at, since))),
      detail: { since: since.toISOString() },
      opens: 60,
      closes: 120,
    }))
}

export function doubts(at: Now, heaps: Heap[]): Cause[] {
  return heaps.map(({ connection, count, since, examples }) => ({
    cause: `doubt:${connection}`,
    kind: 'doubt',
    connection,
    level: 'yellow',
    ...words.doubtWords(connection, shown(count), words.duration(age(at, since)), words.forExample(examples)),
    detail: { count, since: since.toISOString(), examples },
    opens: 60,
    closes: 120,
  }))
}

/** What waits for a person, by the reason; red when the reason is a fault of ours. */
export function parkings(heaps: ParkedHeap[]): Cause[] {
  return heaps.map((heap) => {
    const entry = ERRORS[heap.code]
    // the texts of the table are about one thing; what names a value says nothing about many
    const general =
      entry && !entry.fix.en.includes('{') ? entry.fix : { en: 'Look at each:', zh: '请逐一查看：' }
    return {
      cause: `parked:${heap.connection}:${heap.code}`,
      kind: 'parked',
      connection: heap.connection,
      level: entry?.kind === 'internal' ? 'red' : 'yellow',
      ...words.parkedWords(
        heap.connection,
        heap.code,
        shown(heap.count),
        general,
        words.forExample(heap.examples),
      ),
      detail: {
        code: heap.code,
        count: heap.count,
        since: heap.since.toISOString(),
        examples: heap.examples,
      },
      // many come together; one message for all of them
      opens: 30,
      closes: 60,
    }
  })
}

export function tasks(heaps: ParkedHeap[]): Cause[] {
  return heaps.map(({ connection, code: kind, count, since, examples }) => ({
    cause: `task:${connection}:${kind}`,
    kind: 'task',
    connection,
    level: 'yellow',
    ...words.taskWords(connection, kind, shown(count), words.forExample(examples)),
    detail: { task: kind, count, since: since.toISOString(), examples },
    opens: 30,
    closes: 60,
  }))
}

/** `ahead`: seconds. */
export function clockTrouble(ahead: number): Cause[] {
  const off = Math.abs(ahead)
  if (off <= CLOCK_YELLOW) return []
  const seconds = Math.round(off * 10) / 10
  return [
    {
      cause: 'clock',
      kind: 'clock',
      connection: null,
      level: off > CLOCK_RED ? 'red' : 'yellow',
      ...words.clockWords(seconds),
      detail: { seconds },
      // a process that stood still for a moment measures badly
      opens: 180,
      closes: 300,
    },
  ]
}

export function queueTrouble(answers: boolean): Cause[] {
  if (answers) return []
  const base = { cause: 'queue', kind: 'queue' as const, connection: null, level: 'red' as const }
  return [{ ...base, ...words.queueWords(), detail: {}, opens: 60, closes: 60 }]
}

/** `free`: bytes where the embedded ledger lies; null where it does not. */
export function diskTrouble(free: number | null): Cause[] {
  if (free === null || free >= DISK_YELLOW) return []
  const megabytes = Math.floor(free / MB)
  return [
    {
      cause: 'disk',
      kind: 'disk',
      connection: null,
      level: free < DISK_RED ? 'red' : 'yellow',
      ...words.diskWords(megabytes),
      detail: { megabytes },
      opens: 30,
      closes: 300,
    },
  ]
}

/** Channels that take no messages: the others are told. */
export function channels(troubles: ChannelTrouble[]): Cause[] {
  return troubles.map(({ channel, count, since, code: said }) => ({
    cause: `channel:${channel}`,
    kind: 'channel',
    connection: null,
    level: 'yellow',
    ...words.channelWords(channel, count, code(said)),
    detail: { channel, count, since: since.toISOString(), code: code(said) },
    opens: 0,
    closes: 0,
  }))
}
