/** Compares one ERP document with what it must be: head, rows one to one, amounts exactly. */
import { digitsOf, type Exact, exact, plus, same, show, timesRounded } from './exact.ts'
import type { ExpectedDocument, ExpectedLine } from './expected.ts'
import type { FoundDocument, FoundLine } from './found.ts'

/** One thing that is not as it must be. `line` is the row's source line id, null for the whole document. */
export interface Difference {
  number: string
  orderId: string
  line: string | null
  field: string
  expected: string
  found: string
}

/** What the ERP connection was configured with. */
export interface Rules {
  shippingItem: string
  chargeItem: string
  companyCurrency: string
  zone: string
  /** Units of company currency per unit of an order currency; absent: the row's own rate is believed. */
  rates: Readonly<Record<string, string>> | null
  /** A platform's share of a discount counts as revenue (it pays the shop), instead of lowering the price. */
  withSubsidies: boolean
}

type Report = (line: string | null, field: string, expected: string, found: string) => void

/** All differences between a document and what it must be; empty when it is right. */
export function differencesOf(want: ExpectedDocument, got: FoundDocument, rules: Rules): Difference[] {
  const all: Difference[] = []
  const report: Report = (line, field, expected, found) =>
    all.push({ number: want.number, orderId: want.orderId, line, field, expected, found })
  text(report, null, 'number', want.number, got.number)
  text(report, null, 'currency', want.currency, got.currency)
  if (!got.final) report(null, 'state', 'the last step', 'a draft')
  if (got.total !== null) amount(report, null, 'total', want.total, got.total)
  rows(report, want, got, rules)
  if (got.head) head(report, want, got.head, rules)
  return all
}

function text(report: Report, line: string | null, field: string, expected: string, found: string): void {
  if (expected !== found) report(line, field, expected, found)
}

function amount(report: Report, line: string | null, field: string, expected: Exact, found: string): void {
  const value = exact(found)
  if (!value || !same(expected, value)) report(line, field, show(expected), found)
}

function rows(report: Report, want: ExpectedDocument, got: FoundDocument, rules: Rules): void {
  const left = new Map<string, FoundLine[]>()
  for (const line of got.lines) left.set(line.ref, [...(left.get(line.ref) ?? []), line])
  let total: Exact = { units: 0n, scale: 0 }
  for (const line of want.lines) {
    const found = left.get(line.ref) ?? []
    left.delete(line.ref)
    if (found.length === 0 && line.optional) continue
    if (found.length !== 1) report(line.ref, 'rows', '1', String(found.length))
    else row(report, want, line, found[0]!, rules)
  }
  for (const [ref, found] of left) report(ref, 'rows', '0', String(found.length))
  for (const line of got.lines) total = plus(total, exact(line.gross) ?? { units: 0n, scale: 0 })
  amount(report, null, 'sum of rows', want.total, show(total))
}

function row(
  report: Report,
  want: ExpectedDocument,
  line: ExpectedLine,
  found: FoundLine,
  rules: Rules,
): void {
  const item =
    line.kind === 'freight' ? rules.shippingItem : line.kind === 'charge' ? rules.chargeItem : line.sku
  text(report, line.ref, 'item', item ?? '', found.item)
  amount(report, line.ref, 'quantity', { units: BigInt(line.quantity), scale: 0 }, found.quantity)
  amount(report, line.ref, 'gross', line.gross, found.gross)
  if (found.net !== null && line.net) amount(report, line.ref, 'net', line.net, found.net)
  if (found.tax !== null && line.tax) amount(report, line.ref, 'tax', line.tax, found.tax)
  if (found.fields) ncRow(report, want, line, found.fields, rules)
}

/** The company-currency side of an NC row, its discount and its gift flag. */
function ncRow(
  report: Report,
  want: ExpectedDocument,
  line: ExpectedLine,
  fields: Record<string, string>,
  rules: Rules,
): void {
  const known = want.currency === rules.companyCurrency ? '1' : rules.rates?.[want.currency]
  const rate = exact(known ?? fields.nexchangerate)
  if (!rate) {
    report(line.ref, 'nexchangerate', known ?? 'a decimal', fields.nexchangerate ?? '')
    return
  }
  amount(report, line.ref, 'nexchangerate', rate, fields.nexchangerate ?? '')
  const digits = digitsOf(rules.companyCurrency)
  const net = line.net && timesRounded(line.net, rate, digits)
  const tax = line.tax && timesRounded(line.tax, rate, digits)
  if (net) amount(report, line.ref, 'nmny', net, fields.nmny ?? '')
  if (tax) amount(report, line.ref, 'ntax', tax, fields.ntax ?? '')
  const both = net && tax ? plus(net, tax) : timesRounded(line.gross, rate, digits)
  amount(report, line.ref, 'ntaxmny', both, fields.ntaxmny ?? '')
  amount(report, line.ref, 'nastnum', { units: BigInt(line.quantity), scale: 0 }, fields.nastnum ?? '')
  if (line.discount) amount(report, line.ref, 'norigdiscount', line.discount, fields.norigdiscount ?? '0')
  text(report, line.ref, 'blargessflag', line.gross.units === 0n ? 'Y' : 'N', fields.blargessflag ?? '')
}

const NOTE_LENGTH = 181

function head(report: Report, want: ExpectedDocument, got: Record<string, string>, rules: Rules): void {
  if (!got.vdef2) report(null, 'vdef2', 'the connection', '')
  if (want.name !== null) text(report, null, 'vdef3 (name)', want.name, got.vdef3 ?? '')
  if (want.phone !== null) text(report, null, 'vdef4 (phone)', want.phone, got.vdef4 ?? '')
  for (const part of want.address) {
    if (!(got.vdef5 ?? '').includes(part)) report(null, 'vdef5 (address)', `… ${part} …`, got.vdef5 ?? '')
  }
  if (want.masked) {
    text(report, null, 'vdef5 (address)', want.masked.place.join(' '), got.vdef5 ?? '')
    text(report, null, 'vdef7 (opaque receiver id)', want.masked.opaqueId, got.vdef7 ?? '')
  }
  const note = flat([...want.note].slice(0, NOTE_LENGTH).join(''))
  text(report, null, 'vnote', note, flat(got.vnote ?? ''))
  const day = businessDay(want.placedAt, rules.zone)
  text(report, null, 'dbilldate', day, (got.dbilldate ?? '').slice(0, 10))
}

/** Line breaks and runs of blanks do not survive every XML field; characters must. */
function flat(of: string): string {
  return of.replace(/\s+/g, ' ').trim()
}

/** The date (yyyy-mm-dd) of an instant in a zone. */
function businessDay(instant: string, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(new Date(instant))
}
