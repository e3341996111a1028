/** Excel workbooks written part by part, with what programs other than ours put into them. */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'

type Value =
  | string
  | { n: string; f?: number }
  | { error: string }
  | { bool: boolean }
  | { formula: string; text: string }

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** Files by name as a zip (APPNOTE.TXT 4.3: local headers, central directory, end record). */
function zip(files: Record<string, string>): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const raw = Buffer.from(text)
    const body = deflateRawSync(raw)
    const head = Buffer.alloc(26)
    head.writeUInt16LE(20, 0)
    head.writeUInt16LE(8, 4)
    head.writeUInt32LE(crc32(raw), 10)
    head.writeUInt32LE(body.length, 14)
    head.writeUInt32LE(raw.length, 18)
    head.writeUInt16LE(Buffer.byteLength(name), 22)
    local.push(Buffer.from('PK\x03\x04', 'latin1'), head, Buffer.from(name), body)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), head.subarray(0, 26), tail, Buffer.from(name))
    offset += 30 + Buffer.byteLength(name) + body.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(Object.keys(files).length, 4)
  end.writeUInt16LE(Object.keys(files).length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...local, directory, Buffer.from('PK\x05\x06', 'latin1'), end])
}

/** The texts of a zip's files by name, through its central directory. */
function parts(bytes: Uint8Array): Record<string, string> {
  const all = Buffer.from(bytes)
  const out: Record<string, string> = {}
  let at = all.readUInt32LE(all.lastIndexOf('PK\x05\x06', undefined, 'latin1') + 16)
  while (all.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const [size, nameLength, extra, comment] = [20, 28, 30, 32].map((o, i) =>
      i === 0 ? all.readUInt32LE(at + o) : all.readUInt16LE(at + o),
    ) as [number, number, number, number]
    const name = all.toString('utf8', at + 46, at + 46 + nameLength)
    const start = all.readUInt32LE(at + 42)
    const body = start + 30 + all.readUInt16LE(start + 26) + all.readUInt16LE(start + 28)
    const raw = all.subarray(body, body + size)
    out[name] = (all.readUInt16LE(at + 10) === 0 ? raw : inflateRawSync(raw)).toString('utf8')
    at += 46 + nameLength + extra + comment
  }
  return out
}

interface Book {
  sheets: string
  relations: string
  more: Record<string, string>
}

function book({ sheets, relations, more }: Book): Buffer {
  const types = `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>`
  return zip({
    '[Content_Types].xml': types,
    '_rels/.rels': `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<x:workbook xmlns:x="${MAIN}" xmlns:r="${OFFICE}"><x:sheets>${sheets}</x:sheets></x:workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${PACKAGE}/relationships">${relations}</Relationships>`,
    ...more,
  })
}

const relation = (id: string, type: string, target: string) =>
  `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`

/** One sheet; `f` of a number is the index of its format. */
function make({ formats, rows }: { formats: string[]; rows: Value[][] }): Buffer {
  const cell = (value: Value, at: string): string => {
    if (typeof value === 'string') return `<c r="${at}" t="inlineStr"><is><t>${escaped(value)}</t></is></c>`
    if ('n' in value) return `<c r="${at}" s="${value.f ?? 0}"><v>${value.n}</v></c>`
    if ('error' in value) return `<c r="${at}" t="e"><v>${value.error}</v></c>`
    if ('bool' in value) return `<c r="${at}" t="b"><v>${Number(value.bool)}</v></c>`
    return `<c r="${at}" t="str"><f>${escaped(value.formula)}</f><v>${escaped(value.text)}</v></c>`
  }
  const sheet = rows
    .map(
      (row, r) => `<row r="${r + 1}">${row.map((v, c) => cell(v, `${'ABCDEF'[c]}${r + 1}`)).join('')}</row>`,
    )
    .join('')
  const own = formats.map((f, i) => `<numFmt numFmtId="${200 + i}" formatCode="${escaped(f)}"/>`).join('')
  const cells = formats.map((_, i) => `<xf numFmtId="${200 + i}" applyNumberFormat="1"/>`).join('')
  return book({
    sheets: '<x:sheet name="S" sheetId="1" r:id="rId1"/>',
    relations:
      relation('rId1', 'worksheet', 'worksheets/sheet1.xml') + relation('rId2', 'styles', 'styles.xml'),
    more: {
      'xl/worksheets/sheet1.xml': `<worksheet xmlns="${MAIN}"><sheetData>${sheet}</sheetData></worksheet>`,
      'xl/styles.xml': `<styleSheet xmlns="${MAIN}"><numFmts>${own}</numFmts><cellXfs>${cells}</cellXfs></styleSheet>`,
    },
  })
}

/** As report generators write: a prefix everywhere, cells without places, rich text with readings, absolute targets. */
function odd(): Buffer {
  const row = (...cells: string[]) =>
    `<x:row>${cells.map((c) => `<x:c t="s"><x:v>${c}</x:v></x:c>`).join('')}</x:row>`
  const strings = [
    '<x:t>key</x:t>',
    '<x:t>value</x:t>',
    '<x:r><x:t>外部</x:t></x:r><x:r><x:t xml:space="preserve"> 编码</x:t></x:r><x:rPh sb="0" eb="1"><x:t>ガイブ</x:t></x:rPh>',
    '<x:t>007</x:t>',
  ]
  const sheet = (rows: string) =>
    `<x:worksheet xmlns:x="${MAIN}"><x:sheetData>${rows}</x:sheetData></x:worksheet>`
  return book({
    sheets:
      '<x:sheet name="old" sheetId="1" state="hidden" r:id="rId1"/><x:sheet name="S" sheetId="2" r:id="rId2"/>',
    relations: [
      relation('rId1', 'worksheet', '/xl/worksheets/sheet1.xml'),
      relation('rId2', 'worksheet', '/xl/worksheets/sheet2.xml'),
      relation('rId3', 'sharedStrings', 'sharedStrings.xml'),
    ].join(''),
    more: {
      'xl/worksheets/sheet1.xml': sheet(row('3', '3')),
      'xl/worksheets/sheet2.xml': sheet(row('0', '1') + row('2', '3')),
      'xl/sharedStrings.xml': `<x:sst xmlns:x="${MAIN}">${strings.map((s) => `<x:si>${s}</x:si>`).join('')}</x:sst>`,
    },
  })
}

export const workbook = { make, odd, zip, parts }
