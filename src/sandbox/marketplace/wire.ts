/** Spellings that the Chinese platforms have in common: Beijing time, yuan, 64-bit ids in JSON, request parameters. */
import type { IncomingMessage } from 'node:http'

const BEIJING = 8 * 3_600_000
const CLOCK = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/

/** An instant (ISO 8601, UTC) in Beijing time, `yyyy-MM-dd HH:mm:ss`; such text never says its zone. */
export function beijing(instant: string): string {
  return new Date(Date.parse(instant) + BEIJING).toISOString().slice(0, 19).replace('T', ' ')
}

/** Milliseconds since 1970 of a Beijing time; null for any other spelling and for days that do not exist. */
export function parseBeijing(text: string): number | null {
  if (!CLOCK.test(text)) return null
  const at = Date.parse(`${text.replace(' ', 'T')}+08:00`)
  return Number.isNaN(at) || beijing(new Date(at).toISOString()) !== text ? null : at
}

/** Seconds since 1970 of an instant. */
export const seconds = (instant: string): number => Math.floor(Date.parse(instant) / 1000)

/** Whole seconds in UTC, as finely as the platforms state any instant. */
export const instantOf = (now: Date): string => `${now.toISOString().slice(0, 19)}Z`

/** Fen as yuan with two decimals: -1050 is "-10.50". */
export function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0')
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** `JSON.rawJSON` is younger than the compiler's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

/** JSON in which a bigint is a bare number of all its digits, as the platforms write their ids. */
export function wireJson(body: unknown): string {
  return JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? rawJSON(String(value)) : value))
}

/** The parameters of one request by name. */
export type Params = ReadonlyMap<string, string>

/**
 * Reads the query and a body that is a form or one flat JSON object; a name in both counts as the body has it.
 * Returns null when the body is neither.
 */
export function readParams(req: IncomingMessage, url: URL, body: Buffer): Params | null {
  const params = new Map(url.searchParams)
  const type = (req.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  if (body.length === 0) return params
  if (type === 'application/json') {
    const fields = jsonFields(body.toString('utf8'))
    for (const [name, value] of fields ?? []) params.set(name, value)
    return fields && params
  }
  if (type !== 'application/x-www-form-urlencoded') return null
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) params.set(name, value)
  return params
}

/** The fields of a JSON object as text; a value that is no text counts as its JSON does. */
function jsonFields(text: string): [string, string][] | null {
  let fields: unknown
  try {
    fields = JSON.parse(text)
  } catch (cause) {
    if (cause instanceof SyntaxError) return null
    throw cause
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return null
  return Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
}
