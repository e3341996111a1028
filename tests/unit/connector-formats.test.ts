import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { parseRecord } from '../../src/connector/record.ts'
import { encodeXml, escapeXml, illegalInXml, parseXml } from '../../src/connector/xml.ts'
import { parseJson, parseJsonBytes } from '../../src/core/json.ts'

describe('JSON', () => {
  it.each([
    ['{"id":7000000000001}', { id: 7000000000001 }],
    ['{"id":9007199254740991}', { id: 9007199254740991 }],
    ['{"id":9007199254740993}', { id: '9007199254740993' }],
    ['{"id":-9007199254740993}', { id: '-9007199254740993' }],
    ['{"n":0.1234567890123456789}', { n: '0.1234567890123456789' }],
    ['{"n":1.500000000000000000000}', { n: 1.5 }],
    ['{"n":123456789012.3456}', { n: '123456789012.3456' }],
    ['{"n":1e400}', { n: '1e400' }],
    ['{"n":1.5e3}', { n: 1500 }],
    [
      '{"text":"12345678901234567890 \\"98765432109876543210\\""}',
      { text: '12345678901234567890 "98765432109876543210"' },
    ],
    [
      '[12345678901234567890,"a\\\\",98765432109876543210]',
      ['12345678901234567890', 'a\\', '98765432109876543210'],
    ],
    ['\ufeff{"a":1}', { a: 1 }],
  ])('%s', (text, expected) => {
    expect(parseJson(text)).toEqual(expected)
  })

  it.each(['', '{', '{"a":}', '01234567890123456789', '{"a":1}x', 'NaN', '<html>'])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJsonBytes(iconv.encode('{"a":"中文"}', 'gbk'))).toThrow(TypeError)
  })

  it('equals JSON.parse for everything that a double can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value, (_, v) =>
          typeof v === 'number' ? Math.round(v * 1000) / 1000 : v,
        )
        const large = /\d[\d.]{15}|\d[eE]/.test(text)
        if (!large) expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 200 },
    )
  })
})

const element = (text: string) =>
  `<?xml version="1.0" encoding='GBK'?>\n<a b="${escapeXml(text)}">${escapeXml(text)}</a>`

describe('XML', () => {
  it('reads attributes, text, lists and CDATA, entities once', () => {
    const xml = '<a x="1&#10;&lt;"><b>&#x1F600; &amp;lt; &#169;</b><b>0012</b><c><![CDATA[<&#65;>]]></c></a>'
    expect(parseXml(Buffer.from(xml))).toEqual({
      a: { '@x': '1\n<', b: ['😀 &lt; ©', '0012'], c: '<&#65;>' },
    })
  })

  it.each([
    '',
    'hello',
    '<a><b></a>',
    '<a>1</a',
    '<a/><b/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<html><br></html>',
  ])('refuses %j', (xml) => {
    expect(() => parseXml(Buffer.from(xml))).toThrow()
  })

  it('takes the charset of the declaration before the header, and the header before UTF-8', () => {
    const gbk = iconv.encode('<?xml version="1.0" encoding=\'gb2312\'?><a>镕中</a>', 'gbk')
    expect(parseXml(gbk, 'text/html; charset=utf-8')).toEqual({ '?xml': expect.anything(), a: '镕中' })
    expect(parseXml(iconv.encode('<a>中</a>', 'gbk'), 'text/xml; charset=GBK')).toEqual({ a: '中' })
    expect(() => parseXml(iconv.encode('<a>中</a>', 'gbk'))).toThrow()
  })

  it('writes what a charset cannot hold as numeric references', () => {
    const bytes = encodeXml('<a>中😀𠮷€</a>', 'GBK')
    expect(iconv.decode(bytes, 'gbk')).toBe('<a>中&#128512;&#134071;&#8364;</a>')
    // 镕 is in GBK but not in GB 2312: a reader that takes the declaration at its word would lose it.
    expect(iconv.decode(encodeXml('<a>中镕</a>', 'GB2312'), 'gbk')).toBe('<a>中&#38229;</a>')
    expect(encodeXml('<a>中😀</a>', 'UTF-8').toString()).toBe('<a>中😀</a>')
    expect(() => encodeXml('<a/>', 'klingon')).toThrow('klingon')
  })

  it('leaves out what XML cannot hold at all, and counts it', () => {
    const text = 'a\u0000b\u0001c\ud800d\uffffe\u0085f'
    expect(escapeXml(text)).toBe('abcde\u0085f')
    expect(illegalInXml(text)).toBe(4)
  })

  it.each(['GBK', 'GB18030', 'GB2312'])('brings every text back through %s', (charset) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (raw) => {
        const text = raw.trim()
        if (illegalInXml(text) > 0 || text === '') return
        const xml = element(text).replace('GBK', charset)
        expect((parseXml(encodeXml(xml, charset)) as { a: object }).a).toEqual({ '@b': text, '#text': text })
      }),
      { numRuns: 200 },
    )
  })
})

describe('a record', () => {
  const read = (body: string | Buffer, contentType: string) =>
    parseRecord({ body: Buffer.from(body as string), contentType })

  it('is read by its content type', () => {
    expect(read('{"id":12345678901234567890}', 'application/json; charset=utf-8')).toEqual({
      id: '12345678901234567890',
    })
    expect(read(iconv.encode('{"a":"中"}', 'gbk'), 'application/json;charset=gbk')).toEqual({ a: '中' })
    expect(read('<a>1</a>', 'text/xml')).toEqual({ a: '1' })
    expect(read('a=1&b=%E4%B8%AD', 'application/x-www-form-urlencoded')).toEqual({ a: '1', b: '中' })
    expect(read('x', 'text/csv')).toBe('x')
  })

  it.each([
    ['{"a":', 'application/json'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'application/json'],
    ['<a>', 'application/xml'],
  ])('that cannot be read is an input error that shows no content', (body, type) => {
    expect(() => read(body, type)).toThrow(
      expect.objectContaining({ code: 'CONNECTOR_RECORD_UNREADABLE', kind: 'input' }),
    )
  })
})
