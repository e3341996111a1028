/** What the marketplace shows: orders, shipments, pages (api.md, chapters 4 and 5). */
import { fromMinor } from '../../core/money.ts'
import { numberText as id } from '../exact-json.ts'
import { clockText } from './clock.ts'
import { amountsOf, type Line, type Order, type Package, statusOf, taxIn } from './order.ts'
import type { Shipment } from './shipment.ts'

const pesos = (amount: number): string => `${fromMinor(amount, 'CLP')}.00`

/** A stored instant as a clock text. */
export const clock = (at: string | null): string | null => (at === null ? null : clockText(new Date(at)))

const fourDecimals = (price: string): string => {
  const [whole, fraction = ''] = price.split('.')
  return `${whole}.${fraction.padEnd(4, '0')}`
}

export function orderView(order: Order): object {
  const { recipient: r, buyer } = order
  return {
    order_id: id(order.id),
    order_no: order.no,
    status: statusOf(order),
    revision: order.revision,
    created_at: clock(order.createdAt),
    paid_at: clock(order.paidAt),
    modified_at: clock(order.modifiedAt),
    ship_before: clock(order.shipBefore),
    cancelled_at: clock(order.cancelledAt),
    cancel_reason: order.cancelReason,
    buyer: { buyer_id: buyer.id, nick: buyer.nick },
    recipient: {
      name: r.name,
      rut: r.rut,
      phone: r.phone,
      region_code: r.regionCode,
      region: r.region,
      commune: r.commune,
      street: r.street,
      number: r.number,
      extra: r.extra,
      postcode: r.postcode,
    },
    buyer_note: order.buyerNote,
    seller_note: order.sellerNote,
    flag: order.flag,
    invoice: order.invoice,
    amounts: amountsView(order),
    payments: order.payments.map((p) => ({
      payment_no: p.no,
      method: p.method,
      amount: pesos(p.amount),
      paid_at: clock(p.at),
    })),
    packages: order.packages.map(packageView),
  }
}

function amountsView(order: Order): object {
  const a = amountsOf(order)
  return {
    goods: pesos(a.goods),
    seller_discount: pesos(a.sellerDiscount),
    platform_discount: pesos(a.platformDiscount),
    freight: pesos(a.freight),
    freight_discount: pesos(a.freightDiscount),
    buyer_pays: pesos(a.buyerPays),
    seller_receives: pesos(a.sellerReceives),
    refunded: pesos(a.refunded),
  }
}

function packageView(p: Package): object {
  return {
    package_id: id(p.id),
    warehouse: p.warehouse,
    delivery: p.delivery,
    freight: pesos(p.freight),
    freight_discount: pesos(p.freightDiscount),
    lines: p.lines.map(lineView),
  }
}

function lineView(l: Line): object {
  return {
    line_id: id(l.id),
    item_id: id(l.item),
    sku: l.sku,
    title: l.title,
    spec: l.spec,
    unit_price: fourDecimals(l.unitPrice),
    quantity: l.quantity,
    goods: pesos(l.goods),
    seller_discount: pesos(l.sellerDiscount),
    platform_discount: pesos(l.platformDiscount),
    tax_rate: '19',
    tax: pesos(taxIn(l.goods - l.sellerDiscount)),
    gift: l.gift,
    shipped_quantity: l.shipped,
    refunded_quantity: l.refunded,
    refunded_amount: pesos(l.refundedAmount),
  }
}

/** `order`: as it is now, for the packages that its parcels belong to. */
export function shipmentView(s: Shipment, order: Order): object {
  const packageOf = (line: string) => order.packages.find((p) => p.lines.some((l) => l.id === line))!.id
  return {
    accepted_id: id(s.id),
    reference: s.reference,
    order_id: id(s.order),
    state: s.state,
    fail_code: s.failCode,
    fail_text: s.failText,
    created_at: clock(s.createdAt),
    done_at: clock(s.doneAt),
    parcels: s.parcels.map((p) => ({
      parcel_id: p.id === null ? null : id(p.id),
      package_id: id(packageOf(p.lines[0]!.line)),
      carrier: p.carrier,
      tracking_no: p.trackingNo,
      lines: p.lines.map((l) => ({ line_id: id(l.line), quantity: l.quantity })),
    })),
  }
}

export const acceptedView = (s: Shipment): object => ({ accepted_id: id(s.id), state: s.state })
export const parcelView = (parcel: string): object => ({ parcel_id: id(parcel) })

/** One page of a list that is whole in memory. */
export function pageOf<T>(all: readonly T[], no: number, size: number) {
  const from = (no - 1) * size
  return {
    head: { page_no: no, page_size: size, has_next: from + size < all.length },
    rows: all.slice(from, from + size),
  }
}

/** What a notification says of an order. */
export function noticeView(event: string, shop: number, order: Order): object {
  return {
    event,
    shop_id: shop,
    order_id: id(order.id),
    revision: order.revision,
    modified_at: clock(order.modifiedAt),
  }
}
