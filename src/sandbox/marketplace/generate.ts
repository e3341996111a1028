/**
 * The trade generator: trade number `serial` of a seed is always the same trade, whatever came before. Every block
 * of 30 holds every difficulty once, in an order drawn from the seed.
 */
import { apportion } from '../../core/money.ts'
import { UNKNOWN_SKUS } from '../generate/catalogue.ts'
import { NOTES } from '../generate/people.ts'
import { type Random, random } from '../generate/random.ts'
import { cancel, pay, readdress, requestRefund, settleRefund } from './change.ts'
import { GOODS } from './goods.ts'
import { rareReceiver, receiver } from './receivers.ts'
import { soldFor, type Trade, type TradeLine } from './trade.ts'
import { instantOf } from './wire.ts'

/** The difficulties, one per card; `plain` ones fill the block up to 30. */
export const CARDS = [
  'many-lines',
  'line-discount',
  'order-discount',
  'adjusted',
  'gift',
  'free',
  'rare-receiver',
  'long-message',
  'no-variant',
  'sku-null',
  'sku-empty',
  'sku-unknown',
  'unpaid',
  'void',
  'cancelled',
  'refund-requested',
  'refund-line',
  'refund-money',
  'readdressed',
] as const

/** One of the difficulties, or none. */
export type Card = (typeof CARDS)[number] | 'plain'

/** How a platform numbers its trades, and how many different goods one may hold. */
export interface Numbering {
  tradeId(serial: number, now: Date): string
  /** Of line `n` (from 0) of `count` in a trade that sells goods number `goods`. */
  lineId(trade: string, n: number, count: number, goods: number): string
  mostLines: number
}

const BLOCK = 30
const SELLABLE = GOODS.filter((g) => !g.gift && g.price > 0)
const PLAIN = SELLABLE.filter((g) => g.skuId === null)
const GIFTS = GOODS.filter((g) => g.gift)

/** The card of trade `serial`: blocks of 30 are shuffled each by their own part of the seed. */
export function cardOf(seed: number, serial: number): Card {
  const dice = random(mix(seed, Math.floor(serial / BLOCK), 0x7a0b))
  const deck: Card[] = [...CARDS, ...Array<Card>(BLOCK - CARDS.length).fill('plain')]
  for (let i = deck.length - 1; i > 0; i--) {
    const j = dice.whole(0, i)
    ;[deck[i], deck[j]] = [deck[j]!, deck[i]!]
  }
  return deck[serial % BLOCK]!
}

function mix(a: number, b: number, c: number): number {
  return Math.imul(a ^ Math.imul(b + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(c + 1, 0xc2b2ae35)
}

/** Makes trade `serial` of a seed, placed at `now`. With `hard` it is dealt a card; without, it is a plain paid one. */
export function generateTrade(seed: number, serial: number, now: Date, hard: boolean, ids: Numbering): Trade {
  const dice = random(mix(seed, serial, 0x7bad))
  const card = hard ? cardOf(seed, serial) : 'plain'
  const at = instantOf(now)
  const id = ids.tradeId(serial, now)
  const count = card === 'many-lines' ? 12 : dice.whole(1, 3)
  const goods = pickGoods(dice, Math.min(count, ids.mostLines), card)
  const lines = goods.map((n, i) => lineOf(n, ids.lineId(id, i, goods.length, n), dice))
  const trade: Trade = {
    id,
    serial,
    placedAt: at,
    modifiedAt: at,
    paidAt: null,
    finishedAt: null,
    closedAt: null,
    buyer: {
      nick: `买家${serial % 500}`,
      openUid: `AAE${(serial % 500).toString(36).padStart(6, '0')}openUid`,
    },
    receiver: card === 'rare-receiver' ? rareReceiver(dice.whole(0, 100)) : receiver(dice.whole(0, 100)),
    message: card === 'long-message' ? NOTES.at(-1)! : dice.chance(0.3) ? '请放门口，谢谢' : null,
    memo: null,
    flag: 0,
    freight: dice.chance(0.5) ? dice.pick([600, 1000, 1250]) : 0,
    lines,
    parcels: [],
    refunds: [],
  }
  return afterwards(shape(trade, card, dice), card, now)
}

/** Different goods, so that a line is known by what it sells; a gift comes last. */
function pickGoods(dice: Random, count: number, card: Card): number[] {
  const from = card === 'no-variant' ? PLAIN : SELLABLE
  const picked = new Set<number>()
  while (picked.size < Math.min(count, from.length)) picked.add(dice.pick(from).n)
  if (card === 'gift' && count > 1) return [...[...picked].slice(0, count - 1), dice.pick(GIFTS).n]
  return [...picked]
}

function lineOf(n: number, id: string, dice: Random): TradeLine {
  const { sku, title, option, price, gift } = GOODS[n]!
  const quantity = dice.whole(1, 4)
  const discount = gift ? price * quantity : 0
  return { id, goods: n, sku, title, option, quantity, price, discount, adjust: 0, share: 0 }
}

function shape(trade: Trade, card: Card, dice: Random): Trade {
  const [first, ...rest] = trade.lines as [TradeLine, ...TradeLine[]]
  const but = (change: Partial<TradeLine>) => ({ ...trade, lines: [{ ...first, ...change }, ...rest] })
  switch (card) {
    case 'line-discount':
      return but({ discount: Math.floor(first.price / 3), quantity: 3 })
    case 'adjusted':
      return but({ adjust: -777 })
    case 'free':
      return { ...but({ discount: first.price * first.quantity }), freight: 0 }
    case 'sku-null':
      return but({ sku: null })
    case 'sku-empty':
      return but({ sku: '' })
    case 'sku-unknown':
      return but({ sku: dice.pick(UNKNOWN_SKUS) })
    case 'refund-line':
    case 'refund-money':
      return but({ quantity: 3 })
    case 'order-discount':
    case 'many-lines':
      return shared(trade, dice)
    default:
      return trade
  }
}

/** A discount on the whole order, spread by largest remainder so that the shares add up to it. */
function shared(trade: Trade, dice: Random): Trade {
  const bases = trade.lines.map(soldFor)
  const whole = Math.min(dice.pick([1001, 2000, 3333]), bases.reduce((a, b) => a + b, 0) - 1)
  const shares = apportion(whole, bases.map(String))
  return { ...trade, lines: trade.lines.map((line, i) => ({ ...line, share: shares[i]! })) }
}

/** What had happened to the trade before anybody could read it. */
function afterwards(trade: Trade, card: Card, now: Date): Trade {
  if (card === 'unpaid') return trade
  if (card === 'void') return cancel(trade, now)
  const paid = pay(trade, now)
  switch (card) {
    case 'cancelled':
      return cancel(paid, now)
    case 'refund-requested':
      return requestRefund(paid, {}, now)
    case 'refund-line':
      return settled(requestRefund(paid, {}, now), now)
    case 'refund-money':
      return settled(requestRefund(paid, { amount: 500, reason: '商家补偿' }, now), now)
    case 'readdressed':
      return readdress(paid, { ...rareReceiver(0), mobile: '13800000010' }, now)
    default:
      return paid
  }
}

const settled = (trade: Trade, now: Date): Trade => settleRefund(trade, trade.refunds[0]!.id, now)

/** A change that happens to a trade some time after it was placed. */
export type LaterChange = 'paid' | 'cancelled' | 'refunded' | 'edited'

/**
 * Draws what happens later to a trade, if anything: every second unpaid one is paid; of those worth a document one in
 * five is cancelled, loses a line or gets another address. `delay` is a fraction (0..1) of the time for changes.
 */
export function laterChange(
  seed: number,
  serial: number,
  declared: { expect: string; reason: string },
): { kind: LaterChange; delay: number } | null {
  const dice = random(mix(seed, serial, 0x1a7e))
  if (declared.reason === 'unpaid') return dice.chance(0.5) ? { kind: 'paid', delay: dice.next() } : null
  if (declared.expect !== 'document' || !dice.chance(0.2)) return null
  return { kind: dice.pick(['cancelled', 'refunded', 'edited'] as const), delay: dice.next() }
}

/** Carries a later change out. Throws ChangeRefused when the trade no longer allows it. */
export function applyLater(trade: Trade, kind: LaterChange, now: Date): Trade {
  if (kind === 'paid') return pay(trade, now)
  if (kind === 'cancelled') return cancel(trade, now)
  if (kind === 'edited') return readdress(trade, rareReceiver(trade.serial), now)
  const asked = requestRefund(trade, { line: trade.lines.at(-1)!.id }, now)
  return settleRefund(asked, asked.refunds.at(-1)!.id, now)
}
