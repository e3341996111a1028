import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { readable } from '../../src/cli/record-text.ts'

const text = (body: string | Buffer, type = 'application/json') => readable(Buffer.from(body), type).text

describe('JSON', () => {
  it('is indented and otherwise as it was sent: big numbers, trailing zeros, escapes, doubled keys', () => {
    const sent =
      '{"id":12345678901234567890,"total":1.10,"n":"\\u8336 \\"a,b\\"","x":[],"y":{ },"x":[1,{"a":null}]}'
    expect(text(sent)).toBe(
      [
        '{',
        '  "id": 12345678901234567890,',
        '  "total": 1.10,',
        '  "n": "\\u8336 \\"a,b\\"",',
        '  "x": [],',
        '  "y": {},',
        '  "x": [',
        '    1,',
        '    {',
        '      "a": null',
        '    }',
        '  ]',
        '}',
      ].join('\n'),
    )
  })

  it('of any shape looks as JSON.stringify would print it', () => {
    const printable = fc.string().map((s) => s.replace(/[^ -~]/g, ''))
    const value = fc.oneof(printable, fc.integer(), fc.boolean(), fc.constant(null))
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.array(fc.oneof(value, tie('tree')), { maxLength: 4 }),
        fc.dictionary(printable, fc.oneof(value, tie('tree')), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(tree, (sent) => {
        expect(text(JSON.stringify(sent))).toBe(JSON.stringify(sent, null, 2))
      }),
      { numRuns: 200 },
    )
  })

  it('that is broken, or no JSON at all, is shown as it is', () => {
    for (const sent of ['{"a":1', 'a=1&b=2', '', 'sku;quantity\nTEA;2\n']) expect(text(sent)).toBe(sent)
  })

  it('of great depth or length takes no more room or time than it must', () => {
    const deep = '['.repeat(5000) + ']'.repeat(5000)
    expect(text(deep)!.length).toBeLessThan(1_000_000)
    const long = JSON.stringify({ note: '\\"x'.repeat(1_000_000) })
    expect(text(long)).toBe(`{\n  ${long.slice(1, -1).replace(':', ': ')}\n}`)
  })
})

describe('XML', () => {
  const nested =
    '<?xml version="1.0"?><bill id="a>b"><head><name>绿茶</name><none/></head><!-- n --><rows></rows></bill>'
  const indented = [
    '<?xml version="1.0"?>',
    '<bill id="a>b">',
    '  <head>',
    '    <name>绿茶</name>',
    '    <none/>',
    '  </head>',
    '  <!-- n -->',
    '  <rows></rows>',
    '</bill>',
  ].join('\n')

  it('is indented, by its content type or by its declaration', () => {
    expect(text(nested, 'text/xml')).toBe(indented)
    expect(text(nested, 'application/octet-stream')).toBe(indented)
    expect(text(indented, 'text/xml')).toBe(indented)
  })

  it('keeps what a section of characters holds', () => {
    expect(text('<a><b><![CDATA[1 < 2 <c>]]></b></a>', 'text/xml')).toBe(
      '<a>\n  <b><![CDATA[1 < 2 <c>]]></b>\n</a>',
    )
  })

  it('that is not well-formed is shown as it is', () => {
    for (const sent of ['<a><b></a>', '<a x="<b>', '<'.repeat(1000)])
      expect(text(sent, 'text/xml')).toBe(sent)
  })
})

describe('bytes', () => {
  it('are read in the charset that they declare or came with', () => {
    const gbk = (sent: string) => iconv.encode(sent, 'gbk')
    expect(text(gbk('{"a":"绿茶"}'), 'application/json; charset=GBK')).toContain('绿茶')
    expect(text(gbk('<?xml version="1.0" encoding="GBK"?><a>绿茶</a>'), 'text/xml')).toContain('绿茶')
    expect(text(iconv.encode('<a>绿茶</a>', 'utf-16le', { addBOM: true }), 'text/xml')).toContain('绿茶')
    expect(text(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]))).toBe('{}')
  })

  it('that are not text in it are not guessed at', () => {
    const wrong = Buffer.from([0x7b, 0xff, 0x7d])
    expect(readable(wrong, 'application/json')).toEqual({ text: null, charset: 'utf-8' })
    expect(readable(wrong, 'text/plain; charset=klingon')).toEqual({ text: null, charset: 'klingon' })
    const xml = Buffer.concat([Buffer.from('<?xml version="1.0" encoding="GBK"?><a>'), wrong])
    expect(readable(xml, 'text/xml')).toEqual({ text: null, charset: 'GBK' })
  })

  it('do not steer the terminal nor turn the text around', () => {
    expect(text('a\u001b[31mb\r\nc\td\u009be\u202ef\rg')).toBe('a\\u001b[31mb\nc\td\\u009be\\u202ef\\u000dg')
  })
})
