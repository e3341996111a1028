/** Builds one order from a draft in plain words: prices, discounts and taxes are worked out here, exactly. */
import { apportion, currencyDigits, roundDecimal } from '../../core/money.ts'
import { ID, instant, taxOn } from '../shopify/change.ts'
import {
  amounts,
  type Discount,
  goodsOf,
  type Line,
  type ShippingLine,
  type ShopOrder,
} from '../shopify/order.ts'
import type { Article } from './catalogue.ts'
import type { Person } from './people.ts'

/** One line to be: `sku` overrides the article's, `price` its price. */
export interface DraftLine {
  article: Article
  quantity: number
  sku?: string | null
  price?: string
}

/** An order to be. `codeDiscount` and `shippingDiscount` are fractions of their base, decimal text. */
export interface Draft {
  index: number
  now: Date
  currency: string
  taxesIncluded: boolean
  taxRate: string | null
  presentment: ShopOrder['presentment']
  buyer: Person
  lines: DraftLine[]
  codeDiscount: string | null
  freight: number
  shippingDiscount: string | null
  tip: number
  payment: 'paid' | 'split' | 'pending' | 'authorized'
  note: string | null
}

/** Units of each currency that one CNY buys, roughly; prices only have to look right. */
const RATES: Record<string, number> = { CNY: 1, USD: 0.14, EUR: 0.13, JPY: 21, KWD: 0.043 }

/** A price of `cny` CNY in another currency, as decimal text with the currency's digits. */
export function priceIn(currency: string, cny: number): string {
  return roundDecimal((cny * (RATES[currency] ?? 1)).toFixed(6), currencyDigits(currency))
}

/** Makes the order as it is at checkout. Throws RangeError when a line's total is not whole minor units. */
export function orderOf(draft: Draft): ShopOrder {
  const run = draft.index * 1000
  const discounts: Discount[] = []
  const lines = draft.lines.map((l, i) => lineOf(draft, l, ID.line + 1000 + run + i))
  giveAway(draft, lines, discounts)
  spreadCode(draft, lines, discounts)
  const shippingLines = shippingOf(draft, discounts, ID.shipping + 1000 + run + lines.length)
  if (draft.taxRate) for (const l of [...lines, ...shippingLines]) l.taxes = taxesOf(draft, l)
  return {
    ...headOf(draft),
    discounts,
    lines,
    shippingLines,
    tip: draft.tip,
    transactions: [],
    refunds: [],
    fulfillments: [],
  }
}

type Head = Omit<
  ShopOrder,
  'discounts' | 'lines' | 'shippingLines' | 'tip' | 'transactions' | 'refunds' | 'fulfillments'
>

function headOf({ index, now, buyer, currency, taxesIncluded, presentment, note }: Draft): Head {
  const at = instant(now)
  const email = `buyer.${index}@example.com`
  const { firstName, lastName, address } = buyer
  return {
    id: ID.order + 1 + index,
    number: 1001 + index,
    name: `#${1001 + index}`,
    currency,
    presentment,
    taxesIncluded,
    createdAt: at,
    updatedAt: at,
    cancelledAt: null,
    cancelReason: null,
    closedAt: null,
    edited: false,
    note,
    email,
    phone: address.phone,
    tags: ['sandbox'],
    customer: { id: 8_000_000_000_001 + (index % 500), firstName, lastName, email },
    billing: address,
    shipping: address,
    attributes: index % 7 === 0 ? [['配送希望日', '2026-12-24']] : [],
  }
}

function lineOf(draft: Draft, l: DraftLine, id: number): Line {
  const unitPrice = l.price ?? priceIn(draft.currency, l.article.price)
  return {
    id,
    sku: l.sku === undefined ? l.article.sku : l.sku,
    title: l.article.name,
    option: l.article.option,
    quantity: l.quantity,
    unitPrice,
    goods: goodsOf(unitPrice, l.quantity, draft.currency),
    allocations: [],
    taxes: [],
    ships: !l.article.sku.startsWith('EBOOK'),
    attributes: [],
  }
}

/** Gifts are real lines at a real price under an automatic discount of 100 %. */
function giveAway(draft: Draft, lines: Line[], discounts: Discount[]): void {
  const gifts = lines.filter((_, i) => draft.lines[i]!.article.gift)
  if (gifts.length === 0) return
  const index = discounts.push({
    kind: 'automatic',
    name: 'おまけプレゼント',
    target: 'LINE_ITEM',
    method: 'EACH',
    value: { percentage: 100 },
  })
  for (const l of gifts) l.allocations.push({ discount: index - 1, amount: l.goods })
}

/** A code's amount is spread over what is left of the lines by largest remainder. */
function spreadCode(draft: Draft, lines: Line[], discounts: Discount[]): void {
  if (!draft.codeDiscount) return
  const bases = lines.map((l) => l.goods - amounts(l.allocations))
  const base = bases.reduce((a, b) => a + b, 0)
  const amount = Math.floor(base * Number(draft.codeDiscount))
  if (amount <= 0) return
  const index = discounts.push({
    kind: 'code',
    name: 'SAMPLE500',
    target: 'LINE_ITEM',
    method: 'ACROSS',
    value: { amount },
  })
  apportion(amount, bases.map(String)).forEach((share, i) => {
    if (share > 0) lines[i]!.allocations.push({ discount: index - 1, amount: share })
  })
}

function shippingOf(draft: Draft, discounts: Discount[], id: number): ShippingLine[] {
  if (draft.freight === 0) return []
  const line: ShippingLine = {
    id,
    title: '通常配送 🚚',
    code: 'Standard',
    price: draft.freight,
    allocations: [],
    taxes: [],
  }
  if (draft.shippingDiscount) {
    const index = discounts.push({
      kind: 'code',
      name: 'FREESHIP',
      target: 'SHIPPING_LINE',
      method: 'EACH',
      value: { percentage: Number(draft.shippingDiscount) * 100 },
    })
    const amount = Math.floor(draft.freight * Number(draft.shippingDiscount))
    line.allocations.push({ discount: index - 1, amount })
  }
  return [line]
}

function taxesOf(draft: Draft, l: Line | ShippingLine): Line['taxes'] {
  const amount = ('goods' in l ? l.goods : l.price) - amounts(l.allocations)
  return [
    taxOn(
      amount,
      { title: draft.currency === 'CNY' ? '增值税' : 'VAT', rate: draft.taxRate! },
      draft.taxesIncluded,
    ),
  ]
}
