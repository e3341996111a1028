/** The plain REST convention, against a server of the test that is sorted, paged and searched as README.md says. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { Connection, Page } from '../../src/core/ports.ts'
import { readCases } from '../../src/mapping/check.ts'
import { loadMapping } from '../../src/mapping/load.ts'

type Row = Record<string, unknown> & { id: string; externalId: string; version: string }

const signal = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const minute = (n: number) => new Date(Date.UTC(2026, 5, 10, 0, 0) + n * 60_000).toISOString()
const window = { since: new Date(minute(0)), until: new Date(minute(10_000)) }

/** `own`: the names of its addresses. */
async function system(own: { orders?: string } = {}) {
  const rows: Row[] = []
  const seen: { method: string; path: string; headers: IncomingMessage['headers'] }[] = []
  const at = { rows, seen, lose: false, between: () => {}, url: '', connection: null as Connection | null }
  const server = createServer(async (req, res) => {
    const text = (await Array.fromAsync(req)).join('')
    const url = new URL(req.url!, 'http://x')
    seen.push({ method: req.method!, path: url.pathname, headers: req.headers })
    const answer = (status: number, body: unknown) =>
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (req.headers['x-key'] !== 'k-example') return answer(401, {})
    const [, , name, id] = url.pathname.split('/')
    if (name !== (own.orders ?? 'orders')) return answer(404, {})
    if (req.method === 'POST') {
      const row = { ...JSON.parse(text), id: String(rows.length + 1) }
      rows.push(row)
      if (at.lose) return res.socket!.resetAndDestroy()
      return answer(201, row)
    }
    if (id) {
      const row = rows.find((r) => r.externalId === decodeURIComponent(id))
      return row ? answer(200, row) : answer(404, {})
    }
    const q = url.searchParams
    const reference = q.get('reference')
    const found = rows
      .filter((r) => reference === null || r.reference === reference)
      .filter((r) => !q.has('updatedFrom') || r.version >= q.get('updatedFrom')!)
      .filter((r) => !q.has('updatedUntil') || r.version < q.get('updatedUntil')!)
      .sort((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : Number(a.id) - Number(b.id)))
    const [size, page] = [Number(q.get('limit') ?? 100), Number(q.get('page') ?? 1)]
    answer(200, { items: found.slice((page - 1) * size, page * size), total: found.length })
    at.between()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  at.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  const settings = { base: at.url, authHeader: 'X-Key', authValue: 'k-example', settle: '1s', ...own }
  const config = { id: 'own', entity: 'main', settings, company: { zone: 'Europe/Berlin', currency: 'EUR' } }
  const mapping = (name: string) => loadMapping(`mappings/rest/${name}.yaml`)
  const connection = await openConnection(await loadConnector('connectors/rest'), config, mapping)
  closing.push(() => connection.close())
  return Object.assign(at, { connection })
}

async function readAll(c: Connection): Promise<string[]> {
  const ids: string[] = []
  let page: Page = { records: [], next: null }
  do {
    page = await c.streams.find((s) => s.name === 'order')!.page({ ...window, resume: page.next }, signal)
    ids.push(...page.records.map((r) => r.id))
  } while (page.next !== null)
  return ids
}

describe('plain REST', () => {
  it('reads all, whatever changes between two pages, also where more than a page has one instant', async () => {
    const there = await system()
    for (let i = 1; i <= 350; i++)
      there.rows.push({ id: String(i), externalId: `O${i}`, version: minute(i <= 250 ? 7 : i) })
    let changed = 0
    there.between = () => {
      // an order that was read moves to the end of the window
      const row = there.rows[changed++ * 20]
      if (row && changed < 5) row.version = minute(9000 + changed)
    }
    expect(new Set(await readAll(there.connection)).size).toBe(350)
    const { fetch } = there.connection.streams.find((s) => s.name === 'order')!
    expect((await fetch!(['O7', 'gone'], signal)).map((r) => r.id)).toEqual(['O7'])
  })

  it('writes once, also when the answer was lost, at the address that its setting names', async () => {
    const there = await system({ orders: 'sales-orders' })
    const write = there.connection.writes.find((w) => w.kind === 'order')!
    const [sample] = await readCases('mappings/rest/order.out.test.yaml')
    const { body, check } = await write.render(sample!.input, { key: 'K1', revision: 1, previous: null })
    const item = { key: 'K1', kind: 'order' as const, revision: 1, body, check }
    there.lose = true
    expect(await write.write([item], signal)).toMatchObject([{ kind: 'unknown' }])
    there.rows.push({ id: '9', externalId: 'O9', version: minute(1), reference: 'K11' })
    expect(await write.find!(item, signal)).toEqual({
      hits: [{ id: '1', number: 'W-1001', state: 'final', total: '2870', lines: 1 }],
    })
    expect(check).toEqual({ number: 'W-1001', total: '2870', lines: 1 })
    expect(there.seen[0]).toMatchObject({
      method: 'POST',
      path: '/api/sales-orders',
      headers: { 'idempotency-key': '"K1"' },
    })
    expect(await there.connection.check(signal)).toMatchObject({ ok: true })
  })

  it('takes what the other side states, without its own names for it', async () => {
    const there = await system()
    const [sample] = await readCases('mappings/rest/order.in.test.yaml')
    there.rows.push({ ...(sample!.input as Row), id: '1' })
    const stream = there.connection.streams.find((s) => s.name === 'order')!
    const [record] = (await stream.page({ ...window, resume: null }, signal)).records
    const document = await stream.mappings.order!.map(there.connection.parse(record!), {} as never)
    expect(document).toEqual(sample!.wanted.expect)
  })
})
