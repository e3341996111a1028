import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REQUIRED_HEAD, REQUIRED_ROW } from '../../src/sandbox/yonyou-nc/fields.ts'
import { startYonyouNc } from '../../src/sandbox/yonyou-nc/server.ts'
import { post, rawBills } from '../support/nc-client.ts'
import { billsXml, billXml, documentXml, type NcFields } from '../support/nc-document.ts'

const base = { account: 'develop', group: 'G01', senders: ['SHOP'] }
let nc: Awaited<ReturnType<typeof startYonyouNc>>
beforeAll(async () => {
  nc = await startYonyouNc({ ...base, limitKb: 64, customers: ['WEB'], orgs: ['ORG1'] })
})
afterAll(() => nc.close())

const one = async (xml: string, query?: string) => (await post(nc.url, xml, query)).results[0]!

describe('the document as a whole', () => {
  test.each([
    [
      'larger than the limit',
      '-21106',
      documentXml(billXml({ id: 'big', head: { vdef20: 'x'.repeat(65_536) } })),
    ],
    ['not XML', '-31003', 'Bad Gateway'],
    ['not closed', '-31003', documentXml('<bill id="x">')],
    ['another root', '-31005', '<bill/>'],
    ['no replace', '-31005', documentXml(billXml({ id: 'x' }), { replace: undefined })],
    ['no groupcode', '-31005', documentXml(billXml({ id: 'x' }), { groupcode: undefined })],
    ['replace="true"', '-31005', documentXml(billXml({ id: 'x' }), { replace: 'true' })],
    ['roottag of 5.x', '-31005', documentXml(billXml({ id: 'x' }), { roottag: 'so_order' })],
    ['account unlike the URL', '-31005', documentXml(billXml({ id: 'x' }), { account: 'other' })],
    ['a query', '-31100', documentXml(billXml({ id: 'x' }), { proc: 'query' })],
    ['unknown sender', '-31102', documentXml(billXml({ id: 'x' }), { sender: 'NOBODY' })],
    ['unknown bill type', '-31103', documentXml(billXml({ id: 'x' }), { billtype: 'TRIBUTARY-CHECK' })],
    ['no bill', '-31006', documentXml('')],
  ])('%s: %s', async (_what, code, xml) => {
    const answer = await post(nc.url, xml)
    expect(answer.status).toBe(200)
    expect(answer.attributes).toMatchObject({ roottag: 'sendresult', successful: 'N' })
    expect(answer.results).toHaveLength(1)
    expect(answer.results[0]).toMatchObject({ id: '', code, content: '' })
  })

  test('unknown account and wrong group in the URL', async () => {
    const account = documentXml(billXml({ id: 'x' }), { account: 'other' })
    expect(await one(account, 'account=other&groupcode=G01')).toMatchObject({ code: '-31102' })
    expect(await one(billsXml({ id: 'x' }), 'account=develop')).toMatchObject({ code: '-31005' })
  })

  test('the order of the checks: sender before bill type, root before sender', async () => {
    const both = { sender: 'NOBODY', billtype: '99' }
    expect(await one(documentXml('', both))).toMatchObject({ code: '-31102' })
    expect(await one(documentXml('', { ...both, isexchange: '' }))).toMatchObject({ code: '-31005' })
  })

  test('an address outside the list', async () => {
    const closed = await startYonyouNc({ ...base, allowAddresses: ['10.0.0.1'] })
    const open = await startYonyouNc({ ...base, allowAddresses: ['10.0.0.1', '127.0.0.1'] })
    try {
      expect((await post(closed.url, billsXml({ id: 'x' }))).results[0]).toMatchObject({ code: '-31201' })
      expect((await post(open.url, billsXml({ id: 'x' }))).results[0]).toMatchObject({ code: '1' })
    } finally {
      await closed.close()
      await open.close()
    }
  })

  test('there is nothing to read: no GET, no other path', async () => {
    expect((await fetch(`${nc.url}/service/XChangeServlet?account=develop`)).status).toBe(404)
    expect((await fetch(`${nc.url}/`)).status).toBe(404)
  })
})

describe('one bill', () => {
  test('head and body tags', async () => {
    expect(await one(documentXml('<bill id="a"/>'))).toMatchObject({ id: 'a', code: '-31006' })
    const bodyless = documentXml('<bill id="b"><billhead><pk_org>ORG1</pk_org></billhead></bill>')
    expect(await one(bodyless)).toMatchObject({ id: 'b', code: '-31007' })
    expect(await one(billsXml({ id: 'c', rows: [] }))).toMatchObject({ id: 'c', code: '-31200' })
  })

  test.each(REQUIRED_HEAD)('head without %s: -31200 that names it', async (field) => {
    const result = await one(billsXml({ id: 'x', head: { [field]: ' ' } }))
    expect(result.code).toBe('-31200')
    expect(result.description).toContain(field)
  })

  test.each(REQUIRED_ROW)('row without %s: -31200 that names field and row', async (field) => {
    const result = await one(billsXml({ id: 'x', rows: [{}, { [field]: '' }] }))
    expect(result.code).toBe('-31200')
    expect(result.description).toContain(field)
    expect(result.description).toContain('row 20')
  })

  test.each([
    ['nmny', '1e2', 'UFDouble'],
    ['nnum', '1,000', 'UFDouble'],
    ['dsenddate', '2026/03/01', 'UFDate'],
    ['dsenddate', '2026-13-01', 'UFDate'],
    ['btriatradeflag', 'true', 'UFBoolean'],
    ['fbuysellflag', 'domestic', 'Integer'],
  ])('row field %s = %s is no %s', async (field, value, type) => {
    const result = await one(billsXml({ id: 'x', rows: [{ [field]: value }] }))
    expect(result.code).toBe('-31200')
    expect(result.description).toContain(`${field} 的值不是 ${type}`)
  })

  test('a remark fits with 181 characters and not with 182', async () => {
    const long = billsXml({ id: 'long', head: { vnote: '茶'.repeat(182) } })
    expect(await one(long)).toMatchObject({ code: '-31200' })
    const fitting = billsXml({ id: 'fitting', head: { vnote: '🍵'.repeat(181) } })
    expect(await one(fitting)).toMatchObject({ code: '1' })
  })

  test('codes that no archive holds are listed', async () => {
    const result = await one(
      billsXml({
        id: 'x',
        head: { ccustomerid: 'STRANGER', corigcurrencyid: 'XBT', pk_org: 'ORG9' },
        rows: [{ cmaterialvid: 'NEW-2026' }, { cmaterialvid: 'SHIPPING' }, { cmaterialvid: 'NEW-2026' }],
      }),
    )
    expect(result.code).toBe('-31206')
    expect(result.invalid.toSorted()).toEqual([
      ['currency', 'XBT'],
      ['customer', 'STRANGER'],
      ['material', 'NEW-2026'],
      ['org', 'ORG9'],
    ])
  })

  test('releases that answer -31200 to an unmapped code', async () => {
    const other = await startYonyouNc({ ...base, unmappedCode: '-31200', materials: ['M1'] })
    try {
      const result = (await post(other.url, billsXml({ id: 'x' }))).results[0]!
      expect(result).toMatchObject({ code: '-31200', invalid: [['material', 'TEA-001']] })
    } finally {
      await other.close()
    }
  })

  test('without exchange the fields must carry keys', async () => {
    const result = await one(documentXml(billXml({ id: 'x' }), { isexchange: 'N' }))
    expect(result.code).toBe('-31200')
    expect(result.description).toContain('pk_org')
  })

  test.each([
    ['domestic row off by a cent', { ntaxmny: '113.01' }],
    ['domestic row without tax', { ntax: '0' }],
    ['export row with tax on top', { crececountryid: 'US' }],
    ['accumulated field', { ntotaloutnum: '1' }],
  ])('%s: -32000 from the plugin', async (_what, row) => {
    const result = await one(billsXml({ id: 'x', rows: [row] }))
    expect(result.code).toBe('-32000')
    expect(result.description).toContain('M30PfxxPlugin')
  })

  test('an export row has ntaxmny = nmny, and sums are exact', async () => {
    const rows: NcFields[] = [
      { crececountryid: 'US', ntaxmny: '100' },
      { nmny: '0.10000000', ntax: '0.2', ntaxmny: '0.3', ntotaloutnum: '0.00' },
    ]
    expect(await one(billsXml({ id: 'export', rows }))).toMatchObject({ code: '1' })
  })

  test.each<NcFields>([{ fstatusflag: '3' }, { fstatusflag: '2' }, { fstatusflag: '2', fpfstatusflag: '0' }])(
    'status %o: -32000',
    async (head) => {
      expect(await one(billsXml({ id: 'x', head }))).toMatchObject({ code: '-32000' })
    },
  )

  test('a field that bill type 30 does not have is refused only in strict mode', async () => {
    const strict = await startYonyouNc({ ...base, fieldsStrict: true })
    try {
      const xml = billsXml({ id: 'typo', rows: [{ cmaterialvld: 'TEA-001' }] })
      const result = (await post(strict.url, xml)).results[0]!
      expect(result.code).toBe('-22100')
      expect(result.description).toContain('cmaterialvld')
      expect((await post(strict.url, billsXml({ id: 'fine' }))).results[0]!.code).toBe('1')
      expect(await one(xml)).toMatchObject({ code: '1' })
    } finally {
      await strict.close()
    }
  })

  test('nothing of what was refused is held', async () => {
    const ids = (await rawBills(nc.url)).map((b) => b.id)
    expect(ids.toSorted()).toEqual(['export', 'fitting', 'typo'])
  })
})
