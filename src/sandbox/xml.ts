/**
 * A small strict XML reader, written by hand because the server has to read several thousand bills a second:
 * elements, attributes, text, CDATA, comments and processing instructions; no DTD, no namespaces. Anything
 * that is not well-formed throws XmlError, so that a client bug never slips through as "something was read".
 */

/** One element. `start` and `end` are offsets in the text it was read from (end is exclusive). */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** The element's own character data, CDATA included, references decoded; '' for none. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Thrown by `parseXml`; `offset` is the position in the text where reading stopped. */
export class XmlError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(`${message} (at character ${offset})`)
    this.offset = offset
  }
}

interface Open {
  name: string
  attributes: Record<string, string>
  children: XmlElement[]
  text: string
  start: number
  end: number
}

const NONE: readonly XmlElement[] = Object.freeze([])
const NO_ATTRIBUTES: Record<string, string> = Object.freeze({})
const NAME = /[\p{L}_:][\p{L}\p{N}_:.\-·]*/uy
const ATTRIBUTE = /\s+([\p{L}_:][\p{L}\p{N}_:.\-·]*)\s*=\s*("[^"<]*"|'[^'<]*')/uy
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([A-Za-z]\w*));|&/g
// The characters that XML 1.0 forbids even as they stand; a lone surrogate cannot come out of a decoder.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the forbidden ones
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function allowed(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
}

function decodeReferences(text: string, offset: number): string {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (whole, dec?: string, hex?: string, named?: string) => {
    if (named !== undefined) {
      const known = NAMED[named]
      if (known === undefined) throw new XmlError(`undeclared entity ${named}`, offset)
      return known
    }
    if (dec === undefined && hex === undefined) throw new XmlError('a bare &', offset)
    const code = dec === undefined ? Number.parseInt(hex!, 16) : Number(dec)
    if (!allowed(code)) throw new XmlError(`character reference ${whole} is not a character`, offset)
    return String.fromCodePoint(code)
  })
}

function skipPast(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  if (at < 0) throw new XmlError(`no ${mark}`, from)
  return at + mark.length
}

/** Names already found well-formed: nearly every tag of a bill is one of these, without attributes. */
const seen = new Set<string>()
const MOST_SEEN = 1000

/** Reads an opening tag at `<`; returns the element and where its content starts, or -1 when it is empty. */
function readTag(text: string, at: number): { open: Open; content: number; after: number } {
  const gt = text.indexOf('>', at)
  const plain = text.slice(at + 1, gt)
  if (gt > 0 && seen.has(plain)) {
    const open = {
      name: plain,
      attributes: NO_ATTRIBUTES,
      children: NONE as XmlElement[],
      text: '',
      start: at,
      end: -1,
    }
    return { open, content: gt + 1, after: gt + 1 }
  }
  NAME.lastIndex = at + 1
  const name = NAME.exec(text)?.[0]
  if (name === undefined) throw new XmlError('a tag without a name', at)
  let pos = at + 1 + name.length
  let attributes = NO_ATTRIBUTES
  if (pos === gt && seen.size < MOST_SEEN) seen.add(name)
  if (pos !== gt) {
    ATTRIBUTE.lastIndex = pos
    for (let m = ATTRIBUTE.exec(text); m; m = ATTRIBUTE.exec(text)) {
      if (attributes === NO_ATTRIBUTES) attributes = {}
      if (Object.hasOwn(attributes, m[1]!)) throw new XmlError(`attribute ${m[1]} twice`, pos)
      attributes[m[1]!] = decodeReferences(m[2]!.slice(1, -1).replace(/[\t\n\r]/g, ' '), pos)
      pos = ATTRIBUTE.lastIndex
      ATTRIBUTE.lastIndex = pos
    }
    while (text.charCodeAt(pos) <= 32) pos += 1
  }
  const open: Open = { name, attributes, children: NONE as XmlElement[], text: '', start: at, end: -1 }
  if (text.charCodeAt(pos) === 62) return { open, content: pos + 1, after: pos + 1 }
  if (text.startsWith('/>', pos)) return { open, content: -1, after: pos + 2 }
  throw new XmlError(`tag ${name} is not closed`, pos)
}

/** Checks a closing tag at `</` against the open element; returns the offset after it. */
function readEnd(text: string, at: number, name: string): number {
  let pos = at + 2 + name.length
  if (!text.startsWith(name, at + 2)) throw new XmlError(`</${name}> expected`, at)
  while (text.charCodeAt(pos) <= 32) pos += 1
  if (text.charCodeAt(pos) !== 62) throw new XmlError(`</${name}> expected`, at)
  return pos + 1
}

function addText(top: Open | undefined, text: string, from: number, to: number): void {
  if (to === from) return
  const piece = text.slice(from, to)
  if (top) {
    if (piece.includes(']]>')) throw new XmlError(']]> in text', from)
    top.text += decodeReferences(piece, from)
  } else if (piece.trim() !== '') {
    throw new XmlError('text outside the root element', from)
  }
}

/** Comments, CDATA and processing instructions at `<!` or `<?`; returns the offset after them. */
function readMarkup(text: string, at: number, top: Open | undefined): number {
  if (text.startsWith('<!--', at)) return skipPast(text, '-->', at + 4)
  if (text.startsWith('<?', at)) {
    if (at > 0 && /^<\?xml[\s?]/i.test(text.slice(at, at + 6))) throw new XmlError('a late declaration', at)
    return skipPast(text, '?>', at + 2)
  }
  if (text.startsWith('<![CDATA[', at) && top) {
    const after = skipPast(text, ']]>', at + 9)
    top.text += text.slice(at + 9, after - 3)
    return after
  }
  throw new XmlError('a document type or unknown markup is not accepted', at)
}

function attach(stack: readonly Open[], done: Open): void {
  const parent = stack.at(-1)
  if (!parent) return
  if (parent.children === NONE) parent.children = [done]
  else parent.children.push(done)
}

/**
 * The root element of a well-formed document (or fragment with one root). Throws XmlError otherwise. Line
 * ends are not normalised; nothing in this protocol depends on them.
 */
export function parseXml(text: string): XmlElement {
  const bad = FORBIDDEN.exec(text)
  if (bad) throw new XmlError('a forbidden control character', bad.index)
  const stack: Open[] = []
  let root: Open | undefined
  let pos = 0
  for (let lt = text.indexOf('<'); lt >= 0; lt = text.indexOf('<', pos)) {
    const top = stack.at(-1)
    addText(top, text, pos, lt)
    const next = text.charCodeAt(lt + 1)
    if (next === 47) {
      if (!top) throw new XmlError('a closing tag too many', lt)
      pos = readEnd(text, lt, top.name)
      top.end = pos
      stack.pop()
      attach(stack, top)
    } else if (next === 33 || next === 63) {
      pos = readMarkup(text, lt, top)
    } else {
      if (!top && root) throw new XmlError('a second root element', lt)
      const tag = readTag(text, lt)
      root ??= tag.open
      pos = tag.after
      if (tag.content >= 0) stack.push(tag.open)
      else {
        tag.open.end = pos
        attach(stack, tag.open)
      }
    }
  }
  if (stack.length > 0) throw new XmlError(`${stack.at(-1)!.name} is never closed`, text.length)
  addText(undefined, text, pos, text.length)
  if (!root) throw new XmlError('no root element', 0)
  return root
}

const ESCAPES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

/** Text as XML character data or inside a double-quoted attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => ESCAPES[c]!)
}
