/** Files as a way in: how a file becomes records. */
import { describe, expect, it } from 'vitest'
import { fileRows } from '../../src/pipeline/files.ts'

describe('fileRows', () => {
  it('takes each line of a .jsonl file byte for byte, empty ones left out', () => {
    const rows = fileRows(
      'shop',
      'order',
      'order',
      'a.jsonl',
      Buffer.from('{"id": 1.10}\n\n{"id":2}\r\n{"id":2}'),
    )
    expect(rows.map((r) => r.body.toString())).toEqual(['{"id": 1.10}', '{"id":2}\r', '{"id":2}'])
    expect(new Set(rows.map((r) => r.key)).size).toBe(3)
  })
  it('takes any other file as one record', () => {
    const rows = fileRows('nc', 'bill', 'bill', 'b.xml', Buffer.from('<a>\n</a>'))
    expect(rows).toMatchObject([{ contentType: 'text/xml', key: 'file:bill:b.xml:0', origin: 'file' }])
  })
  it('knows the same file again by name and bytes, and a changed one as new', () => {
    const of = (text: string) => fileRows('s', 'order', 'order', 'a.json', Buffer.from(text))[0]!
    expect(of('1').hash).toBe(of('1').hash)
    expect(of('1').hash).not.toBe(of('2').hash)
  })
})
