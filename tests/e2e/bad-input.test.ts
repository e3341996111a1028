/** What senders get wrong: each gets a clear answer with its fix, nothing is lost, and neighbours are unharmed. */
import { createHmac } from 'node:crypto'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendRecords, deliveryKey } from '../../src/ledger/inbox.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import type { ParkedItem } from '../../src/runtime/operations.ts'
import { generateOrder } from '../../src/sandbox/generate/order.ts'
import { restOrder } from '../../src/sandbox/shopify/rest.ts'
import { type StandingBetween, startProxy } from './altering-proxy.ts'
import { openStage, type Product, SECRET, type Stage, until, untilHeld, untilOrder } from './stage.ts'

let stage: Stage
let product: Product
beforeAll(async () => {
  stage = await openStage({ erp: 'naive' })
  product = await stage.start()
})
afterAll(() => stage?.close())

let serial = 0

/** A paid order as the shop's webhook carries it, of an id of its own. */
function order(at = new Date()): ReturnType<typeof restOrder> & Record<string, unknown> {
  return restOrder(generateOrder(7, 500 + ++serial, at, false)) as never
}

function signed(body: Buffer): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-shopify-hmac-sha256': createHmac('sha256', SECRET).update(body).digest('base64'),
    'x-shopify-webhook-id': `bad-${++serial}`,
  }
}

async function post(payload: object | Buffer, headers?: Record<string, string>, topic = 'orders-create') {
  const body = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload))
  const url = `${stage.url}/webhooks/shop/${topic}`
  const response = await fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: headers ?? signed(body),
  })
  const text = await response.text()
  const answer = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {}
  return { status: response.status, code: answer.code as string, fix: answer.fix as string }
}

const received = async () => (await product.running.operations.stats({})).received
const heldIds = async () => (await stage.erp.held()).map((d) => d.orderId)

/** The one thing parked since `before`, with the good neighbours all in the ERP. */
async function parkedBeside(bad: Buffer | object, id: string): Promise<ParkedItem> {
  const before = new Set((await product.running.operations.parkedList({})).items.map((i) => i.id))
  const neighbours = [order(), order()]
  const answers = await Promise.all([post(neighbours[0]!), post(bad), post(neighbours[1]!)])
  // it is untouched in the inbox, so the sender has done its part
  expect(answers.map((a) => a.status)).toEqual([200, 200, 200])
  for (const n of neighbours)
    await untilOrder(product, String(n.id), 'confirmed', (o) => o.progress === 'confirmed')
  const items = await until('it is parked', async () => {
    const fresh = (await product.running.operations.parkedList({})).items.filter((i) => !before.has(i.id))
    return fresh.length > 0 && fresh
  })
  expect(items).toHaveLength(1)
  expect(await heldIds()).not.toContain(id)
  const [item] = items
  expect(item!.fix.en.length).toBeGreaterThan(10)
  expect(item!.fix.zh).not.toBe(item!.fix.en)
  return item!
}

describe('webhooks', () => {
  it('with a wrong or missing signature are refused, and nothing is kept', async () => {
    const before = await received()
    const body = Buffer.from(JSON.stringify(order()))
    const other = createHmac('sha256', 'another secret').update(body).digest('base64')
    for (const headers of [
      { ...signed(body), 'x-shopify-hmac-sha256': other },
      { ...signed(body), 'x-shopify-hmac-sha256': 'not base64 at all' },
      { 'content-type': 'application/json' },
    ]) {
      const answer = await post(body, headers as Record<string, string>)
      expect(answer).toMatchObject({ status: 401, code: 'WEBHOOK_SIGNATURE' })
      expect(answer.fix).toMatch(/\w+ \w+/)
    }
    expect(await received()).toBe(before)
  })

  it('that are not JSON, or cut off in the middle, are sent back', async () => {
    const before = await received()
    const whole = JSON.stringify(order())
    for (const body of ['id=1&name=x', '<order/>', '', whole.slice(0, -1)]) {
      const answer = await post(Buffer.from(body))
      expect(answer).toMatchObject({ status: 400, code: 'WEBHOOK_UNREADABLE' })
      expect(answer.fix).toMatch(/\w+ \w+/)
    }
    expect(await received()).toBe(before)
  })

  it.each([
    ['stated', true],
    ['unstated', false],
  ])(
    'of 50 MB, the size %s, are refused while they arrive, and neighbours are served',
    async (_name, stated) => {
      const before = await received()
      const neighbour = order()
      const [ended] = await Promise.all([pour(50 * 1024 * 1024, stated), post(neighbour)])
      // who goes on pouring may be cut off before it reads the answer
      expect(stated ? [413] : [413, 'EPIPE', 'ECONNRESET']).toContain(ended.how)
      expect(ended.sent).toBeLessThan(30 * 1024 * 1024)
      await untilOrder(product, String(neighbour.id), 'confirmed', (o) => o.progress === 'confirmed')
      expect(await received()).toBe(before + 1)
    },
  )

  it('in another charset are kept to the byte and parked', async () => {
    const bad = { ...order(), note: '请在下午送货' }
    const item = await parkedBeside(iconv.encode(JSON.stringify(bad), 'GBK'), String(bad.id))
    expect(item).toMatchObject({ what: 'record', connection: 'shop', kind: 'input' })
    expect(item.message.en).toMatch(/UTF-8|charset|encod/i)
  })

  it('without a required field are parked, and the field is named', async () => {
    const { currency: _, ...bad } = order()
    const item = await parkedBeside(bad, String(bad.id))
    expect(item).toMatchObject({ what: 'record', kind: 'input' })
    expect(item.message.en).toContain('currency')
    const { line_items: __, ...bare } = order()
    const other = await parkedBeside(bare, String(bare.id))
    expect(other.message.en).toContain('line')
  })

  it('in a currency that nobody knows are parked; a newer copy that is right takes its place', async () => {
    const good = order()
    const bad = { ...good, currency: 'XQQ' }
    const item = await parkedBeside(bad, String(bad.id))
    expect(item.kind).toBe('input')
    expect(`${item.code} ${item.message.en}`).toMatch(/currency/i)
    const later = new Date(Date.now() + 2_000).toISOString().replace(/\.\d+/, '')
    expect((await post({ ...good, updated_at: later }, undefined, 'orders-updated')).status).toBe(200)
    await untilOrder(product, String(good.id), 'confirmed', (o) => o.progress === 'confirmed')
    const { items } = await product.running.operations.parkedList({})
    expect(items.map((i) => i.id)).not.toContain(item.id)
  })

  it('with text that no database holds are parked alone', async () => {
    const bad = { ...order(), name: '#\u0000' }
    const item = await parkedBeside(bad, String(bad.id))
    expect(item.what).toBe('record')
  })

  it('of a shop whose clock is an hour ahead are taken as they are', async () => {
    const early = order(new Date(Date.now() + 3600_000))
    expect((await post(early)).status).toBe(200)
    await untilOrder(product, String(early.id), 'confirmed', (o) => o.progress === 'confirmed')
  })
})

/** Pours bytes until somebody says stop: the status, or how the connection ended. */
function pour(bytes: number, stated: boolean): Promise<{ how: number | string; sent: number }> {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', ...(stated ? { 'content-length': bytes } : {}) }
    const req = request(`${stage.url}/webhooks/shop/orders-create`, { method: 'POST', headers, agent: false })
    let answered = false
    req.once('response', (res) => {
      answered = true
      res.resume()
      res.once('close', () => req.destroy())
      resolve({ how: res.statusCode!, sent })
    })
    req.on('error', (error: NodeJS.ErrnoException) => {
      setImmediate(() => answered || resolve({ how: error.code ?? error.message, sent }))
    })
    let sent = 0
    const more = () => {
      while (!answered && sent < bytes) {
        sent += chunk.length
        if (!req.write(chunk)) return void req.once('drain', more)
      }
      if (!answered) req.end()
    }
    more()
  })
}

describe('pages of a poll', () => {
  let second: Stage
  let between: StandingBetween
  const open = async (options: Parameters<typeof startProxy>[0]) => {
    second = await openStage({ erp: 'naive', polls: true })
    between = await startProxy({ to: second.shop.url, ...options })
    return second.start({ shopSettings: { base: between.url } })
  }
  const close = async () => {
    await second?.close()
    await between?.close()
  }

  it('that name an order twice, or hold one that is broken, give each good one its one document', async () => {
    interface Node {
      legacyResourceId: string
      currencyCode: string
    }
    let broken = ''
    const answer = (body: string) => {
      const read = JSON.parse(body) as { data?: { orders?: { nodes: Node[] } } }
      const nodes = read.data?.orders?.nodes
      if (!nodes || nodes.length === 0) return body
      broken ||= nodes[1]!.legacyResourceId
      for (const node of nodes) if (node.legacyResourceId === broken) node.currencyCode = 'XQQ'
      read.data!.orders!.nodes = [...nodes, ...nodes]
      return JSON.stringify(read)
    }
    try {
      const started = await open({ answer })
      const sold = await second.shop.sell(6)
      const held = await untilHeld(second.erp, 5)
      const good = sold.map((e) => e.orderId).filter((id) => id !== broken)
      expect(held.map((d) => d.orderId).sort()).toEqual(good.sort())
      const { items } = await started.running.operations.parkedList({})
      expect(items.map((i) => i.externalId)).toEqual([broken])
      const stats = await started.running.operations.stats({})
      expect(stats.received).toBe(6)
    } finally {
      await close()
    }
  })

  it('of a shop whose clock is ten minutes behind ours are read to the end', async () => {
    const BEHIND = 600_000
    const shift = (text: string, by: number) =>
      text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (at) => {
        const moved = new Date(Date.parse(at) + by).toISOString()
        return at.includes('.') ? moved : moved.replace(/\.\d+/, '')
      })
    try {
      await open({
        clock: -BEHIND,
        ask: (body) => shift(body, BEHIND),
        answer: (body) => shift(body, -BEHIND),
      })
      for (let sold = 1; sold <= 3; sold++) {
        await second.shop.sell(1)
        await untilHeld(second.erp, sold)
        // windows go by without an order
        await sleep(1_500)
      }
    } finally {
      await close()
    }
  })
})

describe('a record that was in hand when its process died six times', () => {
  it('is parked, and those beside it go on', async () => {
    const beside = await openStage({ erp: 'naive' })
    try {
      await (await beside.start()).close()
      const orders = [order(), order(), order()]
      const killer = String(orders[1]!.id)
      const db = await openPglite(join(beside.folder, 'data'))
      await db.query('set search_path = tributary')
      const ids = await appendRecords(
        db,
        orders.map((o) => {
          const body = Buffer.from(JSON.stringify(o))
          const id = String(o.id)
          const from = { connection: 'shop', stream: 'order', shape: 'webhook', origin: 'webhook' as const }
          const key = deliveryKey(`killer-${id}`, 'orders-create', body)
          return { ...from, externalId: null, contentType: 'application/json', body, hint: false, ...key }
        }),
      )
      // what six deaths leave behind
      await db.query(`update inbox set attempts = 6, claimed_until = now() - interval '1 s' where id = $1`, [
        ids[1],
      ])
      await db.close()
      const started = await beside.start()
      const held = await untilHeld(beside.erp, 2)
      expect(held.map((d) => d.orderId)).not.toContain(killer)
      const { items } = await until('it is parked', async () => {
        const page = await started.running.operations.parkedList({})
        return page.items.length > 0 && page
      })
      expect(items).toMatchObject([{ what: 'record', code: 'RECORD_KILLS', externalId: killer }])
      // nobody mapped it, and yet who asks for the order is told
      const { operations } = started.running
      for (const term of [killer, `shop/${killer}`])
        expect(await operations.find({ term })).toMatchObject([
          { by: 'parked', parked: { code: 'RECORD_KILLS', order: `shop/${killer}` } },
        ])
      // the bug is mended: it is taken up again like any other
      await started.running.operations.parkedRetry({
        select: { ids: [items[0]!.id] },
        by: 'ann',
        why: 'mended',
      })
      await untilHeld(beside.erp, 3)
    } finally {
      await beside.close()
    }
  })
})
