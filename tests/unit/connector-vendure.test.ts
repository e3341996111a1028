/** What Vendure's answers prove. The answers have the form that a real Vendure 3.7.3 gave (tests/real/ asks one). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { openConnection } from '../../src/connector/open.ts'
import type { WriteItem } from '../../src/core/ports.ts'
import { loadMapping } from '../../src/mapping/load.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const signal = AbortSignal.timeout(20_000)

interface Asked {
  field: string
  variables: Record<string, unknown>
  headers: Record<string, unknown>
}
type Answers = Record<string, (asked: Asked) => object | 'cut'>

const FIELDS = [
  'login',
  'addFulfillmentToOrder',
  'transitionFulfillmentToState',
  'orders',
  'order',
  'globalSettings',
]

async function vendure(answers: Answers) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { query, variables } = JSON.parse(text) as { query: string; variables: Record<string, unknown> }
    const field = FIELDS.find((f) => query.includes(`${f}(`)) ?? 'globalSettings'
    const call = { field, variables, headers: request.headers }
    asked.push(call)
    const answer =
      field === 'login' ? { data: { login: { __typename: 'CurrentUser' } } } : answers[field]!(call)
    if (answer === 'cut') return request.socket.destroy()
    response.writeHead(200, { 'content-type': 'application/json', 'vendure-auth-token': `t${asked.length}` })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return { asked, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function connect(base: string, settings: Record<string, unknown> = { username: 'u', password: 'p' }) {
  const config = {
    id: 'shop',
    entity: 'main',
    settings: { base, ...settings },
    company: { zone: 'UTC', currency: 'EUR' },
  }
  const mapping = (name: string) => loadMapping(`mappings/vendure/${name}.yaml`)
  const connection = await openConnection(await loadConnector('connectors/vendure'), config, mapping)
  closing.push(() => connection.close())
  return connection
}

const parcel = {
  parcel: '(p-1)',
  order: '5',
  trackingCode: 'T',
  lines: [{ orderLineId: '9', quantity: 1 }],
  input: {},
}
const item: WriteItem = {
  key: 'k',
  kind: 'shipment',
  revision: 1,
  body: Buffer.from(JSON.stringify(parcel)),
  check: { number: null, total: null, lines: null },
}
const fulfillments =
  (...list: object[]) =>
  () => ({ data: { order: { fulfillments: list } } })
const held = { id: '1', state: 'Shipped', method: 'DHL (p-1)', trackingCode: 'T', lines: parcel.lines }
const error = (code: string) => ({ errors: [{ message: 'no', extensions: { code } }], data: null })

describe('vendure', () => {
  it('only the very parcel is a hit: not its namesake, not a cancelled one, not other content', async () => {
    const others = [
      { ...held, id: '2', method: 'DHL (p-11)' },
      { ...held, id: '3', state: 'Cancelled' },
      { ...held, id: '4', trackingCode: 'OLD' },
      { ...held, id: '5', lines: [{ orderLineId: '9', quantity: 2 }] },
      { ...held, id: '6', state: 'Pending' },
    ]
    const { base } = await vendure({ order: fulfillments(held, ...others) })
    const found = await (await connect(base)).writes[0]!.find!(item, signal)
    expect(found).toEqual({
      hits: [
        { id: '1', state: 'final' },
        { id: '6', state: 'draft' },
      ],
    })
  })

  it.each<[string, object | 'cut', object]>([
    [
      'an ErrorResult',
      { data: { result: { errorCode: 'INSUFFICIENT_STOCK', message: 'no' } } },
      { kind: 'refused', code: 'VENDURE_INSUFFICIENT_STOCK' },
    ],
    ['an internal error', error('INTERNAL_SERVER_ERROR'), { kind: 'unknown' }],
    ['a missing entity', error('ENTITY_NOT_FOUND'), { kind: 'refused', code: 'VENDURE_ENTITY_NOT_FOUND' }],
    ['a cut connection', 'cut', { kind: 'unknown' }],
  ])('%s while adding', async (_, answer, outcome) => {
    const { base } = await vendure({ order: fulfillments(), addFulfillmentToOrder: () => answer })
    expect(await (await connect(base)).writes[0]!.write([item], signal)).toMatchObject([outcome])
  })

  it('logs in again when FORBIDDEN, once; then the connection stops', async () => {
    let calls = 0
    const once = await vendure({ order: () => (++calls === 1 ? error('FORBIDDEN') : fulfillments()()) })
    expect(await (await connect(once.base)).writes[0]!.find!(item, signal)).toEqual({ hits: [] })
    expect(once.asked.map((a) => a.field)).toEqual(['login', 'order', 'login', 'order'])
    const always = await vendure({ order: () => error('FORBIDDEN') })
    const found = await (await connect(always.base)).writes[0]!.find!(item, signal)
    expect(found).toMatchObject({ failed: { kind: 'not-done', pause: true } })
    expect(always.asked).toHaveLength(4)
  })

  it('uses an API key and a channel instead of a login', async () => {
    const { base, asked } = await vendure({ order: fulfillments() })
    const connection = await connect(base, { apiKey: 'secret', channel: 'de' })
    await connection.writes[0]!.find!(item, signal)
    expect(asked).toHaveLength(1)
    expect(asked[0]!.headers).toMatchObject({ 'vendure-api-key': 'secret', 'vendure-token': 'de' })
    expect(asked[0]!.headers.authorization).toBeUndefined()
  })

  it('reads newest first until the window begins, whatever the server takes its zone for', async () => {
    const at = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString()
    const orders = Array.from({ length: 120 }, (_, n) => ({ id: String(n), orderPlacedAt: at(n) })).reverse()
    const { base, asked } = await vendure({
      orders({ variables }) {
        const { skip, take } = variables.options as { skip: number; take: number }
        const globalSettings = { serverConfig: { moneyStrategyPrecision: 2 } }
        return { data: { globalSettings, orders: { items: orders.slice(skip, skip + take) } } }
      },
    })
    const stream = (await connect(base)).streams[0]!
    const ids: string[] = []
    let resume: unknown = null
    do {
      const page = await stream.page({ since: new Date(at(40)), until: new Date(at(110)), resume }, signal)
      ids.push(...page.records.map((r) => r.id))
      resume = page.next
    } while (resume !== null)
    expect(ids).toEqual(Array.from({ length: 70 }, (_, n) => String(109 - n)))
    expect(asked.filter((a) => a.field === 'orders')).toHaveLength(2)
  })
})
