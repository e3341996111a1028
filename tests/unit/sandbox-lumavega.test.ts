/** The marketplace sandbox against its own published text, and through a client that was written from that text. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromMinor, toMinor } from '../../src/core/money.ts'
import { STATUSES } from '../../src/sandbox/lumavega/order.ts'
import { CODES } from '../../src/sandbox/lumavega/refusal.ts'
import { CARRIERS } from '../../src/sandbox/lumavega/shipment.ts'
import {
  type Any,
  fieldsOf,
  type Market,
  make,
  market,
  recent,
  sign,
  walk,
} from '../support/lumavega-client.ts'

const TEXT = readFileSync(new URL('../../src/sandbox/lumavega/api.md', import.meta.url), 'utf8')
const start = market()

const codeOf = async (shop: Market, fields: Record<string, string>) =>
  ((await (await shop.send(fields)).json()) as Any).code

describe('the published text', () => {
  it('has a signature that everybody computes alike', () => {
    const block = (after: string) => /```\n([^`]+)\n```/.exec(TEXT.slice(TEXT.indexOf(after)))![1]!
    const secret = /For the secret `(\w+)`/.exec(TEXT)![1]!
    const fields = Object.fromEntries(
      block('and the form')
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    expect(Object.keys(fields)).toEqual(['app_key', 'biz', 'method', 'nonce', 'session', 'stamp', 'v'])
    expect(sign(fields, secret)).toBe(block('and the signature'))
    expect(block('the text is')).toMatch(/^app_key=.*&app_secret=b7e0c1d2f3a4958677$/)
  })

  it('lists every code, method, status and carrier that there is, and no others', async () => {
    const codes = [...TEXT.matchAll(/^\| (\d{4}) \| `([\w.]+)` \|/gm)].map(([, code, sub]) => [code, sub])
    expect(codes).toEqual(Object.entries(CODES))
    const methods = [...TEXT.matchAll(/^### `(lumavega\.[\w.]+)`/gm)].map(([, name]) => name!)
    expect(methods).toHaveLength(6)
    const shop = await start()
    for (const method of methods) expect((await shop.call(method, '{"x":1}')).code).not.toBe(1002)
    for (const word of [...STATUSES, ...CARRIERS]) expect(TEXT).toContain(`\`${word}\``)
  })

  it('shows an order and a shipment with exactly the fields that the sandbox sends', async () => {
    const shown = [...TEXT.matchAll(/```json\n([^`]+)```/g)].flatMap(([, text]) => {
      try {
        return [JSON.parse(text!)]
      } catch {
        return []
      }
    })
    const shape = (value: Any): Any =>
      Array.isArray(value)
        ? value.slice(0, 1).map(shape)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shape(v)]))
          : ''
    const shop = await start()
    await make(shop, 1, { hard: false })
    const { orders } = await shop.data('lumavega.orders.search', recent())
    const documented = shown.find((one) => one.order_no)
    expect(shape(orders[0])).toEqual(shape(documented))
    const line = orders[0].packages[0].lines[0]
    const parcels = [
      { carrier: 'CHX', tracking_no: 'CHX000001', lines: [{ line_id: line.line_id, quantity: '0.1' }] },
    ]
    await shop.data('lumavega.shipment.create', { order_id: orders[0].order_id, reference: 'R', parcels })
    const { shipments } = await shop.data('lumavega.shipments.search', { reference: 'R' })
    expect(shape(shipments[0])).toEqual(shape(shown.find((one) => one.parcels?.[0].parcel_id)))
    // and its example adds up
    const { amounts, packages } = documented
    const sum = (of: (l: Any) => string) =>
      packages.flatMap((p: Any) => p.lines).reduce((n: number, l: Any) => n + toMinor(of(l), 'CLP'), 0)
    expect(
      fromMinor(
        sum((l) => l.goods),
        'CLP',
      ),
    ).toBe('12980')
    expect(toMinor(amounts.buyer_pays, 'CLP')).toBe(12980 - 500 - 1000 + 2990)
  })
})

describe('calling a method', () => {
  it('answers with the envelope; identifiers are whole numbers beyond what a float can hold', async () => {
    const shop = await start()
    const answer = await shop.call('lumavega.shop.get')
    expect(answer).toMatchObject({ code: 0, sub: '', message: '', data: { shop: { currency: 'CLP' } } })
    expect(answer.request_id).toMatch(/^[0-9a-f-]{36}$/)
    await make(shop, 3)
    const text = await (await shop.send(fieldsOf('lumavega.orders.search', recent()))).text()
    const ids = [...text.matchAll(/"order_id":(\d+)[,}]/g)].map(([, id]) => id!)
    expect(new Set(ids).size).toBe(3)
    expect(new Set(ids.map(Number)).size).toBe(1)
    // as a number and as text
    for (const order_id of [`{"order_id":${ids[0]}}`, `{"order_id":"${ids[0]}"}`])
      expect((await shop.call('lumavega.order.get', order_id)).data.order.order_id).toBe(ids[0])
  })

  it.each([
    ['app_key', undefined, 1001],
    ['app_key', '10020031', 1007],
    ['method', 'lumavega.orders.destroy', 1002],
    ['method', 'constructor', 1002],
    ['v', '2.0', 1003],
    ['stamp', '2020-01-01 00:00:00', 1004],
    ['stamp', new Date().toISOString(), 1004],
    ['nonce', 'short', 1005],
    ['nonce', 'with spaces in it', 1005],
    ['session', 'se-2', 1008],
    ['session', '', 1001],
    ['sign', 'A'.repeat(64), 1006],
    ['sign', undefined, 0],
    ['debug', '1', 1012],
    ['biz', '[]', 2001],
    ['biz', '{', 2001],
    ['biz', 'null', 2001],
    ['biz', '{"x":1}', 2004],
    ['biz', '', 0],
    ['biz', undefined, 0],
  ])('%s = %j is answered with %i, HTTP 200', async (field, value, code) => {
    const shop = await start()
    const answer = await shop.call('lumavega.shop.get', {}, { [field]: value })
    expect([answer.code, answer.sub]).toEqual([code, code === 0 ? '' : CODES[code as keyof typeof CODES]])
    if (code !== 0) expect(answer.data).toBeNull()
  })

  it('signs what the values are, not how the form writes them; small letters are wrong', async () => {
    const shop = await start()
    const fields = fieldsOf('lumavega.shipments.search', { reference: 'a&b=c ñ+%20🍵' })
    expect(await codeOf(shop, fields)).toBe(0)
    const lower = { ...fieldsOf('lumavega.shop.get', {}), nonce: 'abcdefgh1' }
    const wrong = { ...lower, sign: sign(lower, 'app-5ec2e7').toLowerCase() }
    expect(await codeOf(shop, wrong)).toBe(1006)
  })

  it('wants a POST of a form in UTF-8, every field once', async () => {
    const shop = await start()
    const at = `${shop.url}/gateway`
    const form = new URLSearchParams(fieldsOf('lumavega.shop.get', {})).toString()
    const code = async (init: RequestInit) => {
      const r = await fetch(at, init)
      return [r.status, ((await r.json()) as Any).code]
    }
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await code({})).toEqual([200, 1010])
    expect(
      await code({ method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    ).toEqual([200, 1011])
    expect(await code({ method: 'POST', body: 'biz=%FF', headers: type })).toEqual([200, 1011])
    expect(await code({ method: 'POST', body: 'x'.repeat(1_100_000), headers: type })).toEqual([200, 1011])
    expect(await code({ method: 'POST', body: `${form}&v=3.0`, headers: type })).toEqual([200, 1012])
    expect(await code({ method: 'POST', body: form, headers: type })).toEqual([200, 0])
    expect((await fetch(`${shop.url}/elsewhere`)).status).toBe(404)
  })

  it('takes a nonce once', async () => {
    const shop = await start()
    const fields = fieldsOf('lumavega.shop.get', {})
    const codes = [await shop.send(fields), await shop.send(fields)].map(
      async (r) => ((await r.json()) as Any).code,
    )
    expect(await Promise.all(codes)).toEqual([0, 1005])
  })

  it('throttles inside an HTTP 200, says for how long, and means it', async () => {
    const shop = await start({ rate: 3 })
    const answers: Any[] = []
    for (let i = 0; i < 5; i++) answers.push(await shop.call('lumavega.shop.get'))
    expect(answers.map((a) => a.code)).toEqual([0, 0, 0, 7001, 7001])
    const wait = answers[4].data.retry_after_ms
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(1000)
    await new Promise((resolve) => setTimeout(resolve, wait + 5))
    expect((await shop.call('lumavega.shop.get')).code).toBe(0)
    expect((await shop.control('stats')).gateway.throttled).toBe(2)
  })

  it('refuses a session that was withdrawn', async () => {
    const shop = await start()
    await shop.control('session', { valid: false })
    expect((await shop.call('lumavega.shop.get')).code).toBe(1008)
    await shop.control('session', { valid: true })
    expect((await shop.call('lumavega.shop.get')).code).toBe(0)
  })
})

describe('faults and restarts', () => {
  it('strike before or after the work, and 9001 leaves open which', async () => {
    const shop = await start()
    await make(shop, 1, { hard: false })
    const { orders } = await shop.data('lumavega.orders.search', recent())
    const biz = (reference: string, n: number) => ({
      order_id: orders[0].order_id,
      reference,
      parcels: [
        {
          carrier: 'OWN',
          tracking_no: `VAN-00${n}`,
          lines: [{ line_id: orders[0].packages[0].lines[0].line_id, quantity: '0.01' }],
        },
      ],
    })
    const strike = async (fault: string, n: number) => {
      await shop.control('faults', { off: 1, [fault]: { probability: 1, times: 1 } })
      const answer = await shop
        .call('lumavega.shipment.create', biz(fault, n))
        .catch((e: Error) => ({ code: e.message }))
      const { shipments } = await shop.data('lumavega.shipments.search', { reference: fault })
      return [answer.code, shipments.length]
    }
    expect(await strike('throttle', 1)).toEqual([7001, 0])
    expect(await strike('maintenance', 2)).toEqual([9002, 0])
    expect(await strike('busy', 3)).toEqual([9001, 0])
    expect(await strike('busyAfter', 4)).toEqual([9001, 1])
    expect(await strike('status429', 5)).toEqual(['HTTP 429', 0])
    expect(await strike('error500After', 6)).toEqual(['HTTP 500', 1])
    expect((await strike('resetAfter', 7))[1]).toBe(1)
    expect((await strike('empty200', 8))[1]).toBe(1)
    expect((await strike('resetBefore', 9))[1]).toBe(0)
    expect(await shop.control('faults', { nonsense: 1 })).toMatchObject({ error: /unknown fault nonsense/ })
  })

  it('starts again with everything it held', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-lumavega-'))
    try {
      const log = join(folder, 'market.jsonl')
      const shop = await start({ log })
      await make(shop, 12)
      const before = await walk(shop, recent())
      await shop.close()
      const again = await start({ log })
      expect(await walk(again, recent())).toEqual(before)
      await make(again, 1)
      expect((await walk(again, recent())).map((o) => o.order_no)).toContain('LV-000013')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
