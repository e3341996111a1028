import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readIds, readMoment } from '../../src/cli/backfill-wanted.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-ids-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what a backfill is asked for', () => {
  it.each([
    ['2026-11-23', 'Asia/Shanghai', '2026-11-22T16:00:00.000Z'],
    ['2026-11-23', 'UTC', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T08:00:00+08:00', 'UTC', '2026-11-23T00:00:00.000Z'],
  ])('%s in %s', (text, zone, expected) => {
    expect(readMoment('since', text, zone)).toBe(expected)
  })

  it('a duration ago', () => {
    const at = Date.parse(readMoment('since', '2h', 'UTC')!)
    expect(Math.abs(Date.now() - 7_200_000 - at)).toBeLessThan(1_000)
    expect(readMoment('since', undefined, 'UTC')).toBeUndefined()
  })

  it.each(['2026-02-30', '2026-11-23T08:00:00', 'monday', '3 days'])('refuses %j', (text) => {
    expect(() => readMoment('since', text, 'UTC')).toThrow(
      expect.objectContaining({
        code: 'RUNTIME_REQUEST',
        detail: expect.objectContaining({ field: '--since' }),
      }),
    )
  })

  it.each([
    ['1001,1002 1003;1004', ['1001', '1002', '1003', '1004']],
    [' 1001 ', ['1001']],
  ])('ids as a list: %j', (text, ids) => {
    expect(readIds(text)).toEqual(ids)
  })

  it.each([
    ['one per line', '1001\n1002\r\n\n 1003 \n', ['1001', '1002', '1003']],
    ['a heading', 'order id\n1001\n', ['1001']],
    [
      'a heading in Chinese, other columns, quotes and a mark of order',
      '\uFEFF订单号,金额\n"1001",5\n1002,6\n',
      ['1001', '1002'],
    ],
    ['text ids have no heading to guess', 'A1\nB2\n', ['A1', 'B2']],
    ['one id alone', 'abc\n', ['abc']],
  ])('ids in a file: %s', (name, text, ids) => {
    const file = join(folder, `${name}.csv`)
    writeFileSync(file, text)
    expect(readIds(file)).toEqual(ids)
  })

  it('refuses a file or list without any', () => {
    const file = join(folder, 'empty.csv')
    writeFileSync(file, '\n\n')
    for (const given of [file, ' , '])
      expect(() => readIds(given)).toThrow(expect.objectContaining({ code: 'RUNTIME_REQUEST' }))
  })
})
