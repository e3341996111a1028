/**
 * peek: single values and list elements out of JSON bytes, by one pass that builds nothing and calls itself nowhere.
 * It is safe on a record that ends every process that parses or maps it, and gives what was sent to the very byte.
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
  const at = placeOf(body, path)
  return at === null ? null : scalar(body, at)
}

/**
 * The elements of the list at a dotted path (no path: the whole body is the list), each as its own bytes; null where
 * there is no list. `body` must be UTF-8.
 */
export function sliceList(body: Buffer, path: string | undefined): Buffer[] | null {
  let at = path === undefined ? start(body) : placeOf(body, path)
  if (at === null || body[at] !== OPEN_LIST) return null
  const found: Buffer[] = []
  at = blank(body, at + 1)
  while (at < body.length && body[at] !== CLOSE_LIST) {
    const end = endOfValue(body, at)
    found.push(body.subarray(at, end))
    at = blank(body, end)
    if (body[at] === COMMA) at = blank(body, at + 1)
  }
  return found
}

/** The bytes of the value at a dotted path; null where there is none. */
export function sliceValue(body: Buffer, path: string | undefined): Buffer | null {
  const at = path === undefined ? start(body) : placeOf(body, path)
  return at === null ? null : body.subarray(at, endOfValue(body, at))
}

const start = (body: Buffer): number => blank(body, body[0] === 0xef ? 3 : 0)

/** Where the value at a dotted path begins. */
function placeOf(body: Buffer, path: string): number | null {
  let at: number | null = start(body)
  for (const step of path.split('.')) {
    if (body[at] !== OPEN) return null
    at = memberOf(body, at + 1, Buffer.from(step))
    if (at === null) return null
  }
  return at
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
