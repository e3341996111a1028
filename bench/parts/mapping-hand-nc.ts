/** mappings/yonyou-nc/order.out.yaml by hand: an order as the bill of an NC sales order. */
import type { Order } from '../../src/core/documents/order.ts'
import {
  addDecimal,
  currencyDigits,
  decimal,
  fromMinor,
  multiplyDecimal,
  roundDecimal,
  toMinor,
} from '../../src/core/money.ts'
import type { MapContext } from '../../src/core/ports.ts'
import { businessDate } from '../../src/core/time.ts'
import { type OrderRow, orderRows } from '../../src/mapping/rows.ts'
import { some, words } from './mapping-hand.ts'

type Codes = Record<string, Record<string, string>>

/** At most that many characters, never half of one. */
function fit(text: string | null | undefined, length: number): string | undefined {
  if (!text) return undefined
  if (text.length <= length) return text
  return [...text].slice(0, length).join('')
}

/** What all rows have in common. */
interface Bill {
  order: Order
  settings: Record<string, string>
  codes: Codes
  base: string
  rate: string
  day: string
}

function code(codes: Codes, table: string, key: string): string {
  const found = codes[table]?.[key]
  if (found === undefined) throw new Error(`no code ${table}/${key}`)
  return found
}

function converted(b: Bill, amount: number): number {
  const exact = multiplyDecimal(fromMinor(amount, b.order.currency), b.rate)
  return toMinor(roundDecimal(exact, currencyDigits(b.base)), b.base)
}

function material(b: Bill, row: OrderRow): string | undefined {
  if (row.kind === 'shipping') return b.settings.shippingMaterial
  if (row.kind === 'charge') return b.settings.chargeMaterial
  return b.codes.material ? code(b.codes, 'material', row.line!.sku) : row.line!.sku
}

function item(b: Bill, row: OrderRow, key: string | undefined) {
  const { settings: s, base, rate, day } = b
  const { currency, taxIncluded } = b.order
  const [nmny, ntax] = [converted(b, row.net), converted(b, row.tax)]
  return {
    crowno: String(row.number * 10),
    vbdef1: row.ref,
    vbdef20: key,
    cmaterialvid: material(b, row),
    castunitid: s.unit,
    nnum: row.quantity,
    nastnum: row.quantity,
    ndiscountrate: '100',
    nitemdiscountrate: '100',
    ctaxcodeid: s.taxCode,
    ntaxrate: row.taxRate ? multiplyDecimal(row.taxRate, '100') : '0',
    ftaxtypeflag: taxIncluded ? '0' : '1',
    ccurrencyid: b.codes.currency ? code(b.codes, 'currency', base) : base,
    nexchangerate: rate,
    nqtorigtaxprice: taxIncluded ? row.line?.unitPrice : undefined,
    nqtorigprice: taxIncluded ? undefined : row.line?.unitPrice,
    norigdiscount: fromMinor(row.discount, currency),
    norigmny: fromMinor(row.net, currency),
    norigtaxmny: fromMinor(row.gross, currency),
    nmny: fromMinor(nmny, base),
    ntax: fromMinor(ntax, base),
    ncaltaxmny: fromMinor(nmny, base),
    ntaxmny: fromMinor(nmny + ntax, base),
    blargessflag: row.gross === 0 ? 'Y' : 'N',
    dsenddate: day,
    dreceivedate: day,
    ...places(s),
    fbuysellflag: '1',
    btriatradeflag: 'N',
  }
}

function places(s: Record<string, string>) {
  return {
    creceivecustid: s.customer,
    csendstockorgvid: s.stockOrg,
    ctrafficorgvid: s.stockOrg,
    csettleorgvid: s.settleOrg,
    carorgvid: s.arOrg,
    crececountryid: s.country,
    csendcountryid: s.country,
    ctaxcountryid: s.country,
  }
}

function head(b: Bill, rows: OrderRow[], key: string | undefined) {
  const { order: o, settings: s } = b
  const to = o.shipTo
  const place = to && [to.country, to.postcode, to.subdivision, to.city, to.district, ...to.lines]
  return {
    pk_group: s.group,
    pk_org: s.pkOrg,
    ctrantypeid: s.tranType,
    cbiztypeid: s.bizType,
    vcooppohcode: fit(o.number, 40),
    dbilldate: b.day,
    ccustomerid: s.customer,
    cinvoicecustid: some(s.invoiceCustomer) ?? s.customer,
    cdeptid: s.dept,
    cdeptvid: s.dept,
    corigcurrencyid: b.codes.currency ? code(b.codes, 'currency', o.currency) : o.currency,
    ndiscountrate: '100',
    ntotalnum: pieces(rows),
    ntotalorigmny: fromMinor(o.totals.total, o.currency),
    fstatusflag: '1',
    vnote: fit(o.remarks?.buyer, 181),
    vdef1: o.externalId,
    vdef2: o.connection,
    vdef3: fit(to?.name, 100),
    vdef4: fit(some(to?.phone) ?? some(o.buyer.phone), 100),
    vdef5: fit(place ? words(' ', ...place) : undefined, 100),
    vdef7: some(to?.opaqueId),
    so_saleorder_b: { item: rows.map((row) => item(b, row, key)) },
  }
}

function pieces(rows: OrderRow[]): string | undefined {
  let sum = decimal(rows[0]!.quantity)
  for (let i = 1; i < rows.length; i++) sum = addDecimal(sum, rows[i]!.quantity)
  return sum
}

/** The bill. */
export function ncBill(order: Order, context: MapContext) {
  const { company, settings, codes = {} } = context
  const base = company.currency
  const rate =
    codes.rate?.[order.currency] ?? (order.currency === base ? '1' : code(codes, 'rate', order.currency))
  const day = businessDate(some(order.paidAt) ?? order.placedAt, company.zone)
  const bill: Bill = { order, settings: settings as Record<string, string>, codes, base, rate, day }
  return { '@id': context.push?.key, billhead: head(bill, orderRows(order), context.push?.key) }
}
