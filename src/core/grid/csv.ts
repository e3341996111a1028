/** CSV as Excel writes and reads it (RFC 4180, and what people have instead). */
import { codeError } from '../errors/code.ts'
import type { Cell, GridRow } from './grid.ts'

/** Encodings by the names that people write. */
const ENCODINGS: Record<string, string> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  gbk: 'gb18030',
  gb2312: 'gb18030',
  gb18030: 'gb18030',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
}

/** What `--encoding` may say. */
export const ENCODING_NAMES = Object.keys(ENCODINGS)

/**
 * Bytes → text. A byte order mark says what it is; else UTF-8 if it is that without a fault, else GB18030 (of which
 * GBK and GB2312 are parts), as Excel writes it on a Chinese Windows. Throws CODE_FILE_ENCODING.
 */
export function decodeCsv(bytes: Uint8Array, file: string, encoding?: string): string {
  const stated = encoding === undefined ? markOf(bytes) : ENCODINGS[encoding.toLowerCase()]
  for (const name of stated ? [stated] : ['utf-8', 'gb18030']) {
    try {
      return new TextDecoder(name, { fatal: true }).decode(bytes)
    } catch (error) {
      if (!(error instanceof TypeError) || (!stated && name === 'utf-8')) continue
      throw codeError('CODE_FILE_ENCODING', { file, encoding: stated ?? 'UTF-8 / GB18030' }, error)
    }
  }
  throw codeError('CODE_FILE_ENCODING', { file, encoding: encoding ?? '?' })
}

function markOf(bytes: Uint8Array): string | null {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  return a === 0xfe && b === 0xff ? 'utf-16be' : null
}

/** A barcode as Excel shows it in a narrow column, and so saves it: its digits are lost. */
const SCIENTIFIC = /^-?\d(\.\d+)?E\+\d{2,}$/

/**
 * Text → rows. The separator is, unless given, what the first line has most of: comma, semicolon or tab. A quote that
 * is never closed makes one last cell of the rest; its row is `torn`.
 */
export function parseCsv(text: string, separator = separatorOf(text)): GridRow[] {
  const rows: GridRow[] = []
  let cells: Cell[] = []
  let [at, line, start] = [0, 1, 1]
  let torn = false
  while (at <= text.length) {
    const field = readField(text, at, separator)
    cells.push(cellOf(field.text))
    line += field.lines
    torn ||= field.torn
    at = field.end + 1
    const end = text[field.end]
    if (end === separator) continue
    rows.push({ row: rows.length + 1, line: start, cells, ...(torn ? { torn } : {}) })
    cells = []
    torn = false
    if (end === '\r' && text[at] === '\n') at += 1
    start = line += 1
    if (at >= text.length) break
  }
  return rows
}

function separatorOf(text: string): string {
  const head = text.slice(0, text.search(/[\r\n]|$/))
  const count = (separator: string) => head.split(separator).length
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

interface Field {
  text: string
  /** Where its separator, line end or the end of the text stands. */
  end: number
  /** Line ends inside it. */
  lines: number
  /** Its quote is never closed, or more than blanks follow it. */
  torn: boolean
}

/** One field from `at` on. */
function readField(text: string, at: number, separator: string): Field {
  let value = ''
  let i = at
  let open = text[i] === '"'
  if (open) {
    for (i += 1; i < text.length; i++) {
      if (text[i] !== '"') value += text[i]
      else if (text[i + 1] === '"') value += text[++i]
      else {
        open = false
        break
      }
    }
    i += 1
  }
  const from = i
  while (i < text.length && text[i] !== separator && text[i] !== '\n' && text[i] !== '\r') i++
  const end = Math.min(i, text.length)
  const lines = value === '' ? 0 : (value.match(/\r\n|\r|\n/g)?.length ?? 0)
  const behind = text.slice(from, end)
  const torn = open || (from > at && behind.trim() !== '')
  return { text: value + behind, end, lines, torn }
}

function cellOf(text: string): Cell {
  const plain = text.trim()
  if (SCIENTIFIC.test(plain)) return { wrong: 'number', found: plain }
  // ="00123": how Excel is made to keep a text in CSV (formatCsv writes it)
  const kept = /^="((?:[^"]|"")*)"$/.exec(plain)
  return { text: kept ? kept[1]!.replaceAll('""', '"') : plain }
}

/** Digits that Excel would shorten or round, and what it would run as a formula. */
const NEEDS_CARE = /^(0\d|\d{12}|[=+\-@\t])/

/** Rows → CSV for Excel: UTF-8 with a mark, CRLF, and texts kept as text. */
export function formatCsv(rows: (string | number | null)[][]): string {
  const field = (value: string | number | null) => {
    let text = value === null ? '' : String(value)
    if (typeof value === 'string' && NEEDS_CARE.test(text)) text = `="${text.replaceAll('"', '""')}"`
    return /[",\r\n;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `\ufeff${rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')}`
}
