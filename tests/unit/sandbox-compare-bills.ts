/** Right NC bills for shop orders, made from the REST payload and with other arithmetic than the comparer's. */
import { addDecimal, fromMinor, multiplyDecimal, roundDecimal } from '../../src/core/money.ts'
import { digitsOf } from '../../src/sandbox/compare/exact.ts'
import type { NcBill } from '../../src/sandbox/compare/found.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'

// biome-ignore lint/suspicious/noExplicitAny: payloads are looked into freely here
type Any = any

/** Company currency (CNY) per unit. */
export const RATES: Record<string, string> = { CNY: '1', USD: '7.1', EUR: '7.8', JPY: '0.048', KWD: '23.1' }
/** Minor units of REST text, by dropping the point. */
const units = (text: string | number, digits: number) => Math.round(Number(text) * 10 ** digits)

interface Row {
  ref: string
  item: string
  quantity: number
  gross: number
  net: number
  tax: number
  discount: number
}

/** What a right ERP would book, worked out from the REST payload as a buyer's accountant would. */
function rowsOf(o: Any, digits: number): Row[] {
  const sum = (of: Any[], field: string) => of.reduce((n, x) => n + units(x[field], digits), 0)
  const row = (
    ref: string,
    item: string,
    quantity: number,
    amount: number,
    tax: number,
    discount: number,
  ): Row => {
    const gross = o.taxes_included ? amount : amount + tax
    return { ref, item, quantity, gross, net: gross - tax, tax, discount }
  }
  const rows: Row[] = []
  for (const l of o.line_items) {
    const back = o.refunds
      .flatMap((r: Any) => r.refund_line_items)
      .filter((b: Any) => b.line_item_id === l.id)
    if (l.current_quantity === 0) continue
    const discount = sum(l.discount_allocations, 'amount')
    const goods = units(multiplyDecimal(l.price, String(l.quantity)), digits)
    const amount = goods - discount - sum(back, 'subtotal')
    const tax = sum(l.tax_lines, 'price') - sum(back, 'total_tax')
    rows.push(row(String(l.id), l.sku ?? '', l.current_quantity, amount, tax, discount))
  }
  const freight = o.refunds
    .flatMap((r: Any) => r.order_adjustments)
    .filter((a: Any) => a.kind === 'shipping_refund')
  for (const s of o.shipping_lines) {
    const discount = sum(s.discount_allocations, 'amount')
    const amount = units(s.price, digits) - discount + sum(freight, 'amount')
    const tax = sum(s.tax_lines, 'price') + sum(freight, 'tax_amount')
    if (amount !== 0 || discount !== 0) rows.push(row('shipping', 'SHIPPING', 1, amount, tax, discount))
  }
  const tip = units(o.total_tip_received, digits)
  if (tip > 0) rows.push(row('charge:0', 'CHARGE', 1, tip, 0, 0))
  return rows
}

/** The bill of one order as `GET /_sandbox/orders` of the shop lists it. */
export function billOf(raw: Any, received = new Date().toISOString()): NcBill {
  const o: Any = restOrder(raw)
  const digits = digitsOf(o.currency)
  const rate = RATES[o.currency]!
  const own = (minor: number) => roundDecimal(multiplyDecimal(fromMinor(minor, o.currency), rate), 2)
  const to = o.shipping_address
  return {
    id: `key-${o.id}`,
    pk: `1001A1${o.id}`,
    received,
    billtype: '30',
    head: {
      vcooppohcode: o.name,
      vdef1: String(o.id),
      vdef2: 'my-shop',
      corigcurrencyid: o.currency,
      dbilldate: `${o.created_at.slice(0, 10)} 00:00:00`,
      vdef3: to?.name ?? '',
      vdef4: to?.phone ?? o.phone ?? '',
      vdef5: [to?.country_code, to?.city, to?.address1].filter(Boolean).join(' '),
      vnote: [...(o.note ?? '')].slice(0, 181).join(''),
    },
    rows: rowsOf(o, digits).map((r, i) => ({
      crowno: String((i + 1) * 10),
      vbdef1: r.ref,
      cmaterialvid: r.item,
      nnum: String(r.quantity),
      nastnum: `${r.quantity}.00000000`,
      norigtaxmny: fromMinor(r.gross, o.currency),
      norigmny: fromMinor(r.net, o.currency),
      norigdiscount: fromMinor(r.discount, o.currency),
      nexchangerate: rate,
      nmny: own(r.net),
      ntax: own(r.tax),
      ntaxmny: addDecimal(own(r.net), own(r.tax)),
      blargessflag: r.gross === 0 ? 'Y' : 'N',
    })),
  }
}
