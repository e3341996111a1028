/**
 * What tests and people may do to a marketplace shop under `/_sandbox/`: sell, change, authorise, look.
 *
 *   POST /_sandbox/orders                 see ../control.ts
 *   POST /_sandbox/orders/<id>/<what>     pay, cancel, ship, finish, refund, approve, settle, refuse, withdraw, note,
 *                                         readdress
 *   POST /_sandbox/authorize              the merchant's grant: a code; older tokens are void
 *   POST /_sandbox/session/expire         the access token ends now
 *   POST /_sandbox/stock                  {sku, quantity}
 *   POST /_sandbox/faults
 *   GET  /_sandbox/orders, expected, goods, messages, faults, stats
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Answer,
  answerControl,
  createStreams,
  NO_ROUTE,
  pageOf,
  type StreamRequest,
  switchFaults,
} from '../control.ts'
import type { Faults } from '../faults.ts'
import { readBody, sendJson } from '../serve.ts'
import type { Auth } from './auth.ts'
import {
  advanceRefund,
  ChangeRefused,
  cancel,
  endRefund,
  finish,
  note,
  pay,
  type RefundWish,
  readdress,
  requestRefund,
  settleRefund,
  ship,
} from './change.ts'
import { applyLater, generateTrade, laterChange, type Numbering } from './generate.ts'
import { GOODS } from './goods.ts'
import { expectationOf, type Shown, soldOrder } from './sold.ts'
import type { Change, Held, Store } from './store.ts'
import { caseOf, type Receiver, type Trade } from './trade.ts'

/** What the control routes work on. */
export interface ControlParts {
  name: string
  store: Store
  faults: Faults
  auth: Auth
  numbering: Numbering
  /** The receiver as the platform shows it. */
  shown(trade: Trade): Shown
  commit(trades: Trade[], change: Change | null): void
  /** Counters of the platform's own, for `stats`. */
  counters(): object
}

/** The fields that the changes read. */
interface Wish extends RefundWish, Partial<Receiver> {
  case?: string
  tracking?: string
  company?: string
  number?: string
  lines?: string[]
  memo?: string
  flag?: number
}

type Make = (trade: Trade, wish: Wish, now: Date) => Trade

/** The case that a wish names, or the newest one of its line, or of all. */
const caseIn = (trade: Trade, wish: Wish): string =>
  wish.case ?? (wish.line ? caseOf(trade, wish.line) : trade.refunds.at(-1))?.id ?? '(none)'

/** The fields of a wish that are a receiver's. */
function receiverIn(trade: Trade, wish: Wish): Partial<Receiver> {
  const known = Object.keys(trade.receiver) as (keyof Receiver)[]
  return Object.fromEntries(known.filter((f) => wish[f] !== undefined).map((f) => [f, wish[f]]))
}

const CHANGES: Record<string, [Change, Make]> = {
  pay: ['paid', (t, _, now) => pay(t, now)],
  cancel: ['cancelled', (t, _, now) => cancel(t, now)],
  ship: [
    'other',
    (t, { company = 'SF', number = `SF${t.serial}`, lines }, now) =>
      ship(t, { company, number, ...(lines ? { lines } : {}) }, now),
  ],
  finish: ['other', (t, _, now) => finish(t, now)],
  refund: ['other', (t, wish, now) => requestRefund(t, wish, now)],
  settle: ['refunded', (t, wish, now) => settleRefund(t, caseIn(t, wish), now)],
  refuse: ['other', (t, wish, now) => endRefund(t, caseIn(t, wish), 'refused', now)],
  withdraw: ['other', (t, wish, now) => endRefund(t, caseIn(t, wish), 'withdrawn', now)],
  approve: ['other', (t, wish, now) => advanceRefund(t, caseIn(t, wish), wish.tracking ?? null, now)],
  note: ['other', (t, { memo = null, flag = 1 }, now) => note(t, memo, flag, now)],
  readdress: ['edited', (t, wish, now) => readdress(t, receiverIn(t, wish), now)],
}

/** Bytes. */
const BODY_LIMIT = 1024 * 1024

/** Makes the control routes. `close` stops streams and pending changes. */
export function createControl(parts: ControlParts) {
  const { store, faults, auth } = parts
  const sold = createStreams<string>(parts.name, {
    sell(count, seed, hard) {
      const now = new Date()
      const first = store.held.size
      const trades = Array.from({ length: count }, (_, i) =>
        generateTrade(seed, first + i, now, hard, parts.numbering),
      )
      parts.commit(trades, null)
      return trades.map((t) => t.id)
    },
    later(id, seed) {
      const { expectation, versions } = store.held.get(id)!
      const planned = laterChange(seed, versions[0]!.trade.serial, expectation)
      if (!planned) return null
      const { kind, delay } = planned
      return { delay, change: () => change(id, kind, (t) => applyLater(t, kind, new Date())) }
    },
  })

  function change(id: string, kind: Change, make: (trade: Trade) => Trade): Answer {
    const trade = store.trade(id)
    if (!trade) return { status: 404, body: { error: 'no such trade' } }
    try {
      parts.commit([make(trade)], kind)
      return { status: 200, body: { trade: store.trade(id), expected: store.held.get(id)!.expectation } }
    } catch (error) {
      if (error instanceof ChangeRefused) return { status: 422, body: { error: error.message } }
      throw error
    }
  }

  async function post(path: string, asked: unknown): Promise<Answer> {
    if (path === '/_sandbox/orders') return sold.start(asked as StreamRequest)
    if (path === '/_sandbox/authorize') return { status: 200, body: { code: auth.grant(Date.now()) } }
    if (path === '/_sandbox/session/expire') {
      auth.expire(Date.now())
      return { status: 200, body: { expired: true } }
    }
    if (path === '/_sandbox/stock') return stockTo(store, asked as { sku: string; quantity: number })
    if (path === '/_sandbox/faults') return switchFaults(faults, asked)
    const [, id = '', what = ''] = /^\/_sandbox\/orders\/([\w-]+)\/(\w+)$/.exec(path) ?? []
    const known = Object.hasOwn(CHANGES, what) ? CHANGES[what] : undefined
    if (!known) return NO_ROUTE
    const [kind, make] = known
    return change(id, kind, (t) => make(t, asked as Wish, new Date()))
  }

  function get(url: URL): Answer {
    const all = [...store.held.values()]
    const bodies: Record<string, () => unknown> = {
      orders: () => pageOf(url, all).map((h) => raw(h, parts.shown)),
      expected: () => pageOf(url, all).map((h) => h.expectation),
      goods: () => GOODS.map((g) => ({ ...g, stock: store.stock[g.n] })),
      messages: () => [...store.messages.values()],
      faults: () => faults.current(),
      stats: () => ({
        orders: all.length,
        versions: all.reduce((n, h) => n + h.versions.length, 0),
        ...parts.counters(),
        streams: sold.streams,
        faults: faults.struck(),
      }),
    }
    const body = bodies[url.pathname.slice('/_sandbox/'.length)]
    return body ? { status: 200, body: body() } : NO_ROUTE
  }

  return {
    /** Serves one `/_sandbox/` request. */
    async serve(req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
      const body = (await readBody(req, BODY_LIMIT)) ?? Buffer.alloc(0)
      const { status, body: said } = await answerControl({ get, post }, req.method ?? 'GET', url, body)
      sendJson(res, status, said)
    },
    close: () => sold.close(),
  }
}

function stockTo(store: Store, { sku, quantity }: { sku: string; quantity: number }): Answer {
  const goods = GOODS.find((g) => g.sku === sku)
  if (!goods || !Number.isSafeInteger(quantity) || quantity < 0)
    return { status: 422, body: { error: 'sku and a whole quantity' } }
  store.setStock(goods.n, quantity)
  return { status: 200, body: { sku, quantity } }
}

/**
 * One trade for the comparer: its newest version, and every version with the instant it was made and what had to
 * become of it then. `trade` is the newest in the shop's own words, unmasked.
 */
function raw(held: Held, shown: (trade: Trade) => Shown): object {
  const versions = held.versions.map(({ at, trade }) => ({
    at,
    order: soldOrder(trade, shown(trade)),
    expect: expectationOf(trade).expect,
  }))
  return { ...versions.at(-1)!.order, versions, trade: held.versions.at(-1)!.trade }
}
