/** What the functions of mappings say and do about their arguments. */
import { shapePhrase } from '../core/errors/error.ts'
import { mappingError } from '../core/errors/mapping.ts'
import { isCurrency } from '../core/money.ts'

export type Nothing = undefined | null | ''

/** Missing, null and empty text are one: sources use all three for a field that is not filled in. */
export const isNothing = (v: unknown): v is Nothing => v === undefined || v === null || v === ''

/** An argument that cannot be used: MAPPING_VALUE with the shape of what was found, never the value. */
export function unusable(name: string, value: unknown, problem: string): Error {
  return mappingError('MAPPING_VALUE', { function: name, found: shapePhrase(value), problem })
}

/** Runs an exact operation; the RangeError that the core throws for what it cannot use becomes MAPPING_VALUE. */
export function exact<T>(name: string, value: unknown, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw refused(name, value, error)
  }
}

/** The same where the operation has failed already. */
export function refused(name: string, value: unknown, error: unknown): unknown {
  return error instanceof RangeError ? unusable(name, value, error.message) : error
}

/** Text, or a number as its text. */
export function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number') return String(value)
  throw unusable(name, value, 'it takes text or a number')
}

/** An ISO 4217 code. What looks like a code is shown, as it is never personal. */
export function currencyCode(name: string, currency: unknown): string {
  if (typeof currency === 'string' && isCurrency(currency)) return currency
  const found = typeof currency === 'string' && currency.length <= 8 ? `"${currency}"` : shapePhrase(currency)
  const problem = 'the currency must be an ISO 4217 code'
  throw mappingError('MAPPING_VALUE', { function: name, found, problem })
}

/** How one function is written, told and tried: a row of docs/reference/mapping.md. */
export interface MappingFunction {
  work: (...args: never[]) => unknown
  /** Arguments as they are written, without the brackets around them. */
  takes: string
  /** One sentence without its full stop: what it gives. */
  gives: string
  /** An expression and what it gives; a test runs it. */
  example: [expression: string, result: unknown]
}

/** Functions by the name that mappings use. */
export type FunctionTable = Readonly<Record<string, MappingFunction>>
