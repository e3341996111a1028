/** Types that differ from the driver's own, for both kinds of ledger, by PostgreSQL type OID. */
import pg from 'pg'

const OID = {
  int8: 20,
  timestamptz: 1184,
  numeric: 1700,
} as const

function int8(text: string): number {
  const n = Number(text)
  if (!Number.isSafeInteger(n)) throw new RangeError('bigint beyond 2^53')
  return n
}

/** Text parsers that differ from the driver's defaults. */
export const PARSERS: Record<number, (text: string) => unknown> = {
  [OID.int8]: int8,
  [OID.numeric]: (text) => text,
  [OID.timestamptz]: (text) => new Date(text),
}

/** For `pg`: the table above, then the driver's own. */
export const pgTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (value: never) => unknown {
    const own = format === 'binary' ? undefined : PARSERS[oid]
    return (own ?? pg.types.getTypeParser(oid, format as 'text')) as (value: never) => unknown
  },
}

/**
 * A parameter as both drivers take it: text, bytes or null. Arrays become array literals, objects JSON,
 * instants RFC 3339.
 */
export function toParameter(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return arrayLiteral(value)
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

function arrayLiteral(values: unknown[]): string {
  const parts = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (Array.isArray(value)) return arrayLiteral(value)
    if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value).toString('hex')}"`
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
      return String(value)
    const text =
      value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : JSON.stringify(value)
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  })
  return `{${parts.join(',')}}`
}
