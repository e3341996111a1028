/** What others see of a run: a log without secrets and people, metrics, readiness, and an API behind tokens. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ERP_TOKEN, openStage, type Product, SECRET, type Stage, TOKEN, tell, until } from './stage.ts'

let stage: Stage
let product: Product
const tokens: string[] = []
beforeAll(async () => {
  stage = await openStage({ erp: 'nc', webhooks: true, polls: true, log: 'debug' })
  product = await stage.start()
})
afterAll(() => stage?.close())

const get = (path: string, token?: string, init: RequestInit = {}) =>
  fetch(stage.url + path, {
    ...init,
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
  })

it('a run with everything that hurts comes to rest', async () => {
  await stage.erp.faults({ status500: 0.05, resetAfter: 0.05, empty200: 0.05 })
  await stage.shop.faults({ webhookDuplicate: 0.2, webhookLose: 0.1 })
  await tell(`${stage.shop.url}/_sandbox/orders`, { count: 80, seed: 5, rate: 40, hard: true, changes: true })
  await until(
    'all is at rest',
    async () => {
      const stats = await product.running.operations.stats({})
      const shop = (await (await fetch(`${stage.shop.url}/_sandbox/stats`)).json()) as {
        orders: number
        streams: { created: number; count: number; changesDue: number; changesDone: number }[]
      }
      const made = shop.streams.every((s) => s.created === s.count && s.changesDone === s.changesDue)
      return made && stats.orders + stats.parked >= 80 && Object.values(stats.waiting).every((n) => n === 0)
    },
    60_000,
  )
}, 90_000)

it('readiness, health and metrics tell of it', async () => {
  expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' })
  const ready = await get('/readyz')
  expect([ready.status, await ready.json()]).toMatchObject([200, { ready: true, checks: { database: 'ok' } }])
  const metrics = await (await get('/metrics')).text()
  const stats = await product.running.operations.stats({})
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
  expect(value('tributary_waiting\\{hop="planned"\\}')).toBe(0)
  expect(metrics).toMatch(/^# TYPE tributary_\w+ counter$/m)
  expect(metrics).toContain('connection="shop"')
  expect(stats.confirmed).toBeGreaterThan(30)
})

it('the API opens to tokens, by their scope, until they are revoked', async () => {
  const { operations } = product.running
  const reader = await operations.tokenCreate({ name: 'board', scope: 'read', by: 'ann' })
  const operator = await operations.tokenCreate({ name: 'desk', scope: 'operate', by: 'ann' })
  tokens.push(reader.token, operator.token)
  expect((await get('/v1/orders')).status).toBe(401)
  expect((await get('/v1/orders', 'trb_guess')).status).toBe(401)
  const list = await get('/v1/orders?limit=5', reader.token)
  expect(list.status).toBe(200)
  expect(((await list.json()) as { items: object[] }).items).toHaveLength(5)

  const body = JSON.stringify({ connection: 'erp', why: 'stock-taking' })
  expect((await get('/v1/pauses', reader.token, { method: 'POST', body })).status).toBe(403)
  expect(await operations.pauses({})).toEqual([])
  expect((await get('/v1/pauses', operator.token, { method: 'POST', body })).status).toBeLessThan(300)
  expect(await operations.pauses({})).toMatchObject([{ scope: { connection: 'erp' }, why: 'stock-taking' }])
  expect((await get('/v1/pauses/resume', operator.token, { method: 'POST', body })).status).toBeLessThan(300)

  await operations.tokenRevoke({ id: operator.id, by: 'ann' })
  expect((await get('/v1/orders', operator.token)).status).toBe(401)
})

/** Everything in the shop's orders that belongs to a person. */
function personal(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const inner of value) personal(inner, found)
  else if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) {
      const mine = /^(firstName|lastName|name|phone|email|address1|address2|note)$/.test(name)
      // an order's name is its number
      if (mine && typeof inner === 'string' && !inner.startsWith('#') && inner.length >= 2) found.add(inner)
      personal(inner, found)
    }
  }
  return found
}

it('the log, at its most talkative, holds no secret and nobody', async () => {
  // and of what goes wrong on the way in
  const body = JSON.stringify({ id: 1, email: 'buyer@example.com', phone: '+8613800000001' })
  const signature = createHmac('sha256', SECRET).update(body).digest('base64')
  for (const sent of [body, `${body}x`]) {
    await get('/webhooks/shop/orders-create', undefined, { method: 'POST', body: sent })
    const headers = { 'x-shopify-hmac-sha256': signature }
    await fetch(`${stage.url}/webhooks/shop/orders-create`, { method: 'POST', body: sent, headers })
  }
  await until('it was parked', () => product.log().includes('record parked'))
  await product.close()
  const log = product.log()
  const lines = log.trim().split('\n')
  expect(lines.length).toBeGreaterThan(200)
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
  const people = personal(await stage.shop.orders())
  expect(people.size).toBeGreaterThan(20)
  const secrets = [TOKEN, SECRET, ERP_TOKEN, ...tokens, signature, 'buyer@example.com']
  // short names may be part of another word; as a value of their own they may not stand there
  const shown = [...people].filter((p) => (p.length < 4 ? log.includes(`"${p}"`) : log.includes(p)))
  expect(shown).toEqual([])
  for (const secret of secrets) expect(log).not.toContain(secret)
})
