/** Text in mappings: lengths that another system's fields bear, parts put together, stable hashes. */
import { hash as digest } from 'node:crypto'
import iconv from 'iconv-lite'
import { canonicalJson } from '../core/canonical.ts'
import { exact, type FunctionTable, isNothing, text, unusable } from './arguments.ts'

/** How a text is measured, and what becomes of one that is too long. */
interface Fitting {
  /** Null: characters. */
  charset: string | null
  abbreviate: boolean
}

const FITTINGS = new Map<string, Fitting>()
const DEFAULT: Fitting = { charset: null, abbreviate: false }
const WAYS = "the way is 'characters' or 'bytes:<charset>', with 'cut' or 'abbreviate' behind it"

/** `'bytes:gbk abbreviate'`. Throws RangeError. */
function fitting(how: unknown): Fitting {
  if (how === undefined || how === null) return DEFAULT
  const known = FITTINGS.get(how as string)
  if (known) return known
  if (typeof how !== 'string') throw new RangeError(WAYS)
  const made: Fitting = { ...DEFAULT }
  for (const word of how.trim().split(/\s+/)) {
    if (word === 'abbreviate') made.abbreviate = true
    else if (word.startsWith('bytes:')) {
      made.charset = word.slice(6).toLowerCase()
      if (!iconv.encodingExists(made.charset)) throw new RangeError('this charset is not known')
    } else if (word !== 'characters' && word !== 'cut') throw new RangeError(WAYS)
  }
  if (FITTINGS.size < 100) FITTINGS.set(how, made)
  return made
}

function most(max: unknown): number {
  const n = typeof max === 'string' ? Number(max) : max
  if (typeof n === 'number' && Number.isInteger(n) && n >= 0) return n
  throw new RangeError('the length must be a whole number')
}

/** Length in characters (code points) or in bytes of a charset, which writes `?` for what it cannot write. */
function measure(plain: string, charset: string | null): number {
  if (charset === null) return characters(plain)
  return charset === 'utf-8' || charset === 'utf8'
    ? Buffer.byteLength(plain)
    : iconv.encode(plain, charset).length
}

/** Whether the UTF-16 unit there and the next are one character. */
function isPair(plain: string, at: number): boolean {
  return (plain.charCodeAt(at) & 0xfc00) === 0xd800 && (plain.charCodeAt(at + 1) & 0xfc00) === 0xdc00
}

function characters(plain: string): number {
  let count = 0
  for (let i = 0; i < plain.length; i++) {
    if (isPair(plain, i)) i++
    count++
  }
  return count
}

/** No charset writes a UTF-16 unit in more than four bytes. */
const surely = (plain: string, max: number, charset: string | null): boolean =>
  plain.length * (charset === null ? 1 : 4) <= max

/** The longest beginning that fits, never half of a character. */
function beginning(plain: string, max: number, charset: string | null): string {
  let used = 0
  let end = 0
  while (end < plain.length) {
    const next = isPair(plain, end) ? end + 2 : end + 1
    used += charset === null ? 1 : measure(plain.slice(end, next), charset)
    if (used > max) break
    end = next
  }
  return plain.slice(0, end)
}

/**
 * `$fit(text, 181)`, `$fit(text, 60, 'bytes:gbk abbreviate')`: at most that long, never half of a character.
 * `abbreviate` ends what was cut with `…`, which counts too.
 */
export function fit(value: unknown, max: unknown, how?: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const plain = typeof value === 'string' ? value : text('fit', value)
  if (how === undefined && plain.length <= (max as number)) return plain
  return exact('fit', how ?? max, () => {
    const { charset, abbreviate } = fitting(how)
    const limit = most(max)
    if (surely(plain, limit, charset) || measure(plain, charset) <= limit) return plain
    const room = limit - measure('…', charset)
    if (!abbreviate || room < 1) return beginning(plain, limit, charset)
    return `${beginning(plain, room, charset).trimEnd()}…`
  })
}

/** `$fits(text, 181)`: whether `$fit` with the same arguments would leave all of it. True for nothing. */
export function fits(value: unknown, max: unknown, how?: unknown): boolean {
  if (isNothing(value)) return true
  const plain = typeof value === 'string' ? value : text('fits', value)
  return exact('fits', how ?? max, () => {
    const { charset } = fitting(how)
    const limit = most(max)
    return surely(plain, limit, charset) || measure(plain, charset) <= limit
  })
}

/** `$gidTail('gid://shopify/Order/7')` is '7'; a number is its text. */
export function gidTail(value: unknown): string | undefined {
  if (isNothing(value)) return undefined
  const id = text('gidTail', value)
  return id.slice(id.lastIndexOf('/') + 1)
}

/** `$words(' ', a, b)`: what is there of the parts, joined; nothing when none is. */
export function words(separator: unknown, ...parts: unknown[]): string | undefined {
  const between = typeof separator === 'string' ? separator : ' '
  let joined: string | undefined
  for (const part of parts) {
    for (const one of Array.isArray(part) ? part : [part]) {
      if (isNothing(one)) continue
      if (typeof one === 'object') throw unusable('words', one, 'it takes text and numbers')
      joined = joined === undefined ? String(one) : `${joined}${between}${one}`
    }
  }
  return joined
}

/** `$hash(value[, length])`: equal for equal content, whatever the order of keys; see core/canonical.ts. */
export function hash(value: unknown, length?: unknown): string | undefined {
  const content = canonicalJson(value)
  if (content === '') return undefined
  const digits = length === undefined ? 32 : exact('hash', length, () => digitsOf(length))
  return digest('sha256', content, 'hex').slice(0, digits)
}

function digitsOf(length: unknown): number {
  if (typeof length === 'number' && Number.isInteger(length) && length >= 8 && length <= 64) return length
  throw new RangeError('the length must be a whole number from 8 to 64')
}

export const TEXTS: FunctionTable = {
  fit: {
    work: fit,
    takes: 'text, max[, how]',
    gives:
      "at most that long, never half of a character; `how` is `'characters'` (default) or `'bytes:<charset>'`, with `abbreviate` behind it to end what was cut with `…`",
    example: [
      "[$fit('三件白色衬衫', 4), $fit('三件白色衬衫', 8, 'bytes:gbk'), $fit('三件白色衬衫', 8, 'bytes:gbk abbreviate')]",
      ['三件白色', '三件白色', '三件白…'],
    ],
  },
  fits: {
    work: fits,
    takes: 'text, max[, how]',
    gives: 'whether `$fit` would leave all of it; true for nothing',
    example: ["$fits('三件白色衬衫', 8, 'bytes:gbk')", false],
  },
  words: {
    work: words,
    takes: 'separator, a, b, …',
    gives: 'what is there of the parts, joined; nothing when none is',
    example: ["$words(' ', 'Ada', null, 'Lovelace')", 'Ada Lovelace'],
  },
  gidTail: {
    work: gidTail,
    takes: 'id',
    gives: 'what follows the last `/`',
    example: ["$gidTail('gid://shopify/Order/7')", '7'],
  },
  hash: {
    work: hash,
    takes: 'value[, length]',
    gives:
      'hexadecimal digits (32, or 8 to 64) of SHA-256 over canonical JSON: the same for the same content in any order of keys; missing, null and empty text are alike',
    example: ["$hash({'b': 1, 'a': '2'}, 16) = $hash({'a': '2', 'b': 1, 'c': null}, 16)", true],
  },
}
