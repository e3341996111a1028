/** What the ERP sandboxes hold, raw, in one shape. */

/** One row of an ERP document; texts are as the ERP holds them. */
export interface FoundLine {
  ref: string
  item: string
  quantity: string
  gross: string
  net: string | null
  tax: string | null
  /** All fields of an NC row, for the rules that only NC has. */
  fields: Record<string, string> | null
}

export interface FoundDocument {
  id: string
  orderId: string
  number: string
  /** Connection of the shop that the order came from; null where the ERP's documents do not say. */
  connection: string | null
  currency: string
  total: string | null
  /** When the ERP first had it; null where it does not say. */
  received: string | null
  /** False: a draft or another step before the last. */
  final: boolean
  lines: FoundLine[]
  /** All head fields of an NC bill. */
  head: Record<string, string> | null
}

/** One row of `GET /_sandbox/bills`. */
export interface NcBill {
  id: string
  pk: string
  received: string
  billtype: string
  head: Record<string, string>
  rows: Record<string, string>[]
}

/** One row of `GET /_sandbox/documents`. */
export interface NaiveDocument {
  id: string
  reference: string
  state: string
  source?: string
  channel?: string
  number: string
  currency: string
  total: string
  lines: { ref: string; item: string; quantity: string; amount: string; tax: string }[]
}

/** One row of the Odoo sandbox's `GET /_sandbox/orders`. */
export interface OdooOrder {
  id: number
  /** `client_order_ref` and `origin`. */
  number: string
  source: string
  state: string
  currency: string
  total: string
  received: string
  lines: { ref: string; item: string; quantity: string; net: string; tax: string; gross: string }[]
}

/** A sales order in NC: source order in `vdef1`, its connection in `vdef2`, source line in `vbdef1`. */
export function fromNc(bill: NcBill): FoundDocument {
  return {
    id: bill.pk,
    orderId: bill.head.vdef1 ?? '',
    number: bill.head.vcooppohcode ?? '',
    connection: bill.head.vdef2 ?? null,
    currency: bill.head.corigcurrencyid ?? '',
    total: bill.head.ntotalorigmny ?? null,
    received: bill.received,
    final: true,
    head: bill.head,
    lines: bill.rows.map((r) => ({
      ref: r.vbdef1 ?? '',
      item: r.cmaterialvid ?? '',
      quantity: r.nnum ?? '',
      gross: r.norigtaxmny ?? '',
      net: r.norigmny ?? '',
      tax: null,
      fields: r,
    })),
  }
}

/** A document of the naive ERP. */
export function fromNaive(d: NaiveDocument): FoundDocument {
  return {
    id: d.id,
    orderId: d.source ?? '',
    number: d.number,
    connection: d.channel ?? null,
    currency: d.currency,
    total: d.total,
    received: null,
    final: d.state === 'confirmed',
    head: null,
    lines: d.lines.map((l) => ({
      ref: l.ref,
      item: l.item,
      quantity: l.quantity,
      gross: l.amount,
      net: null,
      tax: l.tax,
      fields: null,
    })),
  }
}

/** A sales order in Odoo: the shop's number in `client_order_ref`, its id in `origin`. */
export function fromOdoo(order: OdooOrder): FoundDocument {
  return {
    id: String(order.id),
    orderId: order.source,
    number: order.number,
    connection: null,
    currency: order.currency,
    total: order.total,
    received: order.received,
    final: order.state === 'sale',
    head: null,
    lines: order.lines.map((line) => ({ ...line, fields: null })),
  }
}
