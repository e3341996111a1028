/** Calls in the pace of their budgets: who waits, who goes first, who is sent away, and what answers change. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { announcement, asksForPause } from '../../src/connector/announced.ts'
import { memoryBudgets } from '../../src/connector/budget-memory.ts'
import { type Budgets, LANES } from '../../src/core/budget.ts'
import type { Connection, WriteItem } from '../../src/core/ports.ts'
import { readingLimit, timeLimit } from '../../src/core/time-limit.ts'
import { orAlone } from '../../src/runtime/budgets.ts'
import { createLog } from '../../src/runtime/log.ts'
import { acme, signal, window } from '../support/acme.ts'

const { open, serve } = acme()

const manifest = (limits: string) => `id: acme
title: Acme
settings: { base: { type: string, description: Address } }
http:
  base: "{base}"
  limits: { one: { calls: 1, per: 1m, burst: 3 }, ${limits} }
read:
  order:
    document: order
    shapes: { order: order.in }
    list: { get: /orders, id: id }
    fetch: { get: "/orders/{id}", limit: one }
  product: { document: acknowledgement, shapes: { product: product.in }, list: { get: /products, id: id }, limit: one }
write:
  shipment: { class: find, mapping: out, post: /shipments, find: { get: "/shipments?key={key}" } }
`
const TEN = 'default: { calls: 10, per: 1s }'

const item: WriteItem = {
  key: 'k1',
  kind: 'shipment',
  revision: 1,
  body: Buffer.from('{}'),
  check: { number: null, total: null, lines: null },
}

interface Seen {
  at: number
  what: string
}

/** A server that notes when it was asked for what. */
async function remote(answer: (path: string, n: number) => object = () => ({})) {
  const seen: Seen[] = []
  const url = await serve((path, _, method) => {
    seen.push({ at: performance.now(), what: `${method} ${path}` })
    return { body: method === 'GET' ? [] : { id: '1' }, ...answer(path, seen.length) }
  })
  return { url, seen, gaps: () => seen.slice(1).map((call, i) => call.at - seen[i]!.at) }
}

const page = (c: Connection, name = 'order', own = signal, lane: 'read' | 'backfill' = 'read') =>
  c.streams.find((s) => s.name === name)!.page({ ...window, resume: null, lane }, own)
const write = (c: Connection, own = signal) => c.writes[0]!.write([item], own)

describe('calls of a connection', () => {
  it('are spread over the time that the manifest allows, however many come at once', async () => {
    const { url, seen } = await remote()
    const c = await open(manifest(TEN), { base: url })
    await Promise.all(Array.from({ length: 6 }, () => page(c)))
    expect(seen).toHaveLength(6)
    // a busy machine is late: with the first one, too
    expect(seen.at(-1)!.at - seen[0]!.at).toBeGreaterThan(300)
  })

  it('take the rate of tributary.yaml in place of the manifest’s, and other classes as they are', async () => {
    const { url, seen, gaps } = await remote()
    const c = await open(manifest(TEN), { base: url }, undefined, { rate: { calls: 2, per: '1s' } })
    await Promise.all([page(c), page(c)])
    expect(gaps()[0]).toBeGreaterThan(300)
    await Promise.all([page(c, 'product'), c.streams[0]!.fetch!(['7'], signal)])
    expect(seen).toHaveLength(4)
    await expect(page(c, 'product')).rejects.toMatchObject({ code: 'CONNECTOR_THROTTLED' })
  })

  it('wait for nothing where no limit is declared, and ask nobody for each call', async () => {
    let asked = 0
    const own = memoryBudgets()
    const take: Budgets['take'] = (...request) => {
      asked++
      return own.take(...request)
    }
    const counting: Budgets = { ...own, take }
    const { url, seen } = await remote()
    const c = await open(manifest(''), { base: url }, undefined, { budgets: counting })
    const from = performance.now()
    for (let i = 0; i < 30; i++) await page(c)
    expect(seen).toHaveLength(30)
    expect(asked).toBeLessThanOrEqual(2 + (performance.now() - from) / 1000)
  })

  it('are not sent when waiting would take too long: told when to come, and writes are held meanwhile', async () => {
    const { url, seen } = await remote()
    const slow = 'default: { calls: 1, per: 1m }'
    const c = await open(manifest(slow), { base: url })
    await page(c)
    const refused = await page(c).catch((error) => error)
    expect(refused).toMatchObject({ code: 'CONNECTOR_THROTTLED', kind: 'transient' })
    expect(refused.detail.retryAfter).toBeGreaterThan(55_000)
    expect(refused.say('zh')).toContain('60 秒内没有调用额度')
    // the first write is sure of a turn, but not within its patience
    expect(c.writes[0]!.held!()).toBe(0)
    const [outcome] = await write(c)
    expect(outcome).toMatchObject({ kind: 'not-done', code: 'BUDGET' })
    expect((outcome as { retryAfter: number }).retryAfter).toBeGreaterThan(55_000)
    expect(c.writes[0]!.held!()).toBeGreaterThan(55_000)
    expect(await c.writes[0]!.find!(item, signal)).toMatchObject({ failed: { kind: 'not-done' } })
    expect(seen).toHaveLength(1)
  })

  it('that are aborted while they wait were provably not sent', async () => {
    const { url, seen } = await remote()
    const c = await open(manifest('default: { calls: 1, per: 3s }'), { base: url })
    await page(c)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    expect(await write(c, stop.signal)).toEqual([
      { kind: 'not-done', code: 'ABORTED', message: expect.any(String) },
    ])
    expect(await write(c, AbortSignal.abort())).toMatchObject([{ kind: 'not-done', code: 'ABORTED' }])
    expect(seen).toHaveLength(1)
  })

  it('of a write keep half of its time for the call; waiting does not use up the time of a page', async () => {
    const { url } = await remote()
    const c = await open(manifest('default: { calls: 1, per: 1s }'), { base: url })
    await page(c)
    expect(await write(c, timeLimit(1_500))).toMatchObject([{ kind: 'not-done', code: 'BUDGET' }])
    expect(await write(c, timeLimit(2_500))).toMatchObject([{ kind: 'done' }])
    const reading = readingLimit(1_200)
    for (let i = 0; i < 3; i++) await page(c, 'order', reading)
    expect(reading.aborted).toBe(false)
  })

  it('go in the order of their lanes, and history does not wait for ever', async () => {
    const { url, seen } = await remote()
    const c = await open(manifest('default: { calls: 20, per: 1s, burst: 10 }'), { base: url })
    const from = performance.now()
    const end = from + 3_000
    const busy = async (call: () => Promise<unknown>) => {
      while (performance.now() < end) await call().catch(() => undefined)
    }
    await Promise.all([
      ...[1, 2, 3].map(() => busy(() => page(c, 'order', signal, 'backfill'))),
      ...[1, 2, 3].map(() => busy(() => page(c))),
      ...[1, 2, 3].map(() => busy(() => write(c))),
    ])
    const writes = seen.filter((call) => call.what.startsWith('POST')).length
    expect(writes / seen.length).toBeGreaterThan(LANES.write.share * 0.6)
    expect(seen.length - writes).toBeGreaterThan(5)
    const seconds = (seen.at(-1)!.at - from) / 1000
    expect(seen.length).toBeLessThanOrEqual(10 + 20 * seconds + 2)
  })

  it('give up waiting when the process stops', async () => {
    const { url, seen } = await remote()
    const c = await open(manifest('default: { calls: 1, per: 10s }'), { base: url })
    await page(c)
    const [reading, writing] = [page(c).catch((error) => error.code), write(c)]
    await sleep(50)
    const from = performance.now()
    c.hasten!()
    expect(await reading).toBe('CONNECTOR_THROTTLED')
    expect(await writing).toMatchObject([{ kind: 'not-done' }])
    expect(await write(c)).toMatchObject([{ kind: 'not-done' }])
    expect(performance.now() - from).toBeLessThan(2_500)
    expect(seen).toHaveLength(1)
  })

  it('must name a class that is declared', async () => {
    const wrong = manifest(TEN).replace('limit: one }', 'limit: two }')
    await expect(open(wrong, { base: 'http://127.0.0.1' })).rejects.toMatchObject({
      code: 'YAML_VALUE',
      message: expect.stringContaining('read.order.fetch.limit'),
    })
  })
})

describe('what answers tell', () => {
  it.each([
    ['429', TEN],
    ['503', TEN],
    ['429', ''],
  ])('a %s with Retry-After stops all processes (limits: %s)', async (status, limits) => {
    const budgets = memoryBudgets()
    const { url, seen } = await remote((_, n) =>
      n === 1 ? { status: Number(status), headers: { 'Retry-After': '2' } } : {},
    )
    const first = await open(manifest(limits), { base: url }, undefined, { budgets })
    const second = await open(manifest(limits), { base: url }, undefined, { budgets })
    expect(await write(first)).toMatchObject([{ kind: status === '429' ? 'not-done' : 'unknown' }])
    expect(first.writes[0]!.held!()).toBeGreaterThan(500)
    const from = performance.now()
    await page(second)
    expect(performance.now() - from).toBeGreaterThan(1_000)
    expect(seen).toHaveLength(2)
  })

  it('a 429 that says no time empties the bucket', async () => {
    const { url, gaps } = await remote((_, n) => (n === 1 ? { status: 429 } : {}))
    const c = await open(manifest('default: { calls: 2, per: 1s, burst: 20 }'), { base: url })
    await expect(page(c)).rejects.toMatchObject({ code: 'CONNECTOR_THROTTLED' })
    await write(c)
    expect(gaps()[0]).toBeGreaterThan(300)
  })

  const told200 = (limits: string) =>
    manifest(limits).replace(
      'http:\n',
      'http:\n  answer: { code: code, codes: { "7": throttled, "8": transient } }\n',
    )

  it.each([
    ['an emptied bucket', 'default: { calls: 2, per: 1s, burst: 20 }', 300, undefined],
    ['a short pause, where no limit is declared', '', 500, undefined],
    ['the pause that its header names', TEN, 1_000, { 'Retry-After': '2' }],
  ])('a 200 whose code means throttled is followed by %s', async (_, limits, least, headers) => {
    const budgets = memoryBudgets()
    const { url, gaps } = await remote((_, n) => (n === 1 ? { headers, body: { code: '7' } } : {}))
    const first = await open(told200(limits), { base: url }, undefined, { budgets })
    const second = await open(told200(limits), { base: url }, undefined, { budgets })
    expect(await write(first)).toMatchObject([{ kind: 'not-done', code: '7' }])
    await page(second)
    expect(gaps()[0]).toBeGreaterThan(least)
  })

  it('a 200 whose code only means later holds nobody else up', async () => {
    const { url, gaps } = await remote((_, n) => (n === 1 ? { body: { code: '8' } } : {}))
    const c = await open(told200('default: { calls: 2, per: 1s, burst: 20 }'), { base: url })
    expect(await write(c)).toMatchObject([{ kind: 'not-done', code: '8' }])
    await page(c)
    expect(gaps()[0]).toBeLessThan(300)
  })

  it('what a hook finds throttled is heard, too', async () => {
    const hooks = `export default { read: { order: { async page(request, tools, signal) {
      const { value = tools.json((await tools.http({ method: 'GET', path: '/orders', signal })).body) } = {}
      if (value.busy) tools.throttled('busy', 1500)
      return { records: [], next: null }
    } } } }`
    const { url, gaps } = await remote((_, n) => ({ body: { busy: n === 1 } }))
    const c = await open(manifest(TEN), { base: url }, hooks)
    await expect(page(c)).rejects.toMatchObject({ code: 'CONNECTOR_THROTTLED' })
    await page(c)
    expect(gaps()[0]).toBeGreaterThan(1_000)
  })

  it('headers set the rate, lower what is left, and shut the bucket until it is counted anew', async () => {
    const limits = `default: { calls: 1, per: 1m, burst: 5,
      announced: { rate: x-amzn-RateLimit-Limit, remaining: X-Left, reset: X-Reset-Ms } }`
    const { url, seen, gaps } = await remote((_, n) => ({
      headers:
        n === 1
          ? { 'x-amzn-RateLimit-Limit': '4.0', 'X-Left': '0', 'X-Reset-Ms': '900' }
          : { 'X-Left': String(9 - n) },
    }))
    const c = await open(manifest(limits), { base: url })
    await page(c)
    await page(c)
    expect(gaps()[0]).toBeGreaterThan(500)
    for (let i = 0; i < 6; i++) await page(c)
    // 4 per second, not 1 per minute
    expect(seen).toHaveLength(8)
    expect(seen.at(-1)!.at - seen[1]!.at).toBeLessThan(15_000)
  })

  const nothing = { rate: undefined, remaining: undefined, reset: undefined }
  it.each([
    [{ rate: 'x-amzn-RateLimit-Limit' }, { 'x-amzn-ratelimit-limit': '0.0167' }, { perSecond: 0.0167 }],
    [{ rate: 'RateLimit-Policy' }, { 'ratelimit-policy': '"d;q=9";q=100;w=60' }, { perSecond: 100 / 60 }],
    [{ remaining: 'RateLimit' }, { ratelimit: '"d";r=50;t=30' }, { remaining: 50, reset: 30_000 }],
    [{ remaining: 'RateLimit' }, { ratelimit: '"a";r=0;t=1, "b";r=9;t=9' }, { remaining: 0, reset: 1_000 }],
    [
      { remaining: 'X-Rate-Limit-Requests-Left', reset: 'X-Rate-Limit-Time-Reset-Ms' },
      { 'x-rate-limit-requests-left': '149', 'x-rate-limit-time-reset-ms': '3000' },
      { remaining: 149, reset: 3_000 },
    ],
    [
      { remaining: 'X-RateLimit-Remaining', reset: 'X-RateLimit-Reset' },
      { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': '1800000060' },
      { remaining: 7, reset: 60_000 },
    ],
    [
      { remaining: 'R', reset: 'S' },
      { r: '7', s: '12' },
      { remaining: 7, reset: 12_000 },
    ],
    [{ rate: 'A', remaining: 'B', reset: 'C' }, { a: 'fast', b: '-1', c: '' }, {}],
    [{ rate: 'A' }, { a: '0' }, {}],
    [{}, { ratelimit: '"d";r=50;t=30' }, {}],
  ])('reads %j', (names, headers, told) => {
    expect(announcement(headers, { ...nothing, ...names } as never, 1_800_000_000_000)).toEqual(told)
  })

  it('a pause is asked for by refusals only, for an hour at most, and Retry-After goes first', () => {
    const asks = (status: number, headers: Record<string, string> = {}, reset?: number) =>
      asksForPause({ status, headers, body: Buffer.alloc(0) }, reset === undefined ? {} : { reset })
    expect(asks(200, { 'retry-after': '5' })).toBeNull()
    expect(asks(503)).toBeNull()
    expect(asks(503, {}, 700)).toBeNull()
    expect(asks(503, { 'retry-after': '5' })).toBe(5_000)
    expect(asks(429, { 'retry-after': '5' }, 700)).toBe(5_000)
    expect(asks(429, {}, 700)).toBe(700)
    expect(asks(430)).toBe('empty')
    expect(asks(429, { 'retry-after': '90000' })).toBe(3_600_000)
  })
})

describe('a store that is away', () => {
  it('leaves each process to itself for a while, and says so once', async () => {
    let [calls, away] = [0, true]
    const shared = memoryBudgets()
    const flaky = async <T>(answer: () => Promise<T>) => {
      calls++
      if (away) throw new Error('away')
      return answer()
    }
    const written: string[] = []
    const log = createLog({
      level: 'info',
      destination: { write: (line: string) => void written.push(line) },
    })
    const budgets = orAlone(
      {
        take: (...request) => flaky(() => shared.take(...request)),
        hear: (...heard) => flaky(() => shared.hear(...heard)),
        close: () => shared.close(),
      },
      log,
    )
    const of = { connection: 'a', class: 'default' }
    const limit = { capacity: 2, perSecond: 0.001 }
    const take = () => budgets.take(of, limit, { cost: 1, lane: 'write', patience: 0, ticket: null })
    const taken = []
    for (let i = 0; i < 4; i++) taken.push((await take()).taken)
    expect(taken).toEqual([true, true, false, false])
    expect(calls).toBe(1)
    expect(written.filter((line) => line.includes('budget.alone'))).toHaveLength(1)
    away = false
    await sleep(5_100)
    expect((await take()).taken).toBe(true)
    expect(calls).toBe(2)
    expect(written.at(-1)).toContain('budget.shared-again')
  })
})
