import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { escapeXml, parseXml, XmlError } from '../../src/sandbox/xml.ts'
import { decodeDocument, encodeDocument } from '../../src/sandbox/yonyou-nc/charset.ts'

describe('reading XML', () => {
  test('elements, attributes, references, CDATA, comments and offsets', () => {
    const text = `<?xml version="1.0"?><!-- c --><a x='1 &amp; &#x1F375;' y = "&lt;"><b> t<![CDATA[<&>]]>&#26222;</b><c/><c z="1" /></a>\n`
    const root = parseXml(text)
    expect(root.attributes).toEqual({ x: '1 & 🍵', y: '<' })
    expect(root.children.map((c) => [c.name, c.text])).toEqual([
      ['b', ' t<&>普'],
      ['c', ''],
      ['c', ''],
    ])
    expect(text.slice(root.children[0]!.start, root.children[0]!.end)).toMatch(/^<b>.*<\/b>$/)
  })

  test.each([
    ['no end', '<a><b></b>'],
    ['crossed', '<a><b></a></b>'],
    ['longer end name', '<a></ab>'],
    ['second root', '<a/><b/>'],
    ['text outside', '<a/>x'],
    ['end too many', '<a/></a>'],
    ['bare ampersand', '<a>AT&T</a>'],
    ['unknown entity', '<a>&nbsp;</a>'],
    ['reference to no character', '<a>&#0;</a>'],
    ['reference to half a character', '<a>&#55356;</a>'],
    ['attribute twice', '<a x="1" x="2"/>'],
    ['attribute without quotes', '<a x=1/>'],
    ['less-than in attribute', '<a x="<"/>'],
    ['control character', '<a>\u0001</a>'],
    ['document type', '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'],
    ['late declaration', ' <?xml version="1.0"?><a/>'],
    ['name from a digit', '<1a/>'],
    ['open comment', '<a><!-- </a>'],
    ['nothing', ''],
    ['only text', 'Bad Gateway'],
  ])('refuses %s', (_what, text) => {
    expect(() => parseXml(text)).toThrow(XmlError)
  })

  test('reads back whatever text is escaped, as another parser does', () => {
    const other = new XMLParser({ ignoreAttributes: false, parseTagValue: false, trimValues: false })
    const character = fc.string({ unit: 'binary' }).filter((s) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 cannot carry at all
      return !/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|\p{Cs}/u.test(s)
    })
    const check = fc.property(character, (value) => {
      const xml = `<a x="1"><b>${escapeXml(value)}</b></a>`
      expect(parseXml(xml).children[0]!.text).toBe(value)
      expect(other.parse(xml).a.b).toBe(value)
    })
    fc.assert(check, { numRuns: 200 })
  })
})

describe('charsets', () => {
  const text = (charset: string) => `<?xml version="1.0" encoding="${charset}"?><a>普洱 茶&#127861;</a>`

  test.each(['UTF-8', 'gb2312', 'GBK', 'GB18030'])('%s by declaration', (charset) => {
    expect(decodeDocument(iconv.encode(text(charset), charset))).toBe(text(charset))
  })

  test('a byte order mark and single quotes', () => {
    const bom = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from("<?xml version='1.0' encoding='utf-8'?><a/>"),
    ])
    expect(parseXml(decodeDocument(bom)).name).toBe('a')
  })

  test.each([
    ['GBK bytes declared UTF-8', iconv.encode(text('UTF-8'), 'gbk')],
    [
      'UTF-8 bytes declared GBK, where GBK has no such pair',
      Buffer.from(`<?xml version="1.0" encoding="GBK"?><a>茶</a>`),
    ],
    [
      'GBK-only hanzi declared gb2312',
      iconv.encode(`<?xml version="1.0" encoding="gb2312"?><a>朱镕基</a>`, 'gbk'),
    ],
    ['unknown charset', Buffer.from(text('shift_jis'))],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decodeDocument(bytes)).toThrow(XmlError)
  })

  test('what GBK lacks leaves as a numeric reference, a question mark stays one', () => {
    const bytes = encodeDocument('<a>真? 🍵𠮷</a>', 'GBK')
    expect(iconv.decode(bytes, 'gbk')).toBe('<a>真? &#127861;&#134071;</a>')
  })
})
