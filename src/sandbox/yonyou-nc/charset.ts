/**
 * Bytes to text and back by the XML declaration, which decides the charset of a document (china.md §1.1:
 * UTF-8 and gb2312/GBK are both sent in practice; the bytes must match the declaration).
 */
import iconv from 'iconv-lite'
import { XmlError } from '../xml.ts'

/** Charsets a server may answer in (a server setting, independent of the request's). */
export type OutputCharset = 'UTF-8' | 'GBK'

const ENCODING = /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/
const READABLE: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  gb2312: 'gb2312',
  gbk: 'gbk',
  gb18030: 'gb18030',
}

/** GB2312 proper has no lead byte outside A1–F7 and no trail byte below A1; GBK text under that name is a lie. */
function assertGb2312(bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i += 1) {
    const lead = bytes[i]!
    if (lead < 0x80) continue
    const trail = bytes[i + 1] ?? 0
    if (lead < 0xa1 || lead > 0xf7 || trail < 0xa1 || trail > 0xfe) {
      throw new XmlError('bytes are not GB2312 as declared', i)
    }
    i += 1
  }
}

/**
 * The text of a document, by the charset that its declaration names (UTF-8 without one). Throws XmlError for
 * a charset nobody here reads and for bytes that are not text in the declared charset: a replacement
 * character must never be imported.
 */
export function decodeDocument(bytes: Buffer): string {
  const declared = ENCODING.exec(bytes.toString('latin1', 0, 200))?.[1] ?? 'UTF-8'
  const charset = READABLE[declared.toLowerCase()]
  if (charset === undefined) throw new XmlError(`charset ${declared} is not supported`, 0)
  if (charset === 'utf-8') {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (cause) {
      if (cause instanceof TypeError) throw new XmlError('bytes are not UTF-8 as declared', 0)
      throw cause
    }
  }
  if (charset === 'gb2312') assertGb2312(bytes)
  const text = iconv.decode(bytes, charset)
  const bad = text.indexOf('\ufffd')
  if (bad >= 0) throw new XmlError(`bytes are not ${declared} as declared`, bad)
  return text
}

/** An XML text as bytes; what the charset cannot hold becomes a numeric character reference. */
export function encodeDocument(text: string, charset: OutputCharset): Buffer {
  if (charset === 'UTF-8') return Buffer.from(text)
  const bytes = iconv.encode(text, 'gbk')
  if (!bytes.includes(0x3f)) return bytes
  // A '?' in the bytes is either a real one or a character that GBK lacks: only then look at each.
  let out = ''
  for (const c of text) {
    const lost = c.codePointAt(0)! > 0x7f && iconv.decode(iconv.encode(c, 'gbk'), 'gbk') !== c
    out += lost ? `&#${c.codePointAt(0)};` : c
  }
  return iconv.encode(out, 'gbk')
}
