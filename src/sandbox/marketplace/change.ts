/** What can happen to a trade after it was placed. Pure: a trade in, its next version out. */
import {
  caseOf,
  isOpen,
  lineState,
  moneyLeft,
  type Parcel,
  parcelOf,
  piecesLeft,
  type Receiver,
  type RefundCase,
  stateOf,
  type Trade,
  type TradeLine,
} from './trade.ts'
import { instantOf } from './wire.ts'

/** Thrown when a change cannot be made; the message is for the person who asked. */
export class ChangeRefused extends Error {}

/** Pays all that is due. Throws ChangeRefused. */
export function pay(trade: Trade, now: Date): Trade {
  if (stateOf(trade) !== 'unpaid') throw new ChangeRefused('only an unpaid trade can be paid')
  const at = instantOf(now)
  return { ...trade, paidAt: at, modifiedAt: at }
}

/** Closes an unpaid trade; of a paid one gives all money back that is not out of the house. Throws ChangeRefused. */
export function cancel(trade: Trade, now: Date): Trade {
  const state = stateOf(trade)
  const at = instantOf(now)
  if (state === 'unpaid') return { ...trade, closedAt: at, modifiedAt: at }
  if (state !== 'paid') throw new ChangeRefused(`a trade that is ${state} cannot be cancelled`)
  let next = trade
  for (const line of trade.lines.filter((l) => lineState(trade, l) === 'paid')) {
    const open = caseOf(next, line.id)
    if (!open || !isOpen(open)) next = requestRefund(next, { line: line.id, reason: '拍错/不想要' }, now)
    next = settleRefund(next, caseOf(next, line.id)!.id, now)
  }
  return next
}

/** Ships lines in one parcel (all that wait when none are named). Throws ChangeRefused. */
export function ship(
  trade: Trade,
  parcel: Omit<Parcel, 'at' | 'lines'> & { lines?: string[] },
  now: Date,
): Trade {
  const waiting = trade.lines.filter((line) => lineState(trade, line) === 'paid').map((line) => line.id)
  const lines = parcel.lines ?? waiting
  const wrong = lines.find((line) => !waiting.includes(line))
  if (lines.length === 0 || wrong !== undefined)
    throw new ChangeRefused(`line ${wrong ?? '(none)'} is not waiting to be shipped`)
  const at = instantOf(now)
  const sent = { company: parcel.company, number: parcel.number, lines, at }
  return { ...trade, parcels: [...trade.parcels, sent], modifiedAt: at }
}

/** Changes company and number of the parcel that holds a line. Throws ChangeRefused. */
export function reship(trade: Trade, line: string, company: string, number: string, now: Date): Trade {
  const before = parcelOf(trade, line)
  if (!before) throw new ChangeRefused('nothing was shipped yet')
  const at = instantOf(now)
  const parcels = trade.parcels.map((p) => (p === before ? { ...p, company, number } : p))
  return { ...trade, parcels, modifiedAt: at }
}

/** The buyer has it and says so. Throws ChangeRefused. */
export function finish(trade: Trade, now: Date): Trade {
  if (stateOf(trade) !== 'shipped') throw new ChangeRefused('not everything is shipped')
  const at = instantOf(now)
  return { ...trade, finishedAt: at, modifiedAt: at }
}

/**
 * What a buyer may ask: the first line when none is named; `amount` in fen and `pieces`, all that is left when absent.
 * `goodsBack`: the goods come back; only after they were shipped.
 */
export interface RefundWish {
  line?: string
  amount?: number
  pieces?: number
  goodsBack?: boolean
  reason?: string
}

/**
 * Opens a case. Without goods coming back, pieces are off the line only when all its money goes back. Throws
 * ChangeRefused.
 */
export function requestRefund(trade: Trade, wish: RefundWish, now: Date): Trade {
  const line = wish.line === undefined ? trade.lines[0]! : trade.lines.find((l) => l.id === wish.line)
  if (!line) throw new ChangeRefused('the trade has no such line')
  const state = lineState(trade, line)
  if (!['paid', 'shipped', 'finished'].includes(state)) throw new ChangeRefused(`the line is ${state}`)
  const open = caseOf(trade, line.id)
  if (open && isOpen(open)) throw new ChangeRefused(`case ${open.id} of this line is still open`)
  const afterShipping = state !== 'paid'
  if (wish.goodsBack && !afterShipping) throw new ChangeRefused('what was not shipped cannot come back')
  const at = instantOf(now)
  const one: RefundCase = {
    id: caseId(trade),
    line: line.id,
    goodsBack: wish.goodsBack === true,
    ...backOf(trade, line, wish),
    state: 'requested',
    reason: wish.reason ?? '多拍/错拍/不想要',
    afterShipping,
    createdAt: at,
    modifiedAt: at,
    endedAt: null,
    tracking: null,
  }
  return { ...trade, refunds: [...trade.refunds, one], modifiedAt: at }
}

/**
 * Pieces and fen that a wish takes back. Part of the pieces takes its part of the money unless it says how much; the
 * last line that was not shipped takes the freight along.
 */
function backOf(trade: Trade, line: TradeLine, wish: RefundWish): { pieces: number; amount: number } {
  const left = piecesLeft(trade, line)
  const last = trade.lines.every((other) => other === line || piecesLeft(trade, other) <= 0)
  const freight = last && lineState(trade, line) === 'paid' ? trade.freight : 0
  const money = moneyLeft(trade, line) + freight
  const asked = wish.pieces ?? left
  const amount = wish.amount ?? Math.floor((money * asked) / left)
  if (!(Number.isSafeInteger(asked) && asked > 0 && asked <= left))
    throw new ChangeRefused(`only ${left} pieces are left`)
  if (!(Number.isSafeInteger(amount) && amount >= 0 && amount <= money))
    throw new ChangeRefused(`only ${money} fen are left`)
  return { amount, pieces: wish.goodsBack ? asked : amount === money ? left : 0 }
}

const CASE_BASE = 190_000_000_000_000_000n

function caseId(trade: Trade): string {
  return String(CASE_BASE + BigInt(trade.serial) * 100n + BigInt(trade.refunds.length))
}

/** Ends a case by paying; the last one closes the trade. Throws ChangeRefused. */
export function settleRefund(trade: Trade, id: string, now: Date): Trade {
  const next = moveCase(trade, id, { state: 'settled', endedAt: instantOf(now) }, now)
  return stateOf(next) === 'refunded' ? { ...next, closedAt: instantOf(now) } : next
}

/** Ends a case without money. Throws ChangeRefused. */
export function endRefund(trade: Trade, id: string, state: 'refused' | 'withdrawn', now: Date): Trade {
  return moveCase(trade, id, { state, endedAt: instantOf(now) }, now)
}

/** The seller lets the goods come back, or the buyer has sent them. Throws ChangeRefused. */
export function advanceRefund(trade: Trade, id: string, tracking: string | null, now: Date): Trade {
  const one = trade.refunds.find((r) => r.id === id)
  if (one && !one.goodsBack) throw new ChangeRefused('no goods come back in this case')
  return moveCase(trade, id, tracking ? { state: 'sent-back', tracking } : { state: 'approved' }, now)
}

function moveCase(trade: Trade, id: string, to: Partial<RefundCase>, now: Date): Trade {
  const one = trade.refunds.find((r) => r.id === id)
  if (!one) throw new ChangeRefused(`the trade has no case ${id}`)
  if (!isOpen(one)) throw new ChangeRefused(`case ${id} is ${one.state} already`)
  const modifiedAt = instantOf(now)
  const refunds = trade.refunds.map((r) => (r === one ? { ...r, ...to, modifiedAt } : r))
  return { ...trade, refunds, modifiedAt }
}

/** Writes the seller's note; also what stands for any change that needs no new document. */
export function note(trade: Trade, memo: string | null, flag: number, now: Date): Trade {
  return { ...trade, memo, flag, modifiedAt: instantOf(now) }
}

/** The buyer wants it sent elsewhere. Throws ChangeRefused. */
export function readdress(trade: Trade, receiver: Partial<Receiver>, now: Date): Trade {
  if (!['unpaid', 'paid'].includes(stateOf(trade)))
    throw new ChangeRefused('it is too late for another address')
  return { ...trade, receiver: { ...trade.receiver, ...receiver }, modifiedAt: instantOf(now) }
}
