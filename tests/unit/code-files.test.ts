/** Files of codes as people have them: what Excel did to them is said, never guessed at. */
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { formatCsv } from '../../src/core/grid/csv.ts'
import { columnLetters } from '../../src/core/grid/grid.ts'
import { formatXlsx } from '../../src/core/grid/xlsx.ts'
import { readCodeFile } from '../../src/runtime/code-files/entries.ts'
import { workbook } from '../support/workbook.ts'

const CONNECTIONS = ['nc', 'shop']
const read = (bytes: Uint8Array | string, more: object = {}) =>
  readCodeFile(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, 'codes.csv', {
    connections: CONNECTIONS,
    ...more,
  })
const said = (file: Awaited<ReturnType<typeof read>>) => file.problems.map((p) => `${p.code} ${p.message}`)
const HEAD = 'connection,table,key,value\n'

describe('CSV', () => {
  it.each([
    ['UTF-8', (t: string) => Buffer.from(t)],
    ['UTF-8 with a mark', (t: string) => Buffer.from(`\ufeff${t}`)],
    ['GBK', (t: string) => iconv.encode(t, 'gbk')],
    ['GB18030, four bytes', (t: string) => iconv.encode(t.replace('茶', '𠮷'), 'gb18030')],
    ['UTF-16 as Excel writes "Unicode text"', (t: string) => iconv.encode(`\ufeff${t}`, 'utf-16le')],
  ])('is read in %s', async (name, encode) => {
    const { entries, problems } = await read(encode('连接,对照表,键,值\r\nnc,物料,茶叶,0012\r\n'))
    expect(problems).toEqual([])
    const key = name.startsWith('GB18030') ? '𠮷叶' : '茶叶'
    expect(entries).toEqual([{ connection: 'nc', table: '物料', key, value: '0012' }])
  })

  it('is not read in an encoding that it is not in', async () => {
    const gbk = iconv.encode(`${HEAD}nc,m,键,1\n`, 'gbk')
    await expect(read(gbk, { encoding: 'utf-8' })).rejects.toMatchObject({ code: 'CODE_FILE_ENCODING' })
    expect((await read(gbk, { encoding: 'gbk' })).entries[0]!.key).toBe('键')
    await expect(read(Buffer.from([0x61, 0xff, 0xff, 0x0a]))).rejects.toMatchObject({
      code: 'CODE_FILE_ENCODING',
    })
  })

  it.each([',', ';', '\t'])(
    'is read with %j between its fields, quotes and line ends of any kind',
    async (s) => {
      const text = ['key,value,note', '"a,""b""",1,x', '"two\r\nlines",2,', ' 007 ,3,']
        .join('\r\n')
        .replaceAll(/,(?![^"]*"")/g, s)
      const { entries } = await read(text, { connection: 'nc', table: 'm' })
      expect(entries.map((e) => [e.key.replaceAll(s, ','), e.value])).toEqual([
        ['a,"b"', '1'],
        ['two\r\nlines', '2'],
        ['007', '3'],
      ])
    },
  )

  it('keeps zeros and long digits, and refuses what Excel has shortened', async () => {
    const file = await read(`${HEAD}nc,m,00123,6901234567890123456\nnc,m,6.90123E+12,A\nnc,m,1E5,B\n`)
    expect(file.entries.map((e) => [e.key, e.value])).toEqual([
      ['00123', '6901234567890123456'],
      ['1E5', 'B'],
    ])
    expect(said(file)).toEqual([
      expect.stringMatching(/^CODE_CELL_NUMBER codes\.csv, row 3, column C \(key\): .*6\.90123E\+12/),
    ])
    expect(file.problems[0]!.fix('zh')).toMatch(/文本/)
  })

  it('of ours comes back as it was, and runs nothing in Excel', async () => {
    const rows = [
      ['00123', "=cmd|' /C calc'!A0"],
      ['6901234567890123456', '+1-"2"'],
      ['@SUM(1)', '-5, ; \t x\ny'],
      ['plain', '茶'],
    ]
    const text = formatCsv([['key', 'value'], ...rows])
    expect(text.startsWith('\ufeff')).toBe(true)
    for (const line of text.split('\r\n')) expect(line).not.toMatch(/(^|,)"?[=+\-@](?!"")/)
    const { entries } = await read(text, { connection: 'nc', table: 'm' })
    expect(entries.map((e) => [e.key, e.value])).toEqual(rows.map((r) => r.map((t) => t.trim())))
  })
})

describe('what is wrong', () => {
  it('is said all at once, by row and column; what nobody has filled in is left out', async () => {
    const file = await read(
      [
        'connection,table,key,value,factor',
        'nc,m,A,1,12',
        'nc,m,B,,',
        'nc,m,,5,',
        'shp,m,C,6,',
        'nc,m,A,2,12',
        'nc,m,A,1,12',
        'nc,m,D,7,-1',
        ',,,,',
        `nc,m,${'x'.repeat(501)},1,`,
      ].join('\n'),
    )
    expect(file.entries).toEqual([{ connection: 'nc', table: 'm', key: 'A', value: '1', factor: '12' }])
    expect(file.blank).toBe(1)
    expect(said(file)).toEqual([
      expect.stringMatching(/^CODE_CELL_EMPTY .*row 4, column C \(key\)/),
      expect.stringMatching(/^CODE_CELL_CONNECTION .*row 5, column A .*"shp".*shop/),
      expect.stringMatching(/^CODE_CELL_TWICE .*row 6, column C .*row 2/),
      expect.stringMatching(/^CODE_CELL_FACTOR .*row 8, column E .*"-1"/),
      expect.stringMatching(/^CODE_CELL_TEXT .*row 10, column C .*500/),
    ])
  })

  it('columns that are missing are named, unless the command line stands in for them', async () => {
    await expect(read('sku,erp\nA,1\n')).rejects.toMatchObject({
      code: 'CODE_FILE_COLUMNS',
      message: expect.stringMatching(/"connection".*sku, erp/),
    })
    await expect(read('')).rejects.toMatchObject({ code: 'CODE_FILE_COLUMNS' })
    const file = await read(`${HEAD}nc,,A,1\nnc,unit,B,2\n`, { table: 'm' })
    expect(file.entries.map((e) => [e.table, e.key])).toEqual([['m', 'A']])
    expect(said(file)).toEqual([
      expect.stringMatching(/^CODE_CELL_OTHER .*row 3, column B .*"unit".*--table says "m"/),
    ])
  })

  it('a column of factors clears where it is empty; without one they stay', async () => {
    expect((await read('key,value,factor\nA,1,\n', { connection: 'nc', table: 'm' })).entries).toMatchObject([
      { factor: null },
    ])
    expect((await read('key,value\nA,1\n', { connection: 'nc', table: 'm' })).entries[0]).not.toHaveProperty(
      'factor',
    )
  })
})

describe('Excel', () => {
  const COLUMNS = ['connection', 'table', 'key', 'value', 'factor'].map((title) => ({
    title,
    width: 12,
    text: true,
  }))

  it('workbooks of ours come back as they were', async () => {
    const rows = [
      ['nc', 'm', '00123', '茶 & <b>', '12'],
      ['nc', 'm', '6901234567890123456', '=1+1', null],
      ['nc', 'm', 'bell\u0007', 'x', '0.5'],
    ]
    const file = await read(await formatXlsx(COLUMNS, rows))
    expect(file.problems).toEqual([])
    expect(file.entries.map((e) => [e.key, e.value, e.factor])).toEqual([
      ['00123', '茶 & <b>', '12'],
      ['6901234567890123456', '=1+1', null],
      ['bell', 'x', '0.5'],
    ])
  })

  it('keep text that is typed into empty cells of a template as text', async () => {
    const parts = workbook.parts(await formatXlsx(COLUMNS, [['nc', 'm', 'A', null, null]]))
    const sheet = parts['xl/worksheets/sheet1.xml']!
    const style = /<c r="D2" s="(\d+)"\/>/.exec(sheet)?.[1]
    const formats = [...parts['xl/styles.xml']!.matchAll(/<xf numFmtId="(\d+)"[^>]*applyNumberFormat/g)]
    expect(style).toBeDefined()
    expect(parts['xl/styles.xml']).toContain(`numFmtId="${formats[0]![1]}" formatCode="@"`)
  })

  it('cells are what a person sees, or refused by row and column', async () => {
    const file = await read(
      workbook.make({
        formats: ['General', '000000', '0.00', 'yyyy-mm-dd', '0_ ', '@'],
        rows: [
          ['key', 'value', 'factor'],
          [{ n: '123', f: 1 }, { n: '7' }, { n: '0.5' }],
          [{ n: '6901234567890' }, { n: '12', f: 4 }, 'x'],
          ['A', { n: '1.5' }],
          ['B', { n: '12', f: 2 }],
          ['C', { n: '45000', f: 3 }],
          ['D', { n: '123456789012345000', f: 5 }],
          ['E', { error: '#N/A' }],
          ['F', { bool: true }],
          ['G', { formula: 'A1&"x"', text: 'keyx' }],
          [{ n: '6.90123456789E12' }, 'H'],
        ],
      }),
      { connection: 'nc', table: 'm' },
    )
    expect(file.entries.map((e) => [e.key, e.value, e.factor])).toEqual([
      ['000123', '7', '0.5'],
      ['G', 'keyx', null],
      ['6901234567890', 'H', null],
    ])
    expect(said(file).map((s) => s.replace(/codes\.csv, | \(.*$/g, ''))).toEqual([
      'CODE_CELL_FACTOR row 3, column C',
      'CODE_CELL_NUMBER row 4, column B',
      'CODE_CELL_NUMBER row 5, column B',
      'CODE_CELL_DATE row 6, column B',
      'CODE_CELL_NUMBER row 7, column B',
      'CODE_CELL_KIND row 8, column B',
      'CODE_CELL_KIND row 9, column B',
    ])
  })

  it('as other programs write it: prefixes, cells without places, rich text, phonetics, a hidden first sheet', async () => {
    const file = await read(workbook.odd(), { connection: 'nc', table: 'm' })
    expect(file.entries.map((e) => [e.key, e.value])).toEqual([['外部 编码', '007']])
  })

  it.each([
    ['an old .xls', Buffer.from('D0CF11E0A1B11AE1', 'hex')],
    ['a zip that is none', Buffer.from('504B030414000000', 'hex')],
    ['a zip of something else', workbook.zip({ 'a.txt': 'hello' })],
  ])('%s is refused in words', async (_, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'CODE_FILE_UNREADABLE' })
  })

  it('columns are named as Excel names them', () => {
    expect([0, 25, 26, 701, 702].map(columnLetters)).toEqual(['A', 'Z', 'AA', 'ZZ', 'AAA'])
  })
})
