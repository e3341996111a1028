/**
 * Taobao trades and WooCommerce orders mapped by hand, as one writes it who knows the shapes: typed, straight, with
 * the same exact functions on amounts and instants.
 */
import { currencyDigits, decimal, multiplyDecimal, roundDecimal, toMinor } from '../../src/core/money.ts'
import { instantText } from '../../src/core/time.ts'
import type { TaobaoLine, TaobaoTrade, WooLine, WooOrder } from './mapping-orders.ts'

/** Empty text and null are nothing. */
export const some = <T>(value: T | null | undefined): T | undefined =>
  value === null || value === '' ? undefined : (value as T | undefined)

export const utc = instantText

/** Price × quantity in minor units. */
export function lineMoney(price: string, quantity: number, currency: string): number {
  const amount = multiplyDecimal(price, String(quantity))
  return toMinor(roundDecimal(amount, currencyDigits(currency)), currency)
}

/** What is there of some texts, joined. */
export function words(separator: string, ...parts: (string | null | undefined)[]): string | undefined {
  const there = parts.filter((p) => p)
  return there.length === 0 ? undefined : there.join(separator)
}

export const present = (...parts: (string | null | undefined)[]) => parts.filter((p) => p)

const SHIPPED: Record<string, string> = {
  SELLER_CONSIGNED_PART: 'partial',
  WAIT_BUYER_CONFIRM_GOODS: 'complete',
  TRADE_BUYER_SIGNED: 'complete',
  TRADE_FINISHED: 'complete',
}

function taobaoState(status: string): string {
  if (status === 'TRADE_CLOSED' || status === 'TRADE_CLOSED_BY_TAOBAO') return 'cancelled'
  return status === 'TRADE_FINISHED' ? 'closed' : 'open'
}

function taobaoLine(l: TaobaoLine) {
  const goods = lineMoney(l.price, l.num, 'CNY')
  const paid = toMinor(l.divide_order_fee, 'CNY')
  return {
    externalId: l.oid,
    sku: some(l.outer_sku_id) ?? some(l.outer_iid),
    listing: String(l.num_iid),
    name: l.title,
    options: some(l.sku_properties_name),
    kind: 'goods',
    quantity: decimal(l.num),
    unitPrice: decimal(l.price),
    goods,
    discount: goods - paid,
    tax: 0,
    refunded: l.refund_status === 'SUCCESS' ? { quantity: decimal(l.num), amount: paid, tax: 0 } : undefined,
  }
}

/** A trade as bench/parts/mappings/taobao-trade.in.yaml maps it. */
export function taobaoOrder(t: TaobaoTrade) {
  const phone = some(t.receiver_mobile) ?? some(t.receiver_phone)
  const paidAt = t.pay_time ? utc(`${t.pay_time}+08:00`) : undefined
  const freight = toMinor(t.post_fee, 'CNY')
  const total = toMinor(t.payment, 'CNY')
  return {
    externalId: t.tid,
    version: utc(`${t.modified}+08:00`),
    number: t.tid,
    state: taobaoState(t.status),
    payment: paidAt ? 'paid' : 'unpaid',
    fulfillment: SHIPPED[t.status] ?? 'none',
    placedAt: utc(`${t.created}+08:00`),
    paidAt,
    shop: t.seller_nick,
    subSource: t.type,
    currency: 'CNY',
    taxIncluded: true,
    buyer: {
      opaqueId: some(t.buyer_open_uid),
      name: some(t.buyer_nick),
      email: some(t.buyer_email),
      phone,
    },
    shipTo: taobaoAddress(t, phone),
    lines: t.orders.order.map(taobaoLine),
    shipping: { method: some(t.shipping_type), amount: freight, discount: 0, tax: 0 },
    charges: [],
    payments: paidAt
      ? [{ method: 'alipay', externalId: some(t.alipay_no), amount: total, at: paidAt, state: 'settled' }]
      : [],
    totals: taobaoTotals(t, freight, total),
    remarks: { buyer: some(t.buyer_message), seller: some(t.seller_memo) },
    extra: { status: t.status, flag: t.seller_flag, oaid: some(t.oaid) },
  }
}

function taobaoTotals(t: TaobaoTrade, shipping: number, total: number) {
  const [goods, discount] = [toMinor(t.total_fee, 'CNY'), toMinor(t.discount_fee, 'CNY')]
  return { goods, discount, shipping, total }
}

function taobaoAddress(t: TaobaoTrade, phone: string | undefined) {
  return {
    name: some(t.receiver_name),
    phone,
    lines: present(t.receiver_town, t.receiver_address),
    district: some(t.receiver_district),
    city: some(t.receiver_city),
    subdivision: some(t.receiver_state),
    country: 'CN',
    postcode: some(t.receiver_zip),
  }
}

function wooAddress(p: WooOrder['billing']) {
  return {
    name: words(' ', p.first_name, p.last_name),
    company: some(p.company),
    phone: some(p.phone),
    lines: present(p.address_1, p.address_2),
    city: some(p.city),
    subdivision: some(p.state),
    country: some(p.country),
    postcode: some(p.postcode),
  }
}

function wooLine(l: WooLine, currency: string) {
  const goods = toMinor(l.subtotal, currency)
  const options = l.meta_data.filter((m) => m.display_key !== '_reduced_stock').map((m) => m.display_value)
  return {
    externalId: String(l.id),
    sku: some(l.sku),
    listing: String(l.product_id),
    name: l.name,
    options: words(', ', ...options),
    kind: 'goods',
    quantity: decimal(l.quantity),
    unitPrice: decimal(l.price),
    goods,
    discount: goods - toMinor(l.total, currency),
    tax: toMinor(l.total_tax, currency),
  }
}

function wooPayment(o: WooOrder): string {
  if (o.status === 'refunded') return 'refunded'
  if (o.refunds.length > 0) return 'part-refunded'
  return o.date_paid_gmt ? 'paid' : 'unpaid'
}

/** An order as bench/parts/mappings/woocommerce-order.in.yaml maps it. */
export function woocommerceOrder(o: WooOrder) {
  const { currency } = o
  const sum = (all: { total: string }[]) => all.reduce((s, x) => s + toMinor(x.total, currency), 0)
  const paidAt = o.date_paid_gmt ? utc(`${o.date_paid_gmt}Z`) : undefined
  const total = toMinor(o.total, currency)
  const payment = { method: o.payment_method, externalId: some(o.transaction_id), amount: total }
  const freight = {
    amount: sum(o.shipping_lines),
    tax: o.shipping_lines.reduce((s, x) => s + toMinor(x.total_tax, currency), 0),
  }
  return {
    externalId: String(o.id),
    version: utc(`${o.date_modified_gmt}Z`),
    number: o.number,
    state: wooState(o.status),
    payment: wooPayment(o),
    fulfillment: o.status === 'completed' ? 'complete' : 'none',
    placedAt: utc(`${o.date_created_gmt}Z`),
    paidAt,
    subSource: some(o.created_via),
    currency,
    taxIncluded: false,
    buyer: wooBuyer(o),
    shipTo: some(o.shipping.address_1) || some(o.shipping.city) ? wooAddress(o.shipping) : undefined,
    billTo: wooAddress(o.billing),
    lines: o.line_items.map((l) => wooLine(l, currency)),
    shipping: { method: some(o.shipping_lines[0]?.method_title), ...freight, discount: 0 },
    charges: o.fee_lines.map((f) => wooFee(f, currency)),
    payments: paidAt ? [{ ...payment, at: paidAt, state: 'settled' }] : [],
    totals: {
      discount: toMinor(o.discount_total, currency),
      shipping: toMinor(o.shipping_total, currency),
      tax: toMinor(o.total_tax, currency),
      total,
      refunded: -sum(o.refunds),
    },
    remarks: { buyer: some(o.customer_note) },
    tags: o.coupon_lines.map((c) => c.code),
  }
}

function wooFee(f: WooOrder['fee_lines'][number], currency: string) {
  const [amount, tax] = [toMinor(f.total, currency), toMinor(f.total_tax, currency)]
  return { kind: 'fee', amount, tax, name: some(f.name) }
}

function wooState(status: string): string {
  if (status === 'cancelled' || status === 'failed' || status === 'trash') return 'cancelled'
  return status === 'completed' ? 'closed' : 'open'
}

function wooBuyer(o: WooOrder) {
  return {
    externalId: o.customer_id > 0 ? String(o.customer_id) : undefined,
    name: words(' ', o.billing.first_name, o.billing.last_name),
    company: some(o.billing.company),
    email: some(o.billing.email),
    phone: some(o.billing.phone),
  }
}
