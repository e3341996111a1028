/**
 * The order generator: order number `index` of seed `seed` is always the same order, whatever came before.
 * Every block of 40 orders holds every difficulty once, in an order drawn from the seed.
 */
import { apportion, currencyDigits, toMinor } from '../../core/money.ts'
import { cancel, childId, edit, ID, instant, refund, settle } from '../shopify/change.ts'
import { type ShopOrder, totalsOf } from '../shopify/order.ts'
import { type Article, CATALOGUE, UNKNOWN_SKUS } from './catalogue.ts'
import { type Draft, orderOf, priceIn } from './draft.ts'
import { NOTES, person, rarePerson } from './people.ts'
import { type Random, random } from './random.ts'

/** The difficulties, one per card; `plain` ones fill the block up to 40. */
export const CARDS = [
  'zero-price',
  'all-free',
  'two-hundred-lines',
  'gift',
  'four-decimals',
  'four-decimals-jpy',
  'split-payment',
  'jpy',
  'kwd',
  'eur-excluded',
  'buyer-currency',
  'code-discount',
  'shipping-discount',
  'tip',
  'rare-names',
  'address-holes',
  'no-address',
  'no-customer',
  'sku-null',
  'sku-empty',
  'sku-unknown',
  'unpaid',
  'authorized',
  'cancelled',
  'refund-part',
  'refund-line',
  'refund-amount',
  'refund-freight',
  'refund-full',
  'edited',
] as const

/** One of the difficulties, or none. */
export type Card = (typeof CARDS)[number] | 'plain'

const BLOCK = 40
const SELLABLE = CATALOGUE.filter((a) => !a.bulk && !a.gift && a.price > 0)
const BULK = CATALOGUE.filter((a) => a.bulk)
const GIFTS = CATALOGUE.filter((a) => a.gift)
const FREE = CATALOGUE.filter((a) => a.price === 0)

/** The card of order `index`: blocks of 40 are shuffled each by their own part of the seed. */
export function cardOf(seed: number, index: number): Card {
  const dice = random(mix(seed, Math.floor(index / BLOCK), 0x5eed))
  const deck: Card[] = [...CARDS, ...Array<Card>(BLOCK - CARDS.length).fill('plain')]
  for (let i = deck.length - 1; i > 0; i--) {
    const j = dice.whole(0, i)
    ;[deck[i], deck[j]] = [deck[j]!, deck[i]!]
  }
  return deck[index % BLOCK]!
}

function mix(a: number, b: number, c: number): number {
  return Math.imul(a ^ Math.imul(b + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(c + 1, 0xc2b2ae35)
}

/**
 * Makes order `index` of a seed, placed at `now`. With `hard` it is dealt a card; without, it is a plain paid
 * order in CNY.
 */
export function generateOrder(seed: number, index: number, now: Date, hard: boolean): ShopOrder {
  const dice = random(mix(seed, index, 0x0dde))
  const card = hard ? cardOf(seed, index) : 'plain'
  const draft = draftOf(dice, index, now, hard)
  shape(draft, card, dice)
  return afterwards(pay(trim(orderOf(draft), card), draft), card, dice, now)
}

function draftOf(dice: Random, index: number, now: Date, hard: boolean): Draft {
  const currency = hard ? dice.pick(['CNY', 'CNY', 'CNY', 'USD', 'EUR', 'JPY']) : 'CNY'
  const included = currency !== 'USD'
  return {
    index,
    now,
    currency,
    taxesIncluded: included,
    taxRate: { CNY: '0.13', USD: '0.0825', EUR: '0.19', JPY: '0.1', KWD: '0.05' }[currency]!,
    presentment: null,
    buyer: person(dice.whole(0, 100)),
    lines: draw(dice, dice.whole(1, 4)),
    codeDiscount: null,
    freight: dice.chance(0.7) ? minor(currency, 12) : 0,
    shippingDiscount: null,
    tip: 0,
    payment: 'paid',
    note: dice.pick(NOTES),
  }
}

function draw(dice: Random, count: number): Draft['lines'] {
  return Array.from({ length: count }, () => ({ article: dice.pick(SELLABLE), quantity: dice.whole(1, 5) }))
}

function minor(currency: string, cny: number): number {
  return toMinor(priceIn(currency, cny), currency)
}

const SHAPES: Partial<Record<Card, (draft: Draft, dice: Random) => void>> = {
  'zero-price': (d, dice) => d.lines.push({ article: dice.pick(FREE), quantity: dice.whole(1, 3) }),
  'all-free': (d, dice) => {
    d.lines = [{ article: dice.pick(FREE), quantity: 1 }]
    d.freight = 0
  },
  'two-hundred-lines': (d, dice) => {
    d.lines = draw(dice, 200)
    d.codeDiscount = '0.05'
  },
  gift: (d, dice) => d.lines.push({ article: dice.pick(GIFTS), quantity: 1 }),
  'four-decimals': (d, dice) => bulk(d, dice, dice.pick(['CNY', 'EUR', 'KWD', 'USD'])),
  'four-decimals-jpy': (d, dice) => bulk(d, dice, 'JPY'),
  'split-payment': (d) => {
    d.payment = 'split'
  },
  jpy: (d) => money(d, 'JPY', true, '0.08'),
  kwd: (d, dice) => money(d, 'KWD', dice.chance(0.5), '0.05'),
  'eur-excluded': (d) => money(d, 'EUR', false, '0.07'),
  'buyer-currency': (d) => {
    money(d, 'KWD', false, '0.05')
    d.presentment = { currency: 'USD', rate: '3.2' }
  },
  'code-discount': (d, dice) => {
    d.lines.push(...draw(dice, 3))
    d.codeDiscount = dice.pick(['0.0733', '0.1', '0.3333'])
  },
  'shipping-discount': (d, dice) => {
    d.freight = minor(d.currency, 37)
    d.shippingDiscount = dice.pick(['1', '0.35'])
  },
  tip: (d) => {
    d.tip = minor(d.currency, 5)
  },
  'rare-names': (d, dice) => {
    d.buyer = rarePerson(dice.whole(0, 100))
    d.note = '𠮷日にお届けください 🍵 㐂寿のお祝い'
  },
  'address-holes': (d) => {
    const { address } = d.buyer
    d.buyer = { ...d.buyer, address: { ...address, firstName: null, city: null, zip: '', phone: null } }
  },
  'sku-null': (d) => {
    d.lines[0]!.sku = null
  },
  'sku-empty': (d) => {
    d.lines[0]!.sku = ''
  },
  'sku-unknown': (d, dice) => {
    d.lines[0]!.sku = dice.pick(UNKNOWN_SKUS)
  },
  unpaid: (d) => {
    d.payment = 'pending'
  },
  authorized: (d) => {
    d.payment = 'authorized'
  },
  'refund-part': (d) => {
    d.lines[0]!.quantity = 3
    d.codeDiscount = '0.0777'
  },
  'refund-line': (d, dice) => d.lines.push(...draw(dice, 1)),
  'refund-freight': (d) => {
    d.freight = minor(d.currency, 18)
  },
  edited: (d) => {
    d.lines[0]!.quantity = 2
  },
}

function shape(draft: Draft, card: Card, dice: Random): void {
  if (card !== 'plain') SHAPES[card]?.(draft, dice)
}

function money(draft: Draft, currency: string, included: boolean, taxRate: string): void {
  Object.assign(draft, { currency, taxesIncluded: included, taxRate, freight: minor(currency, 12) })
}

/** Wholesale: a price per piece finer than the currency, in numbers that make the line's total whole. */
function bulk(draft: Draft, dice: Random, currency: string): void {
  money(draft, currency, dice.chance(0.5), '0.13')
  const step = 10 ** (4 - currencyDigits(currency))
  const article: Article = dice.pick(BULK)
  const price = dice.pick(['0.3333', '0.0875', '1.2345', '0.0001'])
  draft.lines = [{ article, quantity: step * dice.whole(1, 30), price }, ...draw(dice, 1)]
  draft.codeDiscount = dice.chance(0.5) ? '0.0333' : null
}

function trim(order: ShopOrder, card: Card): ShopOrder {
  if (card === 'no-customer') return { ...order, customer: null, email: null, phone: null }
  if (card === 'no-address') return { ...order, shipping: null, billing: null }
  return order
}

function pay(order: ShopOrder, draft: Draft): ShopOrder {
  const { total } = totalsOf(order)
  if (draft.payment === 'pending' || total === 0) return order
  const add = (o: ShopOrder, kind: 'SALE' | 'AUTHORIZATION', gateway: string, amount: number): ShopOrder => {
    const one = { id: childId(o, ID.transaction), kind, status: 'SUCCESS' as const, gateway, amount }
    const transaction = { ...one, at: instant(draft.now), parent: null, refund: null }
    return { ...o, transactions: [...o.transactions, transaction] }
  }
  if (draft.payment === 'authorized') return add(order, 'AUTHORIZATION', 'bogus', total)
  if (draft.payment === 'paid') return add(order, 'SALE', 'bogus', total)
  const [card = 0, rest = 0] = apportion(total, ['1', '2'])
  return add(add(order, 'SALE', 'gift_card', card), 'SALE', 'bogus', rest)
}

/** What had happened to the order before anybody could read it. */
function afterwards(order: ShopOrder, card: Card, dice: Random, now: Date): ShopOrder {
  const first = order.lines[0]!
  switch (card) {
    case 'cancelled':
      return cancel(order, now)
    case 'refund-part':
      return refund(order, { lines: [{ line: first.id, quantity: 1 }], note: '一部返品' }, now)
    case 'refund-line':
      return refund(order, { lines: [{ line: first.id }] }, now)
    case 'refund-amount':
      return refund(order, { amount: minor(order.currency, 3), note: 'お詫び' }, now)
    case 'refund-freight':
      return refund(order, { shipping: true }, now)
    case 'refund-full':
      return refund(order, { full: true }, now)
    case 'edited':
      return edit(order, { remove: { line: first.id, quantity: 1 }, add: extra(order, dice) }, now)
    default:
      return order
  }
}

function extra(
  order: ShopOrder,
  dice: Random,
): { sku: string; title: string; unitPrice: string; quantity: number } {
  const article = dice.pick(SELLABLE)
  return {
    sku: article.sku,
    title: article.name,
    unitPrice: priceIn(order.currency, article.price),
    quantity: 1,
  }
}

/** A change that happens to an order some time after it was placed. */
export type LaterChange = 'edited' | 'cancelled' | 'refunded' | 'paid'

/**
 * Draws what happens later to order `index` of a seed, if anything: of those that are worth a document about
 * one in five is edited, cancelled or partly refunded; every second unpaid one is paid. `delay` is a fraction
 * (0..1) of the time that changes may take.
 */
export function laterChange(
  seed: number,
  index: number,
  declared: { expect: string; reason: string },
): { kind: LaterChange; delay: number } | null {
  const dice = random(mix(seed, index, 0xc4a6))
  if (declared.reason === 'unpaid') return dice.chance(0.5) ? { kind: 'paid', delay: dice.next() } : null
  if (declared.expect !== 'document' || !dice.chance(0.2)) return null
  return { kind: dice.pick(['edited', 'edited', 'cancelled', 'refunded'] as const), delay: dice.next() }
}

/** Carries a later change out. Throws ChangeRefused when the order no longer allows it. */
export function applyLater(order: ShopOrder, kind: LaterChange, seed: number, now: Date): ShopOrder {
  const dice = random(mix(seed, order.id % 1_000_000, 0xe417))
  if (kind === 'cancelled') return cancel(order, now)
  if (kind === 'paid') return settle(order, now)
  const line = dice.pick(order.lines)
  if (kind === 'refunded') return refund(order, { lines: [{ line: line.id, quantity: 1 }] }, now)
  const add = extra(order, dice)
  const removed = order.lines.length > 1 && dice.chance(0.4) ? { remove: { line: line.id, quantity: 1 } } : {}
  return edit(order, { add, ...removed }, now)
}
