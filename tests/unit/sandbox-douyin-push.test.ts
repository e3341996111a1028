/** Pushes of the Douyin sandbox, and what the comparer makes of its orders. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { fromMinor } from '../../src/core/money.ts'
import { type CompareOptions, compare, printDifference } from '../../src/sandbox/compare/compare.ts'
import type { DouyinOptions } from '../../src/sandbox/douyin/options.ts'
import { startDouyin } from '../../src/sandbox/douyin/server.ts'
import { type Any, call, control, KEY, SECRET, SHOP, tokenOf } from '../support/douyin-client.ts'

interface Got {
  headers: IncomingHttpHeaders
  text: string
  messages: Any[]
}

const open: { close(): Promise<unknown> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      }),
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`
}

/** A receiver; `answer` gives status and body of the n-th push. */
async function receiver(answer: (n: number) => [number, string] = () => [200, '{"code":0,"msg":"success"}']) {
  const got: Got[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (c: Buffer) => chunks.push(c))
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      got.push({ headers: req.headers, text, messages: JSON.parse(text) })
      const [status, body] = answer(got.length)
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
    })
  })
  return { got, url: await listen(server) }
}

async function start(options: Partial<DouyinOptions> = {}): Promise<string> {
  const shop = await startDouyin({ appKey: KEY, appSecret: SECRET, shopId: SHOP, ...options })
  open.push(shop)
  return shop.url
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await done()); ) {
    if (Date.now() > end) throw new Error('waited 10 s for nothing')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const pushes = async (url: string) => (await control(url, 'stats')).body.pushes

describe('pushes of the Douyin sandbox', () => {
  it('are signed arrays of messages with 64-bit ids, checked by tag 0', async () => {
    const { got, url: pushUrl } = await receiver()
    const url = await start({ pushUrl })
    expect((await control(url, 'push/check', {})).body).toEqual({ taken: true, problem: '' })
    expect(got[0]!.messages).toMatchObject([{ tag: '0' }])
    await control(url, 'orders', { count: 1 })
    await until(() => got.length === 4)
    for (const { headers, text } of got) {
      expect(headers['app-id']).toBe(KEY)
      expect(headers['event-sign']).toBe(
        createHash('md5')
          .update(KEY + text + SECRET)
          .digest('hex'),
      )
    }
    expect(
      got
        .slice(1)
        .map((g) => g.messages[0].tag)
        .sort(),
    ).toEqual(['100', '101', '110'])
    const [order] = (await control(url, 'orders')).body
    expect(got[1]!.text).toContain(`"p_id":${order.id},`)
    expect(got[1]!.messages[0].msg_id).toBe(`${order.id}:${got[1]!.messages[0].tag}:1`)
  })

  it('tell of what happens to an order, several in one push where asked', async () => {
    const { got, url: pushUrl } = await receiver()
    const url = await start({ pushUrl, pushBatch: 10 })
    await control(url, 'orders', { count: 3 })
    await until(() => got.length === 1)
    expect(got[0]!.messages).toHaveLength(9)
    const [order] = (await control(url, 'orders')).body
    const token = await tokenOf(url)
    const parcel = { order_id: order.id, company_code: 'jd', logistics_code: 'JD0000000001' }
    await call(url, 'order.logisticsAdd', parcel, { token })
    await control(url, `orders/${order.id}/finish`, {})
    const { body } = await control(url, `orders/${order.id}/apply`, {})
    const { id } = body.order.afterSales[0]
    for (const step of ['agree', 'send-back', 'receive']) await control(url, `after-sales/${id}/${step}`, {})
    await until(() => got.length === 7)
    const tags = got.slice(1).flatMap((g) => g.messages.map((m: Any) => m.tag))
    expect(tags.sort()).toEqual(['102', '103', '200', '201', '202', '206'])
    expect(got.some((g) => g.text.includes(`"aftersale_id":${id},`))).toBe(true)
  })

  it('come again with the same body until the answer says code 0, and end some time', async () => {
    const answers: [number, string][] = [
      [500, ''],
      [200, '{"code":1}'],
      [200, 'success'],
      [200, '{"code":0}'],
    ]
    const { got, url: pushUrl } = await receiver((n) => answers[n - 1] ?? [500, ''])
    const url = await start({ pushUrl, pushBatch: 10, retryGaps: [1, 1, 1], retryScale: 0.01 })
    await control(url, 'orders', { count: 1 })
    await until(async () => (await pushes(url)).delivered === 1)
    expect(new Set(got.map((g) => g.text)).size).toBe(1)
    expect(got).toHaveLength(4)
    expect(await pushes(url)).toMatchObject({ failed: 3, gone: 0, owed: 0 })
    await control(url, 'orders', { count: 1 })
    await until(async () => (await pushes(url)).gone === 1)
    expect(got).toHaveLength(8)
  })

  it('get lost, doubled and out of order on demand', async () => {
    const { got, url: pushUrl } = await receiver()
    const url = await start({ pushUrl, pushBatch: 3 })
    await control(url, 'faults', {
      pushLose: { probability: 1, times: 1 },
      pushDuplicate: { probability: 1, times: 1 },
    })
    await control(url, 'orders', { count: 2 })
    await until(() => got.length === 2)
    expect(got[0]!.text).toBe(got[1]!.text)
    expect(await pushes(url)).toMatchObject({ lost: 1, duplicated: 1 })
    await control(url, 'faults', { pushReorder: { probability: 1, times: 1, min: 300, max: 300 } })
    await control(url, 'orders', { count: 2 })
    await until(() => got.length === 4)
    const order = (g: Got) => g.messages[0].msg_id.split(':')[0]
    expect(BigInt(order(got[3]!))).toBeLessThan(BigInt(order(got[2]!)))
  })
})

/** A right bill for one order, by arithmetic of its own: as an accountant reads the buyer's receipt. */
function billOf(o: Any): Any {
  const lines = o.skus.filter((s: Any) => s.closed !== 21)
  const rows = lines.map((s: Any) => [
    s.id,
    s.code,
    s.quantity,
    s.price * s.quantity - s.shopOff - s.platformOff - s.talentOff + s.modify,
  ])
  const back = o.afterSales.reduce((n: number, a: Any) => n + (a.refundStatus === 3 ? a.post : 0), 0)
  const freight = o.post + o.modifyPost - back
  if (freight > 0) rows.push(['shipping', 'SHIPPING', 1, freight])
  const day = new Date(((o.paidAt || o.createdAt) + 8 * 3600) * 1000).toISOString().slice(0, 10)
  return {
    id: `key-${o.id}`,
    pk: o.id,
    received: new Date().toISOString(),
    billtype: '30',
    head: {
      vcooppohcode: o.id,
      vdef1: o.id,
      vdef2: 'douyin',
      corigcurrencyid: 'CNY',
      dbilldate: day,
      vnote: [...o.buyerWords].slice(0, 181).join(''),
    },
    rows: rows.map(([ref, item, quantity, fen]: Any[]) => {
      const gross = fromMinor(fen, 'CNY')
      const money = {
        norigtaxmny: gross,
        norigmny: gross,
        nmny: gross,
        ntax: '0',
        ntaxmny: gross,
        nexchangerate: '1',
      }
      const flags = { blargessflag: fen === 0 ? 'Y' : 'N' }
      return {
        vbdef1: ref,
        cmaterialvid: item,
        nnum: String(quantity),
        nastnum: String(quantity),
        ...money,
        ...flags,
      }
    }),
  }
}

async function erpWith(bills: Any[]): Promise<string> {
  const server = createServer((_, res) => res.end(JSON.stringify(bills)))
  return (await listen(server)).replace('/push', '')
}

describe('the comparer on the Douyin sandbox', () => {
  const run = async (shop: string, bills: Any[], more: Partial<CompareOptions> = {}) =>
    compare({ shop, erp: await erpWith(bills), erpKind: 'nc-cloud', shopKind: 'douyin', ...more })

  it('finds nothing wrong with right bills, and a planted fen in wrong ones', async () => {
    const url = await start()
    await control(url, 'orders', { count: 96, seed: 4, hard: true })
    const expected: Any[] = (await control(url, 'expected')).body
    const orders: Any[] = (await control(url, 'orders')).body
    const right = () => orders.filter((_, i) => expected[i].expect === 'document').map(billOf)
    const found = await run(url, right())
    expect(found.differences.map(printDifference)).toEqual([])
    expect(found).toMatchObject({ orders: 96, matched: 96, documents: 96 - 4 * 6 })
    expect(found.parkedExpected).toHaveLength(8)

    const wrong = right()
    wrong[7].rows[0].norigtaxmny = fromMinor(1, 'CNY')
    const { differences } = await run(url, wrong)
    expect(differences.map((d) => d.field)).toEqual(['gross', 'sum of rows'])
    const lost = await run(url, right().slice(1))
    expect(lost.differences.map((d) => d.field)).toEqual(['documents'])
    const subsidised = await run(url, right(), { rules: { withSubsidies: true } })
    expect(subsidised.differences.length).toBeGreaterThan(0)
  })

  it('knows a document that shows an earlier version, with an open task', async () => {
    const url = await start()
    await control(url, 'orders', { count: 30, seed: 4 })
    const before: Any[] = (await control(url, 'orders')).body
    const order = before.find((o) => o.skus.length > 1)
    const bills = before.map(billOf)
    const applied = await control(url, `orders/${order.id}/apply`, { sku: order.skus[0].id })
    await control(url, `after-sales/${applied.body.order.afterSales[0].id}/agree`, {})
    const differences = (await run(url, bills)).differences.map((d) => d.line)
    expect(differences).toContain(order.skus[0].id)
    const open = await run(url, bills, { openTasks: new Set([order.id]) })
    expect(open.behind).toEqual([order.id])
    expect(open.differences).toEqual([])
  })
})
