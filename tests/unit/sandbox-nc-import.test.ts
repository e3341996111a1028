import { setTimeout as sleep } from 'node:timers/promises'
import iconv from 'iconv-lite'
import { afterEach, describe, expect, test } from 'vitest'
import type { YonyouNcOptions } from '../../src/sandbox/yonyou-nc/options.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { type NcResult, post, rawBills, setFaults } from '../support/nc-client.ts'
import { billsXml, billXml, documentXml } from '../support/nc-document.ts'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})
async function start(options: Partial<YonyouNcOptions> = {}): Promise<string> {
  const nc = await startYonyouNc({ account: 'develop', group: 'G01', senders: ['SHOP'], ...options })
  running.push(nc)
  return nc.url
}
const codes = (results: NcResult[]) => results.map((r) => `${r.id} ${r.code}`)
const good = (id: string) => ({ id })
const bad = (id: string) => ({ id, rows: [{ ntaxmny: '1' }] })

describe('the answer', () => {
  test('is written as the platform writes it', async () => {
    const url = await start()
    const answer = await post(url, documentXml(billXml(good('k<1>')), { filename: 'f.xml' }))
    expect(answer.type).toBe('text/html; charset=UTF-8')
    expect(answer.text.startsWith(`<?xml version="1.0" encoding='UTF-8'?>`)).toBe(true)
    expect(answer.attributes).toEqual({
      billtype: '30',
      filename: 'f.xml',
      isexchange: 'Y',
      replace: 'N',
      sender: 'SHOP',
      roottag: 'sendresult',
      successful: 'Y',
    })
    const [result] = answer.results
    expect(result).toMatchObject({ id: 'k<1>', code: '1' })
    expect(result!.content).toMatch(/^[0-9A-Z]{20}$/)
    expect(result!.description).toContain('单据  k<1>  处理完毕')
  })

  test('raw contents: head, rows and the text as it came', async () => {
    const url = await start()
    const bill = {
      id: 'a',
      head: { vnote: '普洱 & 🍵' },
      rows: [{}, { cmaterialvid: 'SHIPPING', norigtaxmny: '10.5' }],
    }
    const { results } = await post(url, billsXml(bill))
    const [stored, ...others] = await rawBills(url)
    expect(others).toEqual([])
    expect(stored).toMatchObject({
      id: 'a',
      pk: results[0]!.content,
      billtype: '30',
      status: 1,
      total: '123.5',
      updates: 0,
    })
    expect(stored!.head).toMatchObject({ vnote: '普洱 & 🍵', pk_org: 'ORG1' })
    expect(stored!.rows.map((r) => [r.crowno, r.cmaterialvid])).toEqual([
      ['10', 'TEA-001'],
      ['20', 'SHIPPING'],
    ])
    expect(stored!.raw).toBe(billXml(bill))
    expect(await rawBills(await start())).toEqual([])
  })

  test.each(['gb2312', 'GBK', 'GB18030'])(
    'a %s document with references; the answer in GBK',
    async (charset) => {
      const url = await start({ encoding: 'GBK' })
      const xml = documentXml(billXml({ id: '单1', head: { vnote: '普洱@' } }), {}, charset).replace(
        '@',
        '&#134071;',
      )
      const answer = await post(url, new Uint8Array(iconv.encode(xml, charset)))
      expect(answer.type).toBe('text/html; charset=GBK')
      expect(answer.text).toContain(`encoding='GBK'`)
      expect(answer.results[0]).toMatchObject({ id: '单1', code: '1' })
      expect(answer.results[0]!.description).toContain('处理完毕')
      expect((await rawBills(url))[0]!.head.vnote).toBe('普洱𠮷')
    },
  )
})

describe('deal rules', () => {
  const mixed = billsXml(good('a'), bad('b'), good('c'), { id: 'd', rows: [{ cmaterialvid: 'NEW' }] })

  test('per bill: the healthy ones stay', async () => {
    const url = await start()
    const answer = await post(url, mixed)
    expect(answer.attributes.successful).toBe('N')
    expect(codes(answer.results)).toEqual(['a 1', 'b -32000', 'c 1', 'd -31206'])
    expect((await rawBills(url)).map((b) => b.id)).toEqual(['a', 'c'])
  })

  test('all or none: the healthy ones come back with -31004 and nothing is held', async () => {
    const url = await start({ dealRule: 'all-or-none' })
    const answer = await post(url, mixed)
    expect(codes(answer.results)).toEqual(['a -31004', 'b -32000', 'c -31004', 'd -31206'])
    expect(await rawBills(url)).toEqual([])
    expect(codes((await post(url, billsXml(good('a'), good('c')))).results)).toEqual(['a 1', 'c 1'])
    expect(await rawBills(url)).toHaveLength(2)
  })

  test('the same id twice in one document', async () => {
    const each = await post(await start(), billsXml(good('a'), good('a')))
    expect(codes(each.results)).toEqual(['a 1', 'a -31000'])
    const none = await start({ dealRule: 'all-or-none' })
    expect(codes((await post(none, billsXml(good('a'), good('a')))).results)).toEqual([
      'a -31004',
      'a -31000',
    ])
    expect(await rawBills(none)).toEqual([])
  })
})

describe('duplicates and replace', () => {
  test('the same document twice: -31000, also where it brings its own bill code', async () => {
    const url = await start()
    const xml = billsXml({ id: 'a', head: { vbillcode: 'SO1' } }, good('b'))
    expect(codes((await post(url, xml)).results)).toEqual(['a 1', 'b 1'])
    expect(codes((await post(url, xml)).results)).toEqual(['a -31000', 'b -31000'])
    expect(await rawBills(url)).toHaveLength(2)
  })

  test('a bill code that another bill has: -32001', async () => {
    const url = await start()
    await post(url, billsXml({ id: 'a', head: { vbillcode: 'SO1' } }))
    const again = await post(url, billsXml({ id: 'b', head: { vbillcode: 'SO1' } }, good('c')))
    expect(codes(again.results)).toEqual(['b -32001', 'c 1'])
    const [, c] = await rawBills(url)
    expect(c!.code).not.toBe('SO1')
  })

  test('an empty id is no key: each time a new bill', async () => {
    const url = await start()
    for (const _ of [1, 2])
      expect((await post(url, billsXml(good('')))).results[0]).toMatchObject({ code: '1' })
    expect(new Set((await rawBills(url)).map((b) => b.pk)).size).toBe(2)
  })

  test('replace=Y updates while free, keeps the key and the code, and inserts what is unknown', async () => {
    const url = await start()
    const first = await post(url, billsXml(good('a')))
    const replace = { replace: 'Y' }
    const change = documentXml(
      billXml({ id: 'a', rows: [{ norigtaxmny: '7' }] }) + billXml(good('new')),
      replace,
    )
    const second = await post(url, change)
    expect(codes(second.results)).toEqual(['a 1', 'new 1'])
    expect(second.results[0]!.content).toBe(first.results[0]!.content)
    const [a] = await rawBills(url)
    expect(a).toMatchObject({ total: '7', updates: 1, pk: first.results[0]!.content })

    const approved = { fstatusflag: '2', fpfstatusflag: '1' }
    expect(
      (await post(url, documentXml(billXml({ id: 'a', head: approved }), replace))).results[0]!.code,
    ).toBe('1')
    const late = await post(url, documentXml(billXml(good('a')), replace))
    expect(late.results[0]!.code).toBe('-32000')
    expect((await rawBills(url))[0]).toMatchObject({ status: 2, updates: 2, code: a!.code })
  })

  test('a bill code given up by an update is free for another bill', async () => {
    const url = await start()
    await post(url, billsXml({ id: 'a', head: { vbillcode: 'SO1' } }))
    await post(url, documentXml(billXml({ id: 'a', head: { vbillcode: 'SO2' } }), { replace: 'Y' }))
    const answer = await post(
      url,
      billsXml({ id: 'b', head: { vbillcode: 'SO1' } }, { id: 'c', head: { vbillcode: 'SO2' } }),
    )
    expect(codes(answer.results)).toEqual(['b 1', 'c -32001'])
  })
})

describe('the lock on bill type and id', () => {
  test('a second request waits; when the first is done in time it meets -31000', async () => {
    const url = await start()
    await setFaults(url, { slow: { probability: 1, times: 1, min: 500 } })
    const first = post(url, billsXml(good('a')))
    await sleep(100)
    const second = await post(url, billsXml(good('a')))
    expect(codes((await first).results)).toEqual(['a 1'])
    expect(codes(second.results)).toEqual(['a -31000'])
  })

  test('after 1.5 s it fails that bill and no other', async () => {
    const url = await start()
    await setFaults(url, { slow: { probability: 1, times: 1, min: 2200 } })
    const first = post(url, billsXml(good('a')))
    await sleep(100)
    const from = performance.now()
    const second = await post(url, billsXml(good('a'), good('b')))
    expect(performance.now() - from).toBeGreaterThan(1400)
    expect(codes(second.results)).toEqual(['a -40000', 'b 1'])
    expect(codes((await first).results)).toEqual(['a 1'])
    expect((await rawBills(url)).map((b) => b.id)).toEqual(['b', 'a'])
  })
})
