import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const signal = new AbortController().signal
const SECRET = 'hook-secret'
const BASIC = `Basic ${Buffer.from('ck_1:cs_1').toString('base64')}`

interface Row {
  id: number
  /** Seconds after 2026-05-01T00:00:00Z. */
  modified: number
}

const clock = (seconds: number) => new Date(Date.UTC(2026, 4, 1) + seconds * 1000).toISOString().slice(0, 19)

/** Lists orders as WooCommerce does: strictly after and before, oldest change first, ties by id, pages by number. */
class Shop {
  rows: Row[] = []
  asked: URL[] = []
  between: (() => void) | null = null
  #server: Server
  connection!: Connection

  constructor() {
    this.#server = createServer((req, res) => {
      const url = new URL(req.url!, 'http://x')
      this.asked.push(url)
      const answer = (status: number, body: unknown) => {
        res.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
        res.end(JSON.stringify(body))
      }
      if (req.headers.authorization !== BASIC)
        return answer(401, { code: 'woocommerce_rest_cannot_view', message: 'Sorry', data: { status: 401 } })
      const one = /\/orders\/(\d+)$/.exec(url.pathname)
      if (one) {
        const row = this.rows.find((r) => String(r.id) === one[1])
        if (row) return answer(200, order(row))
        const code = 'woocommerce_rest_shop_order_invalid_id'
        return answer(404, { code, message: 'Invalid ID.', data: { status: 404 } })
      }
      answer(200, this.page(url.searchParams))
      this.between?.()
    })
  }

  page(q: URLSearchParams): unknown[] {
    if (!q.has('modified_after')) return this.rows.slice(0, 1).map(order)
    expect([q.get('dates_are_gmt'), q.get('orderby'), q.get('order')]).toEqual(['true', 'modified', 'asc'])
    const [after, before] = [q.get('modified_after')!, q.get('modified_before')!]
    const found = this.rows
      .filter((r) => clock(r.modified) > after && clock(r.modified) < before)
      .sort((a, b) => a.modified - b.modified || a.id - b.id)
    const [size, page] = [Number(q.get('per_page')), Number(q.get('page'))]
    return found.slice((page - 1) * size, page * size).map(order)
  }

  async open(secret = 'cs_1'): Promise<Connection> {
    await this.connection?.close()
    if (!this.#server.listening)
      await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    const config = {
      id: 'my-shop',
      entity: 'main',
      settings: { base, key: 'ck_1', secret, webhookSecret: SECRET },
      company: { zone: 'Europe/Berlin', currency: 'EUR' },
    }
    this.connection = await openConnection(
      await loadConnector(`${root}connectors/woocommerce`),
      config,
      (name) => loadMapping(`${root}mappings/woocommerce/${name}.yaml`),
    )
    return this.connection
  }

  async close() {
    await this.connection?.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const order = ({ id, modified }: Row) => ({ id, number: String(id), date_modified_gmt: clock(modified) })

let shop: Shop
afterEach(() => shop?.close())

async function readAll(c: Connection, since: number, until: number): Promise<string[]> {
  const at = (seconds: number) => new Date(Date.UTC(2026, 4, 1) + seconds * 1000)
  const ids: string[] = []
  let resume: unknown = null
  for (let n = 0; n < 100; n++) {
    const page = await c.streams[0]!.page({ since: at(since), until: at(until), resume }, signal)
    ids.push(...page.records.map((r) => r.id))
    resume = JSON.parse(JSON.stringify(page.next))
    if (resume === null) return ids
  }
  throw new Error('the list does not end')
}

describe('woocommerce', () => {
  it('reads a window to its end, edges included, also where more than a page changed in one second', async () => {
    shop = new Shop()
    for (let i = 0; i < 130; i++) shop.rows.push({ id: 1000 + i, modified: 10 + i })
    for (let i = 0; i < 250; i++) shop.rows.push({ id: 5000 + i, modified: 300 })
    shop.rows.push({ id: 1, modified: 5 }, { id: 2, modified: 600 })
    const ids = await readAll(await shop.open(), 5, 600)
    expect(new Set(ids)).toEqual(new Set(shop.rows.map((r) => String(r.id))))
  })

  it('loses no order when others are changed while it reads', async () => {
    shop = new Shop()
    for (let i = 0; i < 350; i++) shop.rows.push({ id: i, modified: i })
    const connection = await shop.open()
    let n = 0
    shop.between = () => {
      // four of the first page get a new instant, and leave the window
      for (let i = 0; i < 4; i++) shop.rows[n * 90 + i]!.modified = 10_000 + n
      n += 1
    }
    const ids = new Set(await readAll(connection, 0, 1000))
    for (const row of shop.rows)
      if (row.modified < 1000) expect([row.id, ids.has(String(row.id))]).toEqual([row.id, true])
  })

  it('takes a signed webhook as a hint and reads the order by its id; what is gone is left out', async () => {
    shop = new Shop()
    shop.rows.push({ id: 7, modified: 1 })
    const connection = await shop.open()
    const webhook = connection.webhooks.find((w) => w.topic === 'order-updated')!
    const body = Buffer.from('{"id":7,"status":"processing"}')
    const sign = (key: string) => createHmac('sha256', key).update(body).digest('base64')
    const headers = { 'x-wc-webhook-signature': sign(SECRET), 'x-wc-webhook-delivery-id': 'd1' }
    const delivery = webhook.receive(headers, body)
    expect(delivery).toEqual({ stream: 'order', deliveryId: 'd1', records: [], fetch: ['7'] })
    const records = await connection.streams[0]!.fetch!(['7', '8'], signal)
    expect(records.map((r) => [r.id, JSON.parse(r.body.toString())])).toEqual([['7', order(shop.rows[0]!)]])
    expect(() => webhook.receive({ ...headers, 'x-wc-webhook-signature': sign('other') }, body)).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }),
    )
  })

  it('answers the unsigned first contact of a webhook without taking anything in', async () => {
    shop = new Shop()
    const [webhook] = (await shop.open()).webhooks
    expect(webhook!.receive({}, Buffer.from('webhook_id=12'))).toMatchObject({ records: [], fetch: [] })
    expect(() => webhook!.receive({}, Buffer.from('{"id":1}'))).toThrow(
      expect.objectContaining({ code: 'WEBHOOK_SIGNATURE' }),
    )
  })

  it('pauses when the key is refused, and says so in its check', async () => {
    shop = new Shop()
    const connection = await shop.open()
    expect(await connection.check(signal)).toMatchObject({ ok: true })
    const refused = await shop.open('cs_other')
    await expect(readAll(refused, 0, 1)).rejects.toMatchObject({ code: 'CONNECTOR_DENIED', kind: 'config' })
    const { ok, say } = await refused.check(signal)
    expect([ok, say.includes('cs_other')]).toEqual([false, false])
  })
})
