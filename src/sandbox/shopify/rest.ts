/** Webhook payloads: the REST (snake_case) shape of orders and refunds, instants in the shop's own zone. */

import { fullName } from '../generate/people.ts'
import { gid } from './connection.ts'
import {
  amounts,
  type Fulfillment,
  financialStatus,
  fulfillmentStatus,
  type Line,
  presentmentMinor,
  presentmentUnit,
  type Refund,
  restAmount,
  type ShippingLine,
  type ShopAddress,
  type ShopOrder,
  shippedOf,
  type Tax,
  takenBack,
  totalsOf,
} from './order.ts'
import { lineName, taxTable } from './view.ts'

/** Minutes east of UTC of the sandbox shop (Asia/Shanghai has no summer time). */
const OFFSET = 480

/** An instant in the shop's zone, as REST states it: 2026-11-18T10:00:00+08:00. */
export function zoned(at: string): string {
  const local = new Date(Date.parse(at) + OFFSET * 60_000).toISOString().slice(0, 19)
  return `${local}+08:00`
}

const zonedOrNull = (at: string | null) => (at === null ? null : zoned(at))

function moneySet(order: ShopOrder, minor: number) {
  const buyer = presentmentMinor(order, minor)
  return {
    shop_money: { amount: restAmount(minor, order.currency), currency_code: order.currency },
    presentment_money: { amount: restAmount(buyer.minor, buyer.currency), currency_code: buyer.currency },
  }
}

function taxLines(order: ShopOrder, taxes: Tax[]) {
  return taxes.map((t) => ({
    price: restAmount(t.amount, order.currency),
    rate: Number(t.rate),
    title: t.title,
    channel_liable: false,
    price_set: moneySet(order, t.amount),
  }))
}

function allocations(order: ShopOrder, of: Line | ShippingLine) {
  return of.allocations.map((a) => ({
    amount: restAmount(a.amount, order.currency),
    amount_set: moneySet(order, a.amount),
    discount_application_index: a.discount,
  }))
}

function lineItem(order: ShopOrder, l: Line) {
  const current = l.quantity - takenBack(order, l.id)
  const shipped = shippedOf(order, l.id)
  const buyer = presentmentUnit(order, l.unitPrice)
  return {
    id: l.id,
    admin_graphql_api_id: gid('LineItem', l.id),
    current_quantity: current,
    fulfillable_quantity: l.ships ? current - shipped : 0,
    fulfillment_service: 'manual',
    fulfillment_status: shipped === 0 ? null : shipped < current ? 'partial' : 'fulfilled',
    gift_card: false,
    grams: 300,
    name: lineName(l),
    price: l.unitPrice,
    price_set: {
      shop_money: { amount: l.unitPrice, currency_code: order.currency },
      presentment_money: { amount: buyer.amount, currency_code: buyer.currency },
    },
    product_exists: l.sku !== null,
    properties: l.attributes.map(([name, value]) => ({ name, value })),
    quantity: l.quantity,
    requires_shipping: l.ships,
    sku: l.sku,
    taxable: l.taxes.length > 0,
    title: l.title,
    total_discount: restAmount(0, order.currency),
    total_discount_set: moneySet(order, 0),
    variant_title: l.option,
    vendor: 'サンプル商店',
    tax_lines: taxLines(order, l.taxes),
    duties: [],
    discount_allocations: allocations(order, l),
  }
}

function shippingLine(order: ShopOrder, s: ShippingLine) {
  return {
    id: s.id,
    carrier_identifier: null,
    code: s.code,
    discounted_price: restAmount(s.price - amounts(s.allocations), order.currency),
    discounted_price_set: moneySet(order, s.price - amounts(s.allocations)),
    is_removed: false,
    price: restAmount(s.price, order.currency),
    price_set: moneySet(order, s.price),
    source: 'shopify',
    title: s.title,
    tax_lines: taxLines(order, s.taxes),
    discount_allocations: allocations(order, s),
  }
}

function address(a: ShopAddress | null) {
  if (!a) return null
  return {
    first_name: a.firstName,
    last_name: a.lastName,
    name: fullName(a),
    company: a.company,
    address1: a.address1,
    address2: a.address2,
    city: a.city,
    province: a.province,
    province_code: a.provinceCode,
    zip: a.zip,
    country: a.country,
    country_code: a.countryCode,
    phone: a.phone,
    latitude: null,
    longitude: null,
  }
}

/** The payload of `refunds/create`. Refund lines state their amounts as JSON numbers, as real ones do. */
export function restRefund(order: ShopOrder, r: Refund) {
  return {
    id: r.id,
    admin_graphql_api_id: gid('Refund', r.id),
    created_at: zoned(r.at),
    processed_at: zoned(r.at),
    note: r.note,
    order_id: order.id,
    restock: r.lines.length > 0,
    user_id: null,
    order_adjustments: adjustments(order, r),
    transactions: transactions(order, (t) => t.refund === r.id),
    refund_line_items: r.lines.map((l) => ({
      id: l.id,
      line_item_id: l.line,
      location_id: 60_000_000_001,
      quantity: l.quantity,
      restock_type: l.restock.toLowerCase(),
      subtotal: Number(restAmount(l.subtotal, order.currency)),
      subtotal_set: moneySet(order, l.subtotal),
      total_tax: Number(restAmount(l.tax, order.currency)),
      total_tax_set: moneySet(order, l.tax),
      line_item: lineItem(order, order.lines.find((o) => o.id === l.line)!),
    })),
    duties: [],
    return: null,
  }
}

/** Freight paid back and money of no line stand together; both are negative when the buyer got them. */
function adjustments(order: ShopOrder, r: Refund) {
  const freight = r.shipping
    ? [{ id: r.shipping.id, amount: -r.shipping.amount, tax: -r.shipping.tax, kind: 'shipping_refund' }]
    : []
  const others = r.adjustments.map((a) => ({ ...a, kind: 'refund_discrepancy' }))
  return [...freight, ...others].map((a) => ({
    id: a.id,
    amount: restAmount(a.amount, order.currency),
    amount_set: moneySet(order, a.amount),
    kind: a.kind,
    order_id: order.id,
    reason: a.kind === 'shipping_refund' ? 'Shipping refund' : 'Refund discrepancy',
    refund_id: r.id,
    tax_amount: restAmount(a.tax, order.currency),
    tax_amount_set: moneySet(order, a.tax),
  }))
}

function transactions(order: ShopOrder, wanted: (t: ShopOrder['transactions'][number]) => boolean) {
  return order.transactions.filter(wanted).map((t) => ({
    id: t.id,
    admin_graphql_api_id: gid('OrderTransaction', t.id),
    amount: restAmount(t.amount, order.currency),
    created_at: zoned(t.at),
    currency: order.currency,
    gateway: t.gateway,
    kind: t.kind.toLowerCase(),
    order_id: order.id,
    parent_id: t.parent,
    processed_at: zoned(t.at),
    status: t.status.toLowerCase(),
    test: true,
  }))
}

function fulfillment(order: ShopOrder, f: Fulfillment, n: number) {
  return {
    id: f.id,
    admin_graphql_api_id: gid('Fulfillment', f.id),
    created_at: zoned(f.at),
    updated_at: zoned(f.at),
    name: `${order.name}-F${n + 1}`,
    order_id: order.id,
    service: 'manual',
    status: 'success',
    tracking_company: f.company,
    tracking_number: f.number,
    tracking_numbers: f.number === null ? [] : [f.number],
    tracking_url: f.url,
    tracking_urls: f.url === null ? [] : [f.url],
    line_items: f.lines.map((l) => ({
      ...lineItem(order, order.lines.find((o) => o.id === l.line)!),
      quantity: l.quantity,
    })),
  }
}

function sums(order: ShopOrder) {
  const t = totalsOf(order)
  const both = (name: string, minor: number) => ({
    [name]: restAmount(minor, order.currency),
    [`${name}_set`]: moneySet(order, minor),
  })
  return {
    ...both('subtotal_price', t.subtotal),
    ...both('total_discounts', t.discounts),
    ...both('total_line_items_price', t.lineItems),
    ...both('total_tax', t.tax),
    ...both('total_price', t.total),
    ...both('current_subtotal_price', t.currentSubtotal),
    ...both('current_total_tax', t.currentTax),
    ...both('current_total_price', t.currentTotal),
    current_shipping_price_set: moneySet(order, t.currentShipping),
    total_shipping_price_set: moneySet(order, t.shipping),
    total_outstanding: restAmount(t.outstanding, order.currency),
    total_tip_received: restAmount(order.tip, order.currency),
    total_cash_rounding_payment_adjustment_set: moneySet(order, 0),
    total_cash_rounding_refund_adjustment_set: moneySet(order, 0),
    original_total_duties_set: null,
    current_total_duties_set: null,
    original_total_additional_fees_set: null,
    current_total_additional_fees_set: null,
    financial_status: financialStatus(order, t).toLowerCase(),
  }
}

const REST_FULFILLMENT: Record<string, string | null> = {
  UNFULFILLED: null,
  PARTIALLY_FULFILLED: 'partial',
  FULFILLED: 'fulfilled',
}

function discounts(order: ShopOrder) {
  return {
    discount_codes: order.discounts
      .filter((d) => d.kind === 'code')
      .map((d) =>
        'amount' in d.value
          ? { code: d.name, amount: restAmount(d.value.amount, order.currency), type: 'fixed_amount' }
          : { code: d.name, amount: String(d.value.percentage), type: 'shipping' },
      ),
    discount_applications: order.discounts.map((d) => ({
      target_type: d.target.toLowerCase(),
      type: d.kind === 'code' ? 'discount_code' : d.kind,
      ...('amount' in d.value
        ? { value: restAmount(d.value.amount, order.currency), value_type: 'fixed_amount' }
        : { value: d.value.percentage.toFixed(1), value_type: 'percentage' }),
      allocation_method: d.method.toLowerCase(),
      target_selection: d.method === 'ACROSS' ? 'all' : 'entitled',
      ...(d.kind === 'code' ? { code: d.name } : { title: d.name }),
    })),
  }
}

function head(order: ShopOrder) {
  return {
    id: order.id,
    admin_graphql_api_id: gid('Order', order.id),
    app_id: 580111,
    buyer_accepts_marketing: false,
    cancel_reason: order.cancelReason?.toLowerCase() ?? null,
    cancelled_at: zonedOrNull(order.cancelledAt),
    closed_at: zonedOrNull(order.closedAt),
    confirmed: true,
    contact_email: order.email,
    created_at: zoned(order.createdAt),
    currency: order.currency,
    customer_locale: 'zh-CN',
    duties_included: false,
    email: order.email,
    fulfillment_status: REST_FULFILLMENT[fulfillmentStatus(order)] ?? null,
    name: order.name,
    note: order.note,
    note_attributes: order.attributes.map(([name, value]) => ({ name, value })),
    number: order.number - 1000,
    order_number: order.number,
    payment_gateway_names: [...new Set(order.transactions.map((t) => t.gateway))],
    phone: order.phone,
    po_number: null,
    presentment_currency: order.presentment?.currency ?? order.currency,
    processed_at: zoned(order.createdAt),
    source_name: 'web',
    tags: order.tags.join(', '),
    tax_exempt: false,
    taxes_included: order.taxesIncluded,
    test: true,
    updated_at: zoned(order.updatedAt),
    user_id: null,
  }
}

function customer(c: ShopOrder['customer']) {
  return (
    c && {
      id: c.id,
      first_name: c.firstName,
      last_name: c.lastName,
      email: c.email,
      phone: null,
      tax_exempt: false,
      admin_graphql_api_id: gid('Customer', c.id),
      default_address: null,
    }
  )
}

/** The payload of `orders/*`. */
export function restOrder(order: ShopOrder) {
  return {
    ...head(order),
    ...sums(order),
    ...discounts(order),
    tax_lines: taxLines(order, taxTable(order)),
    billing_address: address(order.billing),
    shipping_address: address(order.shipping),
    customer: customer(order.customer),
    fulfillments: order.fulfillments.map((f, n) => fulfillment(order, f, n)),
    line_items: order.lines.map((l) => lineItem(order, l)),
    refunds: order.refunds.map((r) => restRefund(order, r)),
    shipping_lines: order.shippingLines.map((s) => shippingLine(order, s)),
  }
}
