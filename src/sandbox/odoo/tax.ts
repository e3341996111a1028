/**
 * Amounts of a priced line under its tax records. Whether a price contains a tax is said by the tax, not by
 * the document (global.md §9). Contained taxes: the line's total is the rounded price and the net is what is
 * left; added taxes: the net is the rounded price. Fixed taxes are per unit.
 */
import {
  addDecimal,
  currencyDigits,
  divideDecimal,
  multiplyDecimal,
  roundDecimal,
  subtractDecimal,
} from '../../core/money.ts'
import type { Env } from './model.ts'
import type { Row } from './store.ts'

/** Amounts as decimal text; `taxes` per tax record, in the order of the line. */
export interface LineAmounts {
  readonly net: string
  readonly tax: string
  readonly gross: string
  readonly taxes: readonly { readonly id: number; readonly amount: string }[]
}

export interface Priced {
  readonly price: string
  readonly quantity: string
  /** Percent. */
  readonly discount: string
  readonly taxIds: readonly number[]
  readonly currency: string
}

/** Digits of intermediate results, far beyond any currency's. */
const FINE = 12

const sum = (parts: readonly string[]) => parts.reduce(addDecimal, '0')

/** Whether prices contain the tax; 18 renamed the field. */
export function isIncluded(env: Env, tax: Row): boolean {
  return env.version >= 18 ? tax.price_include_override === 'tax_included' : tax.price_include === true
}

function taxesOf(env: Env, ids: readonly number[]): Row[] {
  const rows = ids.flatMap((id) => env.store.get('account.tax', id) ?? [])
  return rows.sort((a, b) => Number(a.sequence) - Number(b.sequence) || a.id - b.id)
}

interface Shares {
  included: Row[]
  added: Row[]
  /** The price of the whole line after the discount, unrounded. */
  raw: string
}

function sharesOf(env: Env, line: Priced): Shares {
  const factor = subtractDecimal('1', divideDecimal(line.discount, '100', FINE))
  const raw = multiplyDecimal(multiplyDecimal(line.price, factor), line.quantity)
  const taxes = taxesOf(env, line.taxIds)
  const included = taxes.filter((tax) => isIncluded(env, tax))
  return { included, added: taxes.filter((tax) => !included.includes(tax)), raw }
}

/** What each tax is, exactly: contained ones out of the price, added ones on top of the net. */
function exactTaxes({ included, added, raw }: Shares, quantity: string): { tax: Row; amount: string }[] {
  const fixed = (tax: Row) => multiplyDecimal(String(tax.amount), quantity)
  const isFixed = (tax: Row) => tax.amount_type === 'fixed'
  const base = subtractDecimal(raw, sum(included.filter(isFixed).map(fixed)))
  const rate = sum(included.filter((tax) => !isFixed(tax)).map((tax) => String(tax.amount)))
  const whole = addDecimal('100', rate)
  const contained = included.map((tax) => ({
    tax,
    amount: isFixed(tax) ? fixed(tax) : divideDecimal(multiplyDecimal(base, String(tax.amount)), whole, FINE),
  }))
  const net = subtractDecimal(raw, sum(contained.map(({ amount }) => amount)))
  const onTop = added.map((tax) => ({
    tax,
    amount: isFixed(tax) ? fixed(tax) : divideDecimal(multiplyDecimal(net, String(tax.amount)), '100', FINE),
  }))
  return [...contained, ...onTop]
}

/** The amounts of one line, rounded to its currency. */
export function lineAmounts(env: Env, line: Priced): LineAmounts {
  const digits = currencyDigits(line.currency)
  const shares = sharesOf(env, line)
  const price = roundDecimal(shares.raw, digits)
  const taxes = exactTaxes({ ...shares, raw: price }, line.quantity).map(({ tax, amount }) => ({
    id: tax.id,
    amount: roundDecimal(amount, digits),
  }))
  const contained = taxes.slice(0, shares.included.length)
  const net = subtractDecimal(price, sum(contained.map(({ amount }) => amount)))
  const tax = sum(taxes.map(({ amount }) => amount))
  return { net, tax, gross: addDecimal(net, tax), taxes }
}

/** Sums of a document. `round_globally` rounds each tax once over all lines, so cents may differ from the lines. */
export function documentAmounts(env: Env, lines: readonly Priced[], currency: string) {
  if ((env.options.rounding ?? 'round_per_line') === 'round_per_line') {
    const amounts = lines.map((line) => lineAmounts(env, line))
    const net = sum(amounts.map((a) => a.net))
    const tax = sum(amounts.map((a) => a.tax))
    return { net, tax, gross: addDecimal(net, tax) }
  }
  const digits = currencyDigits(currency)
  const byTax = new Map<number, string>()
  let untaxed = '0'
  for (const line of lines) {
    const shares = sharesOf(env, line)
    const taxes = exactTaxes(shares, line.quantity)
    const contained = taxes.slice(0, shares.included.length)
    untaxed = addDecimal(untaxed, subtractDecimal(shares.raw, sum(contained.map(({ amount }) => amount))))
    for (const { tax, amount } of taxes) byTax.set(tax.id, addDecimal(byTax.get(tax.id) ?? '0', amount))
  }
  const net = roundDecimal(untaxed, digits)
  const tax = sum([...byTax.values()].map((amount) => roundDecimal(amount, digits)))
  return { net, tax, gross: addDecimal(net, tax) }
}
