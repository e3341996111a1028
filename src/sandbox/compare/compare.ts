/**
 * The comparer: reads a shop sandbox and an ERP sandbox raw, and tells order by order, line by line, amount
 * by amount whether the ERP holds exactly what it must. It imports nothing of what carries the orders.
 */
import type { DouyinOrder } from '../douyin/order.ts'
import type { Expectation } from '../generate/expectation.ts'
import { type Difference, differencesOf, type Rules } from './document.ts'
import { type ExpectedDocument, expectedOf, type SoldOrder } from './expected.ts'
import { expectedOfDouyin } from './expected-douyin.ts'
import {
  type FoundDocument,
  fromNaive,
  fromNc,
  fromOdoo,
  type NaiveDocument,
  type NcBill,
  type OdooOrder,
} from './found.ts'

/** The ERP sandboxes whose documents can be compared. */
export type ErpKind = 'yonyou-nc' | 'nc-cloud' | 'naive-erp' | 'odoo'

/** The shop sandboxes whose orders can be compared. */
export type ShopKind = 'shopify' | 'douyin' | 'taobao' | 'pinduoduo'

/** What to compare. */
export interface CompareOptions {
  /** Base addresses of the sandboxes. */
  shop: string
  erp: string
  erpKind: ErpKind
  /** Default shopify. */
  shopKind?: ShopKind
  /** Numbers of orders with an open amend-needed or cancel-needed: the ERP may hold an earlier version. */
  openTasks?: ReadonlySet<string>
  rules?: Partial<Rules>
}

/** What came out. `matched` counts orders that are right, those that must have no document among them. */
export interface Comparison {
  orders: number
  documents: number
  matched: number
  /** Orders whose document shows an earlier version, with an open task that says so. */
  behind: string[]
  differences: Difference[]
  parkedExpected: Expectation[]
}

/** One order as `GET /_sandbox/orders` of a shop lists it: its versions say what had to become of them. */
export type RawOrder<O = SoldOrder> = O & {
  versions: { at: string; order: O; expect: Expectation['expect'] }[]
}

/** Works out what the ERP must hold for one version of an order. */
type Expect<O> = (order: O, rules: Rules) => ExpectedDocument

/** Of the shops whose raw orders are no `SoldOrder`. */
const DOUYIN: Expect<DouyinOrder> = (order, rules) => expectedOfDouyin(order, rules.withSubsidies)

const RULES: Rules = {
  shippingItem: 'SHIPPING',
  chargeItem: 'CHARGE',
  companyCurrency: 'CNY',
  zone: 'Asia/Shanghai',
  rates: null,
  withSubsidies: false,
}
const PAGE = 500

/** Reads both sandboxes and compares. Throws when one of them cannot be read. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  return compareShop(await READERS[options.erpKind](options.erp), options)
}

/** A shop among several that sell into one ERP. */
export interface ShopSide extends Pick<CompareOptions, 'shop' | 'shopKind' | 'openTasks'> {
  /** Name of its connection, as the ERP's documents carry it. */
  connection: string
}

/**
 * The same for several shops: one result for each, of the documents that carry its connection. A document of none of
 * them is a difference of the first shop. Throws when a sandbox cannot be read.
 */
export async function compareShops(
  shops: readonly ShopSide[],
  options: Pick<CompareOptions, 'erp' | 'rules'> & { erpKind: Exclude<ErpKind, 'odoo'> },
): Promise<Comparison[]> {
  const documents = await READERS[options.erpKind](options.erp)
  const names = shops.map((shop) => shop.connection)
  const results: Comparison[] = []
  for (const shop of shops) {
    const own = documents.filter((d) => d.connection === shop.connection)
    results.push(await compareShop(own, { ...options, ...shop }))
  }
  for (const d of documents.filter((one) => !names.includes(one.connection ?? ''))) {
    const from = d.connection ?? ''
    results[0]!.differences.push(whole(d.number, d.orderId, 'connection', names.join(' or '), from))
  }
  return results
}

async function compareShop(
  documents: readonly FoundDocument[],
  options: Omit<CompareOptions, 'erp' | 'erpKind'>,
): Promise<Comparison> {
  const expected = await readAll<Expectation>(`${options.shop}/_sandbox/expected`)
  const sold = `${options.shop}/_sandbox/orders`
  if (options.shopKind === 'douyin') {
    const orders = await readAll<RawOrder<DouyinOrder>>(sold)
    return compareAll(orders, expected, documents, options, DOUYIN)
  }
  return compareAll(await readAll<RawOrder>(sold), expected, documents, options, expectedOf)
}

const ncBills = async (url: string) =>
  (await read<NcBill[]>(`${url}/_sandbox/bills`)).filter((b) => b.billtype === '30').map(fromNc)

/** What each ERP holds; what was deleted or cancelled again (a surplus draft) is no document. */
const READERS: Readonly<Record<ErpKind, (url: string) => Promise<FoundDocument[]>>> = {
  'yonyou-nc': ncBills,
  'nc-cloud': ncBills,
  'naive-erp': async (url) =>
    (await read<NaiveDocument[]>(`${url}/_sandbox/documents`))
      .filter((d) => d.state !== 'deleted')
      .map(fromNaive),
  odoo: async (url) =>
    (await read<OdooOrder[]>(`${url}/_sandbox/orders`)).filter((o) => o.state !== 'cancel').map(fromOdoo),
}

async function readAll<T>(url: string): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const page = await read<T[]>(`${url}?offset=${all.length}&limit=${PAGE}`)
    all.push(...page)
    if (page.length < PAGE) return all
  }
}

async function read<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return (await response.json()) as T
}

/** The comparison itself, on what was read. */
export function compareAll<O extends { id: string | number }>(
  orders: readonly RawOrder<O>[],
  expected: readonly Expectation[],
  documents: readonly FoundDocument[],
  options: Pick<CompareOptions, 'openTasks' | 'rules'>,
  expect: Expect<O>,
): Comparison {
  const rules = { ...RULES, ...options.rules }
  const byOrder = new Map<string, FoundDocument[]>()
  for (const d of documents) byOrder.set(d.orderId, [...(byOrder.get(d.orderId) ?? []), d])
  const raw = new Map(orders.map((o) => [String(o.id), o]))
  const result = emptyComparison(orders.length, documents.length, expected)
  if (expected.length !== orders.length) {
    result.differences.push(
      whole('*', '*', 'declared orders', String(orders.length), String(expected.length)),
    )
  }
  for (const e of expected) {
    const order = raw.get(e.orderId)
    const found = byOrder.get(e.orderId) ?? []
    byOrder.delete(e.orderId)
    const open = options.openTasks?.has(e.number) ?? false
    const verdict = order
      ? judge(expect, e, order, found, open, rules)
      : [whole(e.number, e.orderId, 'order', '1', '0')]
    if (verdict === 'behind') result.behind.push(e.number)
    else result.differences.push(...verdict)
    if (verdict === 'behind' || verdict.length === 0) result.matched += 1
  }
  for (const [orderId, found] of byOrder) {
    for (const d of found)
      result.differences.push(whole(d.number, orderId, 'documents of no known order', '0', '1'))
  }
  return result
}

function emptyComparison(orders: number, documents: number, expected: readonly Expectation[]): Comparison {
  const parkedExpected = expected.filter((e) => e.expect === 'parked')
  return { orders, documents, matched: 0, behind: [], differences: [], parkedExpected }
}

function whole(number: string, orderId: string, field: string, expected: string, found: string): Difference {
  return { number, orderId, line: null, field, expected, found }
}

/** The differences of one order, or 'behind' when it shows an earlier version and a task says so. */
function judge<O>(
  expect: Expect<O>,
  e: Expectation,
  order: RawOrder<O>,
  found: readonly FoundDocument[],
  open: boolean,
  rules: Rules,
): Difference[] | 'behind' {
  if (found.length === 0) {
    return e.expect === 'document' ? [whole(e.number, e.orderId, 'documents', '1', '0')] : []
  }
  if (found.length > 1) {
    return [
      whole(e.number, e.orderId, 'documents', e.expect === 'document' ? '1' : '0', String(found.length)),
    ]
  }
  const document = found[0]!
  const final =
    e.expect === 'document'
      ? differencesOf(expect(order, rules), document, rules)
      : [whole(e.number, e.orderId, 'documents', `0 (${e.expect}: ${e.reason})`, '1')]
  if (final.length === 0) return []
  return open && showsEarlier(expect, order, document, rules) ? 'behind' : final
}

/** True when the document is exactly an earlier version that was worth a document and already existed. */
function showsEarlier<O>(
  expect: Expect<O>,
  order: RawOrder<O>,
  document: FoundDocument,
  rules: Rules,
): boolean {
  return order.versions
    .slice(0, -1)
    .filter((v) => document.received === null || v.at <= document.received)
    .some(
      (v) => v.expect === 'document' && differencesOf(expect(v.order, rules), document, rules).length === 0,
    )
}

/** A parked record as the product lists it: by the shop's order id or by the order number. */
export type ParkedRecord = { orderId: string } | { number: string }

/**
 * Compares the parked records with the declared ones: exactly those and no other. Returns one difference for
 * each order that is missing among the parked, parked without a declaration, or parked twice.
 */
export function compareParked(
  expected: readonly Expectation[],
  parked: readonly ParkedRecord[],
): Difference[] {
  const declared = expected.filter((e) => e.expect === 'parked')
  const byKey = new Map(expected.flatMap((e) => [[e.orderId, e] as const, [e.number, e] as const]))
  const times = new Map<Expectation, number>()
  const differences: Difference[] = []
  for (const p of parked) {
    const key = 'orderId' in p ? p.orderId : p.number
    const e = byKey.get(key)
    if (e) times.set(e, (times.get(e) ?? 0) + 1)
    else differences.push(whole(key, key, 'parked', '0 (no such order)', '1'))
  }
  for (const e of declared) {
    if (!times.has(e)) differences.push(whole(e.number, e.orderId, 'parked', `1 (${e.reason})`, '0'))
  }
  for (const [e, n] of times) {
    if (e.expect !== 'parked' || n > 1) {
      const want = e.expect === 'parked' ? '1' : `0 (${e.expect}: ${e.reason})`
      differences.push(whole(e.number, e.orderId, 'parked', want, String(n)))
    }
  }
  return differences
}

/** One difference as a line for the terminal. */
export function printDifference(d: Difference): string {
  const where = d.line === null ? '' : ` line ${d.line}`
  return `${d.number} (${d.orderId})${where} ${d.field}: expected ${d.expected}, found ${d.found || '(nothing)'}`
}
