/**
 * One error class, five kinds, one reaction each (docs/reference/errors.md).
 * Decisions (skip, wait) are returned, failures are thrown.
 */

/** The reaction belongs to the kind: config pauses the connection, input parks the record, transient retries, conflict finds by key, internal parks and alerts. */
export type ErrorKind = 'config' | 'input' | 'transient' | 'conflict' | 'internal'

export interface ErrorEntry {
  kind: ErrorKind
  /** One sentence; `{name}` is replaced from the error's `detail`. */
  say: { en: string; zh: string }
  /** What to do next. */
  fix: { en: string; zh: string }
}

/** Values shown in the message. Never secrets or personal data: give the shape of an offending value, not the value. */
export type ErrorDetail = Record<string, string | number | null | undefined>

export const HTTP_STATUS: Record<ErrorKind, number> = {
  config: 500,
  input: 422,
  transient: 503,
  conflict: 409,
  internal: 500,
}

export class TributaryError extends Error {
  readonly code: string
  readonly kind: ErrorKind
  readonly detail: ErrorDetail
  readonly entry: ErrorEntry
  constructor(code: string, entry: ErrorEntry, detail: ErrorDetail = {}, cause?: unknown) {
    super(fill(entry.say.en, detail), cause === undefined ? undefined : { cause })
    this.name = 'TributaryError'
    this.code = code
    this.kind = entry.kind
    this.detail = detail
    this.entry = entry
  }
  /** The fix in the reader's language. */
  fix(language: 'en' | 'zh' = 'en'): string {
    return fill(this.entry.fix[language], this.detail)
  }
  /** The message in the reader's language. */
  say(language: 'en' | 'zh' = 'en'): string {
    return fill(this.entry.say[language], this.detail)
  }
}

/** Replaces `{name}` in a text of the error table. */
export function fill(text: string, detail: ErrorDetail): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(detail[name] ?? '?'))
}

/**
 * Makes the thrower for one area's table: `const fail = thrower(CONFIG_ERRORS)`, then
 * `throw fail('CONFIG_UNKNOWN_KEY', { key })`.
 */
export function thrower<T extends Record<string, ErrorEntry>>(table: T) {
  return (code: keyof T & string, detail?: ErrorDetail, cause?: unknown): TributaryError =>
    new TributaryError(code, table[code]!, detail, cause)
}

/**
 * Describes a value without showing it: type and length only, for messages about data that may be personal.
 */
export function shapeOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `text of ${value.length} characters`
  if (Array.isArray(value)) return `list of ${value.length}`
  if (typeof value === 'object') return `object with ${Object.keys(value).length} keys`
  return typeof value
}
