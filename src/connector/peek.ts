/**
 * peek: one value out of JSON bytes, by a single pass that builds nothing and calls itself nowhere. It is safe
 * on a record that ends every process that parses or maps it.
 */

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_LIST = 91
const BACKSLASH = 92
const CLOSE_LIST = 93
const OPEN = 123
const CLOSE = 125

/** Longest id that is believed. Bytes. */
const LONGEST = 200

/**
 * The text or whole number at a dotted path, as text; null when it is not there, is anything else, or the bytes
 * are not JSON up to it. `body` must be UTF-8 (in other charsets a byte may look like a mark).
 */
export function peekJson(body: Buffer, path: string): string | null {
  let at = blank(body, body[0] === 0xef ? 3 : 0)
  const steps = path.split('.')
  for (const [n, step] of steps.entries()) {
    if (body[at] !== OPEN) return null
    const value = memberOf(body, at + 1, Buffer.from(step))
    if (value === null) return null
    if (n === steps.length - 1) return scalar(body, value)
    at = value
  }
  return null
}

/** Where the value of the member of that name begins, from inside an object. */
function memberOf(body: Buffer, from: number, name: Buffer): number | null {
  let at = blank(body, from)
  while (body[at] === QUOTE) {
    const end = endOfString(body, at)
    const found = body.subarray(at + 1, end - 1).equals(name)
    at = blank(body, end)
    if (body[at] !== COLON) return null
    at = blank(body, at + 1)
    if (found) return at
    at = blank(body, endOfValue(body, at))
    if (body[at] !== COMMA) return null
    at = blank(body, at + 1)
  }
  return null
}

function scalar(body: Buffer, at: number): string | null {
  const text = body.toString('utf8', at, Math.min(endOfValue(body, at), at + LONGEST))
  if (/^-?\d+$/.test(text)) return text
  // an id has no escapes
  return /^"([^"\\]+)"$/.exec(text)?.[1] ?? null
}

function blank(body: Buffer, from: number): number {
  let at = from
  while (body[at] === 32 || body[at] === 10 || body[at] === 13 || body[at] === 9) at++
  return at
}

/** Behind the closing quote, or the end of the bytes. */
function endOfString(body: Buffer, from: number): number {
  let at = from + 1
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1
  return at + 1
}

function endOfValue(body: Buffer, from: number): number {
  if (body[from] === QUOTE) return endOfString(body, from)
  let at = from
  let depth = 0
  while (at < body.length) {
    const byte = body[at]!
    if (byte === QUOTE) {
      at = endOfString(body, at)
      continue
    }
    if (byte === OPEN || byte === OPEN_LIST) depth++
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      // the end of what a bare number or word stands in
      if (depth === 0) return at
      depth--
      if (depth === 0) return at + 1
    } else if (depth === 0 && (byte === COMMA || byte <= 32)) return at
    at++
  }
  return at
}
