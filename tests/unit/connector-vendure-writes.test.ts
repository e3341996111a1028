/** Stock and refunds into a stand-in that keeps payments and levels as a real Vendure 3.7.3 does (tests/real/ asks one). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'
import { validateDocument } from '../../src/mapping/validate.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any
const signal = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const level = (stockLocationId: string, stockOnHand: number, stockAllocated: number) => {
  return { stockLocationId, stockOnHand, stockAllocated, stockLocation: { name: `L${stockLocationId}` } }
}

/** One shop. `lose`: the answer to the next call of this field is lost after its work was done. */
function stand() {
  const variant = (id: string, sku: string, levels: object[], more: object = {}) => {
    const product = { id: `p${id}`, name: 'Tee', enabled: true }
    const about = { enabled: true, trackInventory: 'INHERIT', updatedAt: '2026-11-20T08:00:00.000Z', product }
    return {
      id,
      sku,
      name: sku,
      options: [],
      taxCategory: { name: 'Std' },
      stockLevels: levels,
      ...about,
      ...more,
    }
  }
  const payment = (id: string, amount: number, state = 'Settled') => ({
    id,
    state,
    amount,
    method: 'm',
    refunds: [] as Any[],
  })
  const shop = {
    variants: [
      variant('1', 'TEE', [level('1', 100, 3)]),
      variant('2', 'CAP', [level('1', 5, 0), level('2', 6, 1)]),
      variant('3', 'TWICE', []),
      variant('4', 'TWICE', []),
      variant('5', 'VOUCHER', [level('1', 0, 0)], { trackInventory: 'FALSE' }),
    ] as Any[],
    payments: [payment('60', 100, 'Declined'), payment('61', 1000), payment('62', 5079)],
    lose: '',
    /** A refund ends in an error of the server. */
    fail: false,
    asked: [] as string[],
  }
  const globalSettings = { serverConfig: { moneyStrategyPrecision: 2 } }
  const answers: Record<string, (v: Any) => object> = {
    login: () => ({ login: { __typename: 'CurrentUser' } }),
    updateProductVariants: ({ input }) => {
      for (const { id, stockLevels } of input)
        for (const set of stockLevels) {
          const levels = shop.variants.find((v) => v.id === id).stockLevels
          Object.assign(
            levels.find((l: Any) => l.stockLocationId === set.stockLocationId),
            set,
          )
        }
      return { variants: input.map(({ id }: Any) => ({ id })) }
    },
    productVariants: ({ options }) => {
      const skus = options.filter?.sku.in
      return {
        variants: { items: shop.variants.filter((v) => !skus || skus.includes(v.sku)), totalItems: 5 },
      }
    },
    refundOrder: ({ input }) => {
      const of = shop.payments.find((p) => p.id === input.paymentId)!
      const left = of.refunds.reduce((n, r) => n - r.total, of.amount)
      if (input.amount > left) return { result: { errorCode: 'REFUND_AMOUNT_ERROR', message: 'too much' } }
      const clock = { createdAt: '2026-11-20T08:00:00.000Z', updatedAt: '2026-11-20T08:00:00.000Z' }
      const more = { items: 0, shipping: 0, adjustment: 0, transactionId: null, lines: [] }
      of.refunds.push({
        id: `r${of.refunds.length}`,
        state: 'Pending',
        total: input.amount,
        reason: input.reason,
        ...clock,
        ...more,
      })
      return { result: of.refunds.at(-1) }
    },
    settleRefund: ({ input }) => {
      const refund = shop.payments.flatMap((p) => p.refunds).find((r) => r.id === input.id)
      Object.assign(refund, { state: 'Settled', transactionId: input.transactionId })
      return { result: refund }
    },
    orders: () => {
      const order = { id: '501', code: 'A', currencyCode: 'EUR', orderPlacedAt: '2026-11-01T00:00:00.000Z' }
      return { globalSettings, orders: { totalItems: 1, items: [{ ...order, payments: shop.payments }] } }
    },
    order: ({ id }) => ({ globalSettings, order: id === '501' ? { payments: shop.payments } : null }),
  }
  return { shop, answers }
}

async function open() {
  const { shop, answers } = stand()
  const server = createServer(async (req, res) => {
    const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString()
    const { query, variables } = JSON.parse(text) as { query: string; variables: object }
    const field = Object.keys(answers).find((f) => query.includes(`${f}(`))!
    shop.asked.push(field)
    const data = answers[field]!(variables)
    if (shop.lose === field) {
      shop.lose = ''
      return req.socket.destroy()
    }
    res.writeHead(200, { 'content-type': 'application/json', 'vendure-auth-token': 't' })
    const broken = {
      errors: [{ message: 'null value', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
      data: null,
    }
    res.end(JSON.stringify(shop.fail && field === 'refundOrder' ? broken : { data }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  })
  const config = {
    id: 'shop',
    entity: 'main',
    settings: {
      base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      username: 'u',
      password: 'p',
    },
    company: { zone: 'UTC', currency: 'EUR' },
  }
  const mapping = (name: string) => loadMapping(`mappings/vendure/${name}.yaml`)
  const c = await openConnection(await loadConnector('connectors/vendure'), config, mapping)
  closing.push(() => c.close())
  return { shop, c }
}

const of = (c: Connection, kind: string) => c.writes.find((w) => w.kind === kind)!
async function item(c: Connection, kind: string, document: object, key = 'K1'): Promise<WriteItem> {
  const { body, check } = await of(c, kind).render(document, { key, revision: 1, previous: null })
  return { key, kind, revision: 1, body, check } as WriteItem
}
const levels = (c: Connection, ...list: [sku: string, onHand: string][]) =>
  Promise.all(list.map(([sku, onHand]) => item(c, 'stock', { site: 'main', sku, onHand }, sku)))

async function documents(c: Connection, name: string): Promise<Any[]> {
  const stream = c.streams.find((s) => s.name === name)!
  const until = new Date('2026-11-23T06:00:00Z')
  const { records } = await stream.page({ since: new Date('2026-11-20'), until, resume: null }, signal)
  const mapped = records.map(async (r) => {
    const value = (await stream.mappings[r.shape]!.map(c.parse(r), {} as never)) as object
    return validateDocument(stream.document, { connection: 'x', entity: 'main', ...value })
  })
  return Promise.all(mapped)
}

describe('stock', () => {
  it('leaves for sale what was said: what open orders hold is added', async () => {
    const { shop, c } = await open()
    const items = await levels(c, ['TEE', '17'], ['CAP', '1'], ['TWICE', '1'], ['NONE', '1'])
    expect(await of(c, 'stock').write(items, signal)).toMatchObject([
      { kind: 'done', remote: { id: '1@1' } },
      { kind: 'refused', code: 'VENDURE_LOCATION_MISSING' },
      { kind: 'refused', code: 'VENDURE_SKU_AMBIGUOUS' },
      { kind: 'refused', code: 'VENDURE_SKU_UNKNOWN' },
    ])
    expect(shop.variants[0].stockLevels[0].stockOnHand).toBe(20)
    expect(shop.asked).toEqual(['login', 'productVariants', 'updateProductVariants'])
  })

  it('is in doubt when the answer is lost, and not when the question failed', async () => {
    const { shop, c } = await open()
    const items = await levels(c, ['TEE', '9'], ['NONE', '1'])
    shop.lose = 'updateProductVariants'
    expect((await of(c, 'stock').write(items, signal)).map((o) => o.kind)).toEqual(['unknown', 'refused'])
    shop.lose = 'productVariants'
    expect((await of(c, 'stock').write(items, signal)).map((o) => o.kind)).toEqual(['not-done', 'not-done'])
    expect(await of(c, 'stock').write([items[0]!], signal)).toMatchObject([{ kind: 'done' }])
    expect(shop.variants[0].stockLevels[0].stockOnHand).toBe(12)
  })

  it('is read per location, and articles as products', async () => {
    const { c } = await open()
    expect(
      (await documents(c, 'stock')).map((d) => [d.sku, d.site, d.onHand, d.reserved, d.available]),
    ).toEqual([
      ['TEE', 'L1', '100', '3', '97'],
      ['CAP', 'L1', '5', '0', '5'],
      ['CAP', 'L2', '6', '1', '5'],
    ])
    expect((await documents(c, 'product')).map((d) => d.sku)).toEqual([
      'TEE',
      'CAP',
      'TWICE',
      'TWICE',
      'VOUCHER',
    ])
  })
})

const refund = {
  externalId: 'r-7',
  order: '501',
  currency: 'EUR',
  state: 'settled',
  amount: 2142,
  reason: 'damaged',
}

describe('refunds', () => {
  it('go back once and are settled where the money has gone out, also when an answer is lost', async () => {
    for (const lose of ['', 'refundOrder', 'settleRefund']) {
      const { shop, c } = await open()
      const one = await item(c, 'refund', refund)
      expect(await of(c, 'refund').find!(one, signal)).toEqual({ hits: [] })
      shop.lose = lose
      const [first] = await of(c, 'refund').write([one], signal)
      expect(first!.kind).toBe(lose ? 'unknown' : 'done')
      const { hits } = (await of(c, 'refund').find!(one, signal)) as Any
      expect(hits).toMatchObject([
        { id: 'r0', total: '21.42', state: lose === 'refundOrder' ? 'draft' : 'final' },
      ])
      expect(await of(c, 'refund').advance!(one, hits[0], signal)).toMatchObject({ kind: 'done' })
      expect(shop.payments.map((p) => p.refunds.length)).toEqual([0, 0, 1])
      expect(shop.payments[2]!.refunds).toMatchObject([
        { total: 2142, reason: 'damaged (r-7)', state: 'Settled' },
      ])
    }
  })

  it('two of one name on a payment are doubled; over two payments they are one', async () => {
    const { shop, c } = await open()
    const one = await item(c, 'refund', { ...refund, state: 'pending' })
    const held = (id: string, total: number) => ({ id, total, state: 'Pending', reason: 'damaged (r-7)' })
    shop.payments[1]!.refunds = [held('a', 1000)]
    shop.payments[2]!.refunds = [held('b', 1142)]
    const whole = { id: 'a,b', total: '21.42', state: 'final' }
    expect(await of(c, 'refund').find!(one, signal)).toEqual({ hits: [whole] })
    shop.payments[2]!.refunds.push(held('c', 1142))
    expect(await of(c, 'refund').find!(one, signal)).toMatchObject({
      hits: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
    })
  })

  it('that end in an error of the server are left to a person', async () => {
    const { shop, c } = await open()
    shop.fail = true
    const one = await item(c, 'refund', refund)
    expect(await of(c, 'refund').write([one], signal)).toMatchObject([
      { kind: 'refused', code: 'VENDURE_REFUND_FAILED' },
    ])
  })

  it('of more than was paid, or of no order, are refused', async () => {
    const { c } = await open()
    const much = await item(c, 'refund', { ...refund, amount: 999_900 })
    expect(await of(c, 'refund').write([much], signal)).toMatchObject([
      { code: 'VENDURE_REFUND_AMOUNT_ERROR' },
    ])
    const strange = await item(c, 'refund', { ...refund, order: '7' })
    expect(await of(c, 'refund').write([strange], signal)).toMatchObject([
      { kind: 'refused', code: 'VENDURE_ORDER_MISSING' },
    ])
  })

  it('are read with their order, as often as one likes with the same bytes', async () => {
    const { c } = await open()
    await of(c, 'refund').write([await item(c, 'refund', refund)], signal)
    const read = await documents(c, 'refund')
    expect(read).toMatchObject([
      { order: '501', amount: 2142, state: 'settled', payments: [{ externalId: 'r-7' }] },
    ])
    expect(await documents(c, 'refund')).toEqual(read)
  })
})
