/**
 * What every document must be before it enters the ledger: valid by its schema, and for orders, sums that
 * agree with what the source states.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { Acknowledgement } from '../core/documents/acknowledgement.ts'
import { Order, orderTotal } from '../core/documents/order.ts'
import { Shipment } from '../core/documents/shipment.ts'
import { shapeOf } from '../core/errors/error.ts'
import { recordError } from '../core/errors/record.ts'
import { fromMinor, isCurrency } from '../core/money.ts'
import type { DocumentKind } from '../core/ports.ts'

/** The document type of each kind. */
export interface Documents {
  order: Order
  shipment: Shipment
  acknowledgement: Acknowledgement
}

const ajv = new Ajv({ strict: false, verbose: true })
formats.default(ajv)
const VALIDATORS: Record<DocumentKind, ValidateFunction> = {
  order: ajv.compile(Order),
  shipment: ajv.compile(Shipment),
  acknowledgement: ajv.compile(Acknowledgement),
}

/**
 * Called on what a mapping made, after the pipe has filled in `connection` and `entity`. Throws TributaryError
 * RECORD_NO_SKU naming the line ids, or RECORD_INVALID naming the first wrong field, what is wrong and the
 * shape that was found (never the value).
 */
export function validateDocument<K extends DocumentKind>(kind: K, value: unknown): Documents[K] {
  if (kind === 'order') requireSkus(value)
  const validate = VALIDATORS[kind]
  if (validate(value)) return value as Documents[K]
  const { field, problem, shape } = complaint(validate.errors ?? [])
  throw recordError('RECORD_INVALID', { document: kind, field, problem, shape })
}

/** Orders whose lines have no SKU are the commonest thing a person must mend, so they have a code of their own. */
function requireSkus(value: unknown): void {
  const lines = (value as { lines?: unknown } | null)?.lines
  if (!Array.isArray(lines)) return
  const without = (lines as { sku?: unknown; externalId?: unknown }[])
    .filter((l) => l?.sku === undefined || l?.sku === null || l?.sku === '')
    .map((l) => String(l?.externalId ?? '?'))
  if (without.length === 0) return
  const lineIds = without.slice(0, 20).join(', ') + (without.length > 20 ? ', …' : '')
  throw recordError('RECORD_NO_SKU', { count: without.length, lines: lineIds })
}

/** The innermost complaint: of a union's branches the one that got furthest says what is really wrong. */
function complaint(errors: ErrorObject[]): { field: string; problem: string; shape: string } {
  const depth = (e: ErrorObject) => e.instancePath.split('/').length
  const best = errors.reduce((a, b) => (depth(b) > depth(a) ? b : a), errors[0]!)
  const parts = best.instancePath.split('/').slice(1)
  if (best.keyword === 'required') parts.push(String(best.params.missingProperty))
  if (best.keyword === 'additionalProperties') parts.push(String(best.params.additionalProperty))
  const allowed = errors.filter((e) => e.keyword === 'const' && e.instancePath === best.instancePath)
  const problem =
    best.keyword === 'required'
      ? 'is missing'
      : allowed.length > 0
        ? `must be one of ${allowed.map((e) => String(e.params.allowedValue)).join(', ')}`
        : (best.message ?? best.keyword)
  const found = best.keyword === 'required' ? undefined : best.data
  return { field: parts.join('.') || 'the document', problem, shape: shapeOf(found) }
}

/**
 * Called on a valid order before it is stored. The parts (lines, shipping, charges) must add up to the stated
 * total: a difference of up to one minor unit per line (at least one) is the source's rounding and becomes a
 * charge of that name, so that sums are exact from here on; a larger one throws RECORD_SUMS. Throws
 * RECORD_CURRENCY for a code that is not ISO 4217.
 */
export function checkOrder(order: Order): Order {
  const { currency } = order
  if (!isCurrency(currency)) throw recordError('RECORD_CURRENCY', { currency })
  const parts = orderTotal(order)
  const difference = order.totals.total - parts
  if (difference === 0) return order
  const tolerance = Math.max(1, order.lines.length)
  if (Math.abs(difference) > tolerance) {
    const text = (minor: number) => fromMinor(minor, currency)
    throw recordError('RECORD_SUMS', {
      currency,
      parts: text(parts),
      total: text(order.totals.total),
      difference: text(difference),
      tolerance: text(tolerance),
    })
  }
  const charge = { kind: 'rounding' as const, amount: difference, tax: 0, name: null }
  return { ...order, charges: [...order.charges, charge] }
}
