/** The NC Cloud sandbox under faults and restarts, and what the comparer makes of its orders. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compare, printDifference } from '../../src/sandbox/compare/compare.ts'
import type { NcCloudOptions } from '../../src/sandbox/nc-cloud/options.ts'
import { type Running, startNcCloud } from '../../src/sandbox/nc-cloud/server.ts'
import { startShopify } from '../../src/sandbox/shopify/server.ts'
import {
  type Any,
  APP_SECRET,
  CENTER,
  CLIENT,
  call,
  control,
  login,
  orderOf,
  SAVE,
} from '../support/nc-cloud-client.ts'
import { billOf, RATES } from './sandbox-compare-bills.ts'

const running: Running[] = []
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-nc-cloud-'))
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
  rmSync(folder, { recursive: true })
})

async function start(options: Partial<NcCloudOptions> = {}): Promise<string> {
  const app = { clientId: CLIENT, clientSecret: APP_SECRET, bizCenters: [CENTER] }
  const cloud = await startNcCloud({ ...app, ...options })
  running.push(cloud)
  return cloud.url
}

const session = async (options: Partial<NcCloudOptions> = {}) => login(await start(options))
const once = { probability: 1, times: 1 }
const codes = async (url: string) => (await control(url, 'bills')).body.map((b: Any) => b.head.vdef1)

describe('faults and the log', () => {
  it.each(['resetAfter', 'empty200', 'error500After', 'malformed', 'html', 'wrongLevel'])(
    '%s loses the answer of an order that is saved',
    async (fault) => {
      const s = await session({ securityLevel: 'L3' })
      await control(s.url, 'faults', { [fault]: once })
      const outcome = await call(s, SAVE, [orderOf({ vdef1: 'saved' })]).catch((error: Error) => error)
      expect(outcome instanceof Error || fault === 'wrongLevel').toBe(true)
      expect(await codes(s.url)).toEqual(['saved'])
      expect((await control(s.url, 'stats')).body.faults).toEqual({ [fault]: 1 })
    },
  )

  it('a token can end in the middle, and then nothing is written', async () => {
    const s = await session()
    await control(s.url, 'faults', { tokenExpired: once })
    expect((await call(s, SAVE, [orderOf()])).message).toBe('The access_token has expired')
    expect((await call(s, SAVE, [orderOf()])).message).toBe('The access_token has expired')
    expect(await codes(s.url)).toEqual([])
    expect((await call(await login(s.url), SAVE, [orderOf()])).success).toBe(true)
  })

  it('a restart holds key, token, orders, stock-outs and repeats, and goes on counting', async () => {
    const log = join(folder, 'cloud.jsonl')
    const s = await session({ log, securityLevel: 'L1' })
    const body = [orderOf({ vbillcode: 'SO-1' })]
    await call(s, SAVE, body)
    await control(s.url, 'saleouts', { order: 'SO-1' })
    const before = await Promise.all(['bills', 'saleouts'].map((what) => control(s.url, what)))
    await running.pop()!.close()
    const url = await start({ log, securityLevel: 'L1' })
    expect(await Promise.all(['bills', 'saleouts'].map((what) => control(url, what)))).toEqual(before)
    const again = { ...s, url }
    expect((await call(again, SAVE, body)).message).toContain('重复请求')
    const next = await call(again, SAVE, [orderOf()])
    expect(before[0]!.body.map((b: Any) => b.pk)).not.toContain(next.data[0].so_saleorder.csaleorderid)
  })
})

describe('the comparer on the NC Cloud sandbox', () => {
  it('finds nothing wrong with right orders saved through the API', async () => {
    const shop = await startShopify({ token: 'tok', secret: 'sec' })
    running.push(shop)
    await control(shop.url, 'orders', { count: 40, seed: 11, hard: true })
    const expected: Any[] = (await control(shop.url, 'expected')).body
    const sold: Any[] = (await control(shop.url, 'orders')).body
    const s = await session({ securityLevel: 'L4' })
    const [base] = [orderOf()]
    for (const [i, order] of sold.entries()) {
      if (expected[i].expect !== 'document') continue
      const bill = billOf(order)
      const rows = bill.rows.map((row) => ({ ...base.so_saleorder_b[0], ...row, ncaltaxmny: row.nmny }))
      const one = { so_saleorder: { ...base.so_saleorder, ...bill.head }, so_saleorder_b: rows }
      expect(await call(s, SAVE, [one])).toMatchObject({ success: true })
    }
    const found = await compare({ shop: shop.url, erp: s.url, erpKind: 'nc-cloud', rules: { rates: RATES } })
    expect(found.differences.map(printDifference)).toEqual([])
    expect(found).toMatchObject({ orders: 40, matched: 40 })
  })
})
