/**
 * JSON whose numbers keep their digits: Douyin's ids are 64-bit numbers, NC Cloud's amounts are decimals, and
 * neither may pass through a JavaScript number. Rests on the source text access that Node has since 21.
 */

/** A number as it stands in the text. `JSON.stringify` prints its digits unchanged. */
export interface NumberText {
  readonly rawJSON: string
}

interface SourceText {
  rawJSON(text: string): NumberText
  isRawJSON(value: unknown): value is NumberText
}

/** The types of TypeScript's library do not have these yet. */
const source = JSON as unknown as SourceText

/** An id or amount to be printed as a JSON number with exactly these digits. Throws SyntaxError for no number. */
export function numberText(digits: string): NumberText {
  return source.rawJSON(digits)
}

export function isNumberText(value: unknown): value is NumberText {
  return source.isRawJSON(value)
}

/** Parses JSON, every number as `NumberText`. Undefined for what is no JSON. */
export function parseExact(text: string): unknown {
  const keep = (_: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? numberText(context.source!) : value
  try {
    return JSON.parse(text, keep as (key: string, value: unknown) => unknown)
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

/** A parsed object, or null for anything else. */
export function asRecord(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isNumberText(value)) return null
  return value as Record<string, unknown>
}

/** A scalar as text: digits of a number, text, `true`; '' for null, absent and everything else. */
export function scalarText(value: unknown): string {
  if (isNumberText(value)) return value.rawJSON
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : ''
}
