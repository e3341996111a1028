/**
 * XML for systems that speak it (NC above all): bytes to a plain tree and text to bytes, in the charsets
 * they really use. The declaration decides the charset, then the HTTP header, then UTF-8.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import iconv from 'iconv-lite'

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  // Values stay text: `0012` is a code, not a number.
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  // Numeric references; own entities cannot be declared because a DOCTYPE is refused below.
  htmlEntities: true,
})

/**
 * The tree of an XML document: attributes as `@name`, text beside attributes as `#text`, an element that
 * occurs several times as a list. Throws Error (plain, to be wrapped) for what is not one whole,
 * well-formed document, for a DOCTYPE and for a charset nobody knows.
 */
export function parseXml(body: Buffer, contentType?: string): Record<string, unknown> {
  const text = decodeXml(body, contentType)
  if (/<!DOCTYPE/i.test(text)) throw new Error('a DOCTYPE is not accepted')
  const valid = XMLValidator.validate(text)
  if (valid !== true) throw new Error(`not well-formed at line ${valid.err.line ?? 1}`)
  const tree = parser.parse(text) as Record<string, unknown>
  // The validator lets several roots pass: two answers run together, or text after the end.
  const roots = Object.keys(tree).filter((name) => !name.startsWith('?'))
  if (roots.length !== 1 || Array.isArray(tree[roots[0]!])) throw new Error('not one document')
  return tree
}

/**
 * The text of an XML document. Charset by declaration, else by HTTP header, else UTF-8 (a UTF-16 byte order
 * mark wins over all). Throws for a charset nobody knows and for bytes that are not in it.
 */
export function decodeXml(body: Buffer, contentType?: string): string {
  const head = body.subarray(0, 200).toString('latin1')
  const declared = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(
    head,
  )?.[1]
  const charset = bom(body) ?? declared ?? charsetOf(contentType) ?? 'utf-8'
  if (/^utf-?8$/i.test(charset)) return new TextDecoder('utf-8', { fatal: true }).decode(body)
  if (!iconv.encodingExists(charset)) throw new Error(`unknown charset ${charset}`)
  // `gb2312` is read as its superset GBK: senders that declare it write GBK in practice.
  const text = iconv.decode(body, charset)
  if (text.includes('\ufffd')) throw new Error(`the bytes are not ${charset}`)
  return text
}

function bom(body: Buffer): string | null {
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le'
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be'
  return null
}

/** The `charset` parameter of a content type, or null. */
export function charsetOf(contentType: string | undefined): string | null {
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(contentType ?? '')?.[1] ?? null
}

/** What XML 1.0 (section 2.2) cannot hold in any form, numeric references included; lone surrogates too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

/** Whether a text may hold anything that is escaped or left out; most hold nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
const SUSPECT = /[&<>"'\u0000-\u001f\ud800-\udfff\ufffe\uffff]/

/** How many characters of a text XML cannot hold; `escapeXml` leaves them out. */
export function illegalInXml(text: string): number {
  return SUSPECT.test(text) ? (text.match(ILLEGAL)?.length ?? 0) : 0
}

const ENTITY: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // As references, or a parser would turn them into spaces inside attributes and into \n elsewhere.
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** A text for use as element content or attribute value. Characters that XML cannot hold are left out. */
export function escapeXml(text: string): string {
  if (!SUSPECT.test(text)) return text
  return text.replace(ILLEGAL, '').replace(/[&<>"'\r\n\t]/g, (c) => ENTITY[c]!)
}

/** One element of a tree as `parseXml` gives it; see `Tools.xml.element`. `write` is told every text. */
export function xmlElement(name: string, value: unknown, write: (text: string) => string): string {
  if (value === undefined || value === null || value === '') return ''
  if (Array.isArray(value)) return value.map((v) => xmlElement(name, v, write)).join('')
  if (typeof value !== 'object') return `<${name}>${write(String(value))}</${name}>`
  let attributes = ''
  let content = ''
  for (const [key, v] of Object.entries(value)) {
    if (key.startsWith('@')) attributes += ` ${key.slice(1)}="${write(String(v ?? ''))}"`
    else content += key === '#text' ? write(String(v ?? '')) : xmlElement(key, v, write)
  }
  return `<${name}${attributes}>${content}</${name}>`
}

/**
 * A whole XML document as bytes of a charset. Characters that the charset cannot write (an emoji or 𠮷 in
 * GBK) become numeric references, so nothing is lost. Throws Error for a charset nobody knows.
 */
export function encodeXml(text: string, charset: string): Buffer {
  const name = charset.toLowerCase().replace(/[^a-z0-9]/g, '')
  if (name === 'utf8') return Buffer.from(text, 'utf8')
  if (!iconv.encodingExists(charset)) throw new Error(`unknown charset ${charset}`)
  const safe = text.replace(/[^\p{ASCII}]/gu, (c) => (writable(c, name) ? c : `&#${c.codePointAt(0)};`))
  return iconv.encode(safe, charset)
}

const known = new Map<string, boolean>()

/**
 * True when every system that knows the charset reads these bytes as this character. Stricter than what
 * iconv-lite writes: its `gb2312` is GBK, its 0x80 is the euro sign, and private-use characters differ.
 */
function writable(character: string, charset: string): boolean {
  const id = `${charset} ${character}`
  const before = known.get(id)
  if (before !== undefined) return before
  const bytes = iconv.encode(character, charset)
  let fits = iconv.decode(bytes, charset) === character && !/\p{Private_Use}/u.test(character)
  if (charset === 'gbk' || charset === 'cp936') fits &&= bytes.length === 2
  if (charset === 'gb2312' || charset === 'euccn') fits &&= inGb2312(bytes)
  if (known.size < 50_000) known.set(id, fits)
  return fits
}

/** Rows 1, 3 and 16–87 of GB 2312-80; the rows between hold later additions that not all readers know. */
function inGb2312(bytes: Buffer): boolean {
  const [high = 0, low = 0] = bytes
  return (
    bytes.length === 2 && low >= 0xa1 && (high === 0xa1 || high === 0xa3 || (high >= 0xb0 && high <= 0xf7))
  )
}
