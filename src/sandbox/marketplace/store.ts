/**
 * What a marketplace shop holds: trades with all their versions, declarations, stock, its authorisation and the
 * messages nobody has confirmed yet. Everything is an event in the log before anybody is told.
 */
import type { Expectation } from '../generate/expectation.ts'
import { openLog } from '../log.ts'
import type { AuthState } from './auth.ts'
import { FIRST_STOCK, GOODS } from './goods.ts'
import { expectationOf } from './sold.ts'
import { createSorted } from './sorted.ts'
import type { RefundCase, Trade } from './trade.ts'

/** What happened to a trade after it was placed, as declared; `other` (shipping, notes) needs no new document. */
export type Change = Expectation['changes'][number]['kind'] | 'other'

/** One version. `at` has milliseconds, unlike the platform's own instants. */
export interface Version {
  at: string
  trade: Trade
}

/** One trade with its history, oldest version first. */
export interface Held {
  versions: Version[]
  expectation: Expectation
}

/** A message of the platform: delivered again and again until it is confirmed. */
export interface Message {
  id: string
  topic: string
  /** The JSON text that goes out. */
  content: string
  at: string
}

type Event =
  | { t: 'trade'; at: string; trade: Trade; change: Change | null; messages: Message[] }
  | { t: 'stock'; n: number; quantity: number }
  | { t: 'auth'; state: AuthState }
  | { t: 'topics'; topics: string[] | null }
  | { t: 'confirmed'; ids: string[] }

/** A case with its trade as it is now. */
export interface HeldCase {
  trade: Trade
  one: RefundCase
}

/** One trade to be stored; `change` is null for a new one. */
export interface Put {
  trade: Trade
  change: Change | null
  messages: Message[]
}

/** What the events add up to. */
function createTables() {
  const tables = {
    held: new Map<string, Held>(),
    byModified: createSorted<string>(),
    byPlaced: createSorted<string>(),
    cases: createSorted<{ trade: string; id: string }>(),
    stock: GOODS.map(() => FIRST_STOCK),
    messages: new Map<string, Message>(),
    auth: null as AuthState | null,
    topics: undefined as string[] | null | undefined,
    sent: 0,
  }
  const { held, stock, messages } = tables

  function applyTrade(event: Extract<Event, { t: 'trade' }>): void {
    const { trade } = event
    if (!held.has(trade.id)) {
      tables.byPlaced.put(trade.id, trade.placedAt, trade.id)
      // What is ordered is taken off at once; nobody can sell below nothing.
      for (const l of trade.lines) stock[l.goods] = Math.max(0, stock[l.goods]! - l.quantity)
    }
    held.set(trade.id, nextOf(held.get(trade.id), event))
    tables.byModified.put(trade.id, trade.modifiedAt, trade.id)
    for (const one of trade.refunds) tables.cases.put(one.id, one.modifiedAt, { trade: trade.id, id: one.id })
    for (const message of event.messages) messages.set(message.id, message)
    tables.sent += event.messages.length
  }

  function apply(event: Event): void {
    if (event.t === 'trade') applyTrade(event)
    else if (event.t === 'stock') stock[event.n] = event.quantity
    else if (event.t === 'auth') tables.auth = event.state
    else if (event.t === 'topics') tables.topics = event.topics
    else for (const id of event.ids) messages.delete(id)
  }
  return { tables, apply }
}

/** The ways to look trades and cases up. */
function readersOf({ held, byPlaced, byModified, cases }: ReturnType<typeof createTables>['tables']) {
  const newest = (id: string): Trade => held.get(id)!.versions.at(-1)!.trade
  return {
    /** The newest version of a trade. */
    trade: (id: string): Trade | undefined => held.get(id)?.versions.at(-1)?.trade,
    /** Trades placed from one instant to another, oldest first. */
    placed: (from: string, to: string) => byPlaced.between(from, to).map(newest),
    /** Trades last changed from one instant to another, oldest first; `before` (ms): as an index knew them then. */
    modified: (from: string, to: string, before?: number): Trade[] =>
      before === undefined
        ? byModified.between(from, to).map(newest)
        : earlier(held.values(), from, to, new Date(before).toISOString()),
    /** Cases last changed from one instant to another, oldest first. */
    refunds: (from: string, to: string): HeldCase[] =>
      cases.between(from, to).map(({ trade, id }) => {
        const now = newest(trade)
        return { trade: now, one: now.refunds.find((r) => r.id === id)! }
      }),
  }
}

/** Opens the store, replaying `path` when given. The returned object lives until `close`. */
export function openStore(path: string | undefined) {
  const { tables, apply } = createTables()
  const { held, stock, messages } = tables
  const log = openLog<Event>(path, apply)
  const commit = (events: Event[]) => {
    log.appendAll(events)
    for (const event of events) apply(event)
  }
  return {
    ...readersOf(tables),
    held,
    stock,
    messages,
    /** Stores trades with one write. */
    put: (puts: Put[], now: Date) => commit(puts.map((p) => ({ t: 'trade', at: now.toISOString(), ...p }))),
    setStock: (n: number, quantity: number) => commit([{ t: 'stock', n, quantity }]),
    setAuth: (state: AuthState) => commit([{ t: 'auth', state }]),
    /** The topics that messages go out for; null stands for all of them. */
    permit: (wanted: string[] | null) => commit([{ t: 'topics', topics: wanted }]),
    confirm: (ids: string[]) => commit([{ t: 'confirmed', ids }]),
    /** Undefined before anybody asked for messages. */
    topics: () => tables.topics,
    /** Null before anything was granted. */
    auth: () => tables.auth,
    /** How many messages there ever were; their ids count on from here. */
    sent: () => tables.sent,
    close: () => log.close(),
  }
}

/** The open store. */
export type Store = ReturnType<typeof openStore>

/** What an index that lags shows: of each trade its newest version up to an instant; younger trades not at all. */
function earlier(all: Iterable<Held>, from: string, to: string, until: string): Trade[] {
  return [...all]
    .flatMap((h) => h.versions.findLast((v) => v.at <= until)?.trade ?? [])
    .filter((t) => t.modifiedAt >= from && t.modifiedAt <= to)
    .sort((a, b) => (a.modifiedAt + a.id < b.modifiedAt + b.id ? -1 : 1))
}

function nextOf(before: Held | undefined, event: Extract<Event, { t: 'trade' }>): Held {
  const { trade, at, change } = event
  const changes = before?.expectation.changes ?? []
  const expectation: Expectation = {
    orderId: trade.id,
    number: trade.id,
    ...expectationOf(trade),
    changes: change === null || change === 'other' ? changes : [...changes, { kind: change, at }],
  }
  return { versions: [...(before?.versions ?? []), { at, trade }], expectation }
}
