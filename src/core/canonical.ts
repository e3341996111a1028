/**
 * One text for equal content: object keys in order, and null, missing, empty text and empty objects left out
 * alike, so that two mappings of one thing hash alike.
 */
import { hash } from 'node:crypto'

/** Canonical JSON of a plain value (no cycles, finite numbers). '' for a value that holds nothing. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '' : JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object' || value === null) return ''
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v) || 'null').join()}]`
  let members = ''
  for (const key of Object.keys(value).sort()) {
    const text = canonicalJson((value as Record<string, unknown>)[key])
    if (text !== '') members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${text}`
  }
  return members === '' ? '' : `{${members}}`
}

/** Hash of a content: 32 hexadecimal characters of SHA-256 over its canonical JSON. */
export function contentHash(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex').slice(0, 32)
}
