/**
 * The bytes of a record as text for a terminal. Only white space is changed: numbers, escapes and doubled keys
 * stay as the sender wrote them, which parsing and printing again would not keep.
 */
import iconv from 'iconv-lite'
import { charsetOf, decodeXml, parseXml } from '../connector/xml.ts'

/** Deeper than this nothing is indented further: the text would grow with the square of the depth. */
const DEEPEST = 40

/** `text` is null where the bytes are not text in `charset`. */
export function readable(body: Buffer, contentType: string): { text: string | null; charset: string } {
  const declared = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml([^>]*)/.exec(body.toString('latin1', 0, 200))?.[1]
  const encoding = /\bencoding\s*=\s*["']([\w.:-]+)/.exec(declared ?? '')?.[1]
  const charset = encoding ?? charsetOf(contentType) ?? 'utf-8'
  const xml = declared !== undefined || /[/+]xml\s*(;|$)/i.test(contentType)
  const text = xml ? attempt(() => decodeXml(body, contentType)) : attempt(() => decode(body, charset))
  if (text === null) return { text, charset }
  const whole = xml && attempt(() => parseXml(body, contentType)) !== null
  return { text: visible(whole ? indentXml(text) : isJson(text) ? indentJson(text) : text), charset }
}

/** Null for what cannot be read: it is shown as it is, or said not to be text. */
function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

function decode(body: Buffer, charset: string): string | null {
  if (/^(utf-?8|us-ascii)$/i.test(charset)) return new TextDecoder('utf-8', { fatal: true }).decode(body)
  const text = iconv.encodingExists(charset) ? iconv.decode(body, charset) : '\ufffd'
  return text.includes('\ufffd') ? null : text
}

/** Lists and objects; a text of one word is none. */
function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text) && attempt(() => JSON.parse(text)) !== null
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** What would steer the terminal, or turn the direction of the text, is spelled out. */
function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(CONTROL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const line = (depth: number) => `\n${'  '.repeat(Math.min(depth, DEEPEST))}`

/** `text` is known to be JSON. */
function indentJson(text: string): string {
  const parts: string[] = []
  let depth = 0
  let opened = false
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '}' || token === ']') {
      depth -= 1
      if (!opened) parts.push(line(depth))
      opened = false
    } else if (opened) {
      parts.push(line(depth))
      opened = false
    }
    parts.push(token === ':' ? ': ' : token)
    if (token === '{' || token === '[') {
      depth += 1
      opened = true
    } else if (token === ',') parts.push(line(depth))
  }
  return parts.join('')
}

const XML = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<[^'">]*(?:(?:"[^"]*"|'[^']*')[^'">]*)*>|[^<]+/g
const isTag = (token: string) => token.startsWith('<') && !token.startsWith('<![CDATA[')
const isOpening = (token: string) => /^<[^/!?]/.test(token) && !token.endsWith('/>')

/** `text` is known to be well-formed. An element that holds nothing but text stays on its line. */
function indentXml(text: string): string {
  const tokens = (text.match(XML) ?? []).filter((token) => isTag(token) || token.trim() !== '')
  let depth = 0
  let beside = false
  const parts = tokens.map((token, n) => {
    const closing = token.startsWith('</')
    if (closing) depth = Math.max(depth - 1, 0)
    const previous = tokens[n - 1]
    // text goes on after its tag, and a closing tag after text or right after its opening one
    const sameLine = n === 0 || !isTag(token) || (closing && (beside || isOpening(previous!)))
    beside = !isTag(token)
    if (isOpening(token)) depth += 1
    const at = closing || !isOpening(token) ? depth : depth - 1
    return sameLine ? token : line(at) + token
  })
  return parts.join('')
}
