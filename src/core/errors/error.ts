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

/** A piece of a message that is words, so that it must be said in the reader's language. */
export interface Phrase {
  en: string
  zh: string
}

/** Values shown in the message. Never secrets or personal data: give the shape of an offending value, not the value. */
export type ErrorDetail = Record<string, string | number | null | undefined | Phrase>

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
    return fill(this.entry.fix[language], this.detail, language)
  }
  /** The message in the reader's language. */
  say(language: 'en' | 'zh' = 'en'): string {
    return fill(this.entry.say[language], this.detail, language)
  }
}

/** Replaces `{name}` in a text of the error table. */
export function fill(text: string, detail: ErrorDetail, language: keyof Phrase = 'en'): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = detail[name] ?? '?'
    return typeof value === 'object' ? value[language] : String(value)
  })
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
  return shapePhrase(value).en
}

/** `shapeOf` in both languages, for messages to people. */
export function shapePhrase(value: unknown): Phrase {
  if (value === null || value === undefined) return { en: String(value), zh: '空值' }
  if (typeof value === 'string')
    return { en: `text of ${value.length} characters`, zh: `${value.length} 个字符的文本` }
  if (Array.isArray(value)) return { en: `list of ${value.length}`, zh: `${value.length} 项的列表` }
  if (typeof value === 'object') {
    const count = Object.keys(value).length
    return { en: `object with ${count} keys`, zh: `${count} 项的映射` }
  }
  const kinds: Record<string, string> = { number: '数字', boolean: 'true 或 false', bigint: '数字' }
  return { en: typeof value, zh: kinds[typeof value] ?? '其他类型' }
}
