/**
 * What a Chinese marketplace shop holds of an order, and what follows from it. Amounts are fen (1/100 CNY), prices
 * contain the tax and no platform states it. Nothing is changed in place: every change makes a new version.
 */

/** Where the goods go, in the clear. It leaves the sandbox masked or enciphered, as each platform does it. */
export interface Receiver {
  name: string
  mobile: string
  province: string
  city: string
  /** May be missing, as in a city without districts. */
  district: string | null
  town: string | null
  address: string
  zip: string
}

export interface TradeLine {
  /** Unique in the trade, digits; where the platform numbers lines, in the shop and beyond 2^53. */
  id: string
  /** Index into `GOODS`: what was sold. */
  goods: number
  /** The merchant's own code; null and '' as merchants forget it. */
  sku: string | null
  title: string
  /** Null for goods that have no variants. */
  option: string | null
  quantity: number
  /** Apiece. */
  price: number
  /** The line's own discount. */
  discount: number
  /** What the seller changed by hand before payment; below 0 it is cheaper. */
  adjust: number
  /** The line's share of a discount on the whole order. */
  share: number
}

/** One parcel; a line is shipped whole. */
export interface Parcel {
  company: string
  number: string
  lines: string[]
  at: string
}

/** A buyer's wish for money, with or without giving goods back; its number stays through its whole life. */
export interface RefundCase {
  /** Digits beyond 2^53. */
  id: string
  line: string
  goodsBack: boolean
  /** Pieces that are off the line once it is settled; 0 where only money goes back. */
  pieces: number
  amount: number
  state: 'requested' | 'approved' | 'sent-back' | 'settled' | 'refused' | 'withdrawn'
  reason: string
  afterShipping: boolean
  createdAt: string
  modifiedAt: string
  endedAt: string | null
  /** The parcel of the goods that come back. */
  tracking: string | null
}

export interface Trade {
  id: string
  /** Counts the shop's trades from 0. */
  serial: number
  /** Instants in UTC, whole seconds. */
  placedAt: string
  modifiedAt: string
  paidAt: string | null
  finishedAt: string | null
  /** Ended without or after taking all money back. */
  closedAt: string | null
  buyer: { nick: string; openUid: string }
  receiver: Receiver
  /** What the buyer wrote. */
  message: string | null
  /** The seller's note, and the colour of its flag (0 to 5). */
  memo: string | null
  flag: number
  freight: number
  lines: TradeLine[]
  parcels: Parcel[]
  refunds: RefundCase[]
}

/** Where a trade stands. */
export type TradeState = 'unpaid' | 'void' | 'paid' | 'part-shipped' | 'shipped' | 'finished' | 'refunded'

/** What is asked for a line before any share of the order's discount. */
export const dueOf = (line: TradeLine): number => line.price * line.quantity + line.adjust - line.discount

/** What a line was sold for. */
export const soldFor = (line: TradeLine): number => dueOf(line) - line.share

/** What the buyer pays for all, freight contained. */
export function paymentOf(trade: Trade): number {
  return trade.lines.reduce((sum, line) => sum + soldFor(line), trade.freight)
}

/** The cases of a line that took something back already. */
function settledOf(trade: Trade, line: string): RefundCase[] {
  return trade.refunds.filter((r) => r.line === line && r.state === 'settled')
}

/** Pieces of a line that are still sold. */
export function piecesLeft(trade: Trade, line: TradeLine): number {
  return settledOf(trade, line.id).reduce((left, r) => left - r.pieces, line.quantity)
}

/** Fen of a line that have not gone back to the buyer. */
export function moneyLeft(trade: Trade, line: TradeLine): number {
  return settledOf(trade, line.id).reduce((left, r) => left - r.amount, soldFor(line))
}

/** The parcel of a line. */
export function parcelOf(trade: Trade, line: string): Parcel | undefined {
  return trade.parcels.find((p) => p.lines.includes(line))
}

/** The newest case of a line, whatever became of it. */
export function caseOf(trade: Trade, line: string): RefundCase | undefined {
  return trade.refunds.findLast((r) => r.line === line)
}

/** True while a person has to decide about a case. */
export function isOpen(one: RefundCase): boolean {
  return one.state === 'requested' || one.state === 'approved' || one.state === 'sent-back'
}

/** Where a single line stands. */
export function lineState(trade: Trade, line: TradeLine): TradeState {
  if (!trade.paidAt) return trade.closedAt ? 'void' : 'unpaid'
  if (piecesLeft(trade, line) <= 0) return 'refunded'
  if (trade.finishedAt) return 'finished'
  return parcelOf(trade, line.id) ? 'shipped' : 'paid'
}

/** Where the whole trade stands, by the lines of which something is left. */
export function stateOf(trade: Trade): TradeState {
  if (!trade.paidAt) return trade.closedAt ? 'void' : 'unpaid'
  const left = trade.lines.filter((line) => piecesLeft(trade, line) > 0)
  if (left.length === 0) return 'refunded'
  if (trade.finishedAt) return 'finished'
  const shipped = left.filter((line) => parcelOf(trade, line.id)).length
  if (shipped === 0) return 'paid'
  return shipped === left.length ? 'shipped' : 'part-shipped'
}
