import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFaults } from '../../src/sandbox/faults.ts'
import { CATALOGUE, KNOWN_SKUS, UNKNOWN_SKUS } from '../../src/sandbox/generate/catalogue.ts'
import { expectationOf } from '../../src/sandbox/generate/expectation.ts'
import { applyLater, CARDS, cardOf, generateOrder, laterChange } from '../../src/sandbox/generate/order.ts'
import { openLog } from '../../src/sandbox/log.ts'
import { ChangeRefused, cancel, edit, refund } from '../../src/sandbox/shopify/change.ts'
import {
  amounts,
  financialStatus,
  lineNet,
  type ShopOrder,
  totalsOf,
} from '../../src/sandbox/shopify/order.ts'

const NOW = new Date('2026-11-22T10:00:00.500Z')
const order = (seed: number, index: number) => generateOrder(seed, index, NOW, true)
const block = (seed: number, from = 0) => Array.from({ length: 40 }, (_, i) => order(seed, from + i))
const withCard = (seed: number, card: string) => {
  const index = Array.from({ length: 40 }, (_, i) => i).find((i) => cardOf(seed, i) === card)!
  return order(seed, index)
}

describe('the order generator', () => {
  it('makes the same order from the same seed and index, and another from another seed', () => {
    expect(order(5, 17)).toEqual(order(5, 17))
    expect(JSON.stringify(block(5))).not.toBe(JSON.stringify(block(6)))
  })

  it('deals every difficulty once in every block of 40', () => {
    for (const from of [0, 40, 400]) {
      const cards = Array.from({ length: 40 }, (_, i) => cardOf(9, from + i))
      for (const card of CARDS) expect(cards.filter((c) => c === card)).toHaveLength(1)
    }
  })

  it('holds what hurts', () => {
    const orders = [...block(1), ...block(2), ...block(3)]
    const lines = orders.flatMap((o) => o.lines)
    const currencies = new Set(orders.map((o) => o.currency))
    for (const c of ['CNY', 'USD', 'EUR', 'JPY', 'KWD']) expect(currencies).toContain(c)
    expect(orders.some((o) => o.lines.length === 200)).toBe(true)
    expect(lines.some((l) => l.goods === 0)).toBe(true)
    expect(lines.some((l) => l.goods > 0 && lineNet(l) === 0)).toBe(true)
    expect(lines.some((l) => /^\d+\.\d{4}$/.test(l.unitPrice))).toBe(true)
    expect(lines.some((l) => l.sku === null) && lines.some((l) => l.sku === '')).toBe(true)
    expect(lines.some((l) => UNKNOWN_SKUS.includes(l.sku ?? '-'))).toBe(true)
    expect(orders.some((o) => o.customer === null) && orders.some((o) => o.shipping === null)).toBe(true)
    expect(orders.some((o) => o.presentment !== null) && orders.some((o) => o.tip > 0)).toBe(true)
    expect(orders.some((o) => o.transactions.filter((t) => t.kind === 'SALE').length === 2)).toBe(true)
    expect(orders.some((o) => /𠮷/.test(o.shipping?.lastName ?? ''))).toBe(true)
    expect(orders.some((o) => [...(o.note ?? '')].length > 181)).toBe(true)
    expect(orders.some((o) => o.shippingLines.some((s) => s.allocations.length > 0))).toBe(true)
    expect(new Set(orders.map((o) => o.taxesIncluded)).size).toBe(2)
  })

  it('declares what must become of the awkward ones', () => {
    for (const seed of [1, 2, 3, 4]) {
      expect(expectationOf(withCard(seed, 'sku-null'))).toEqual({ expect: 'parked', reason: 'missing-sku' })
      expect(expectationOf(withCard(seed, 'sku-empty'))).toEqual({ expect: 'parked', reason: 'missing-sku' })
      expect(expectationOf(withCard(seed, 'sku-unknown'))).toEqual({
        expect: 'parked',
        reason: 'unknown-sku',
      })
      expect(expectationOf(withCard(seed, 'unpaid'))).toEqual({ expect: 'none', reason: 'unpaid' })
      expect(expectationOf(withCard(seed, 'authorized'))).toEqual({ expect: 'none', reason: 'unpaid' })
      expect(expectationOf(withCard(seed, 'cancelled'))).toEqual({ expect: 'none', reason: 'cancelled' })
      expect(expectationOf(withCard(seed, 'refund-full'))).toEqual({
        expect: 'none',
        reason: 'fully-refunded',
      })
      for (const card of [
        'refund-part',
        'refund-line',
        'refund-amount',
        'refund-freight',
        'edited',
        'all-free',
      ]) {
        expect(expectationOf(withCard(seed, card)), card).toEqual({ expect: 'document', reason: 'paid' })
      }
    }
  })

  it('states amounts that add up, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 5000 }), (seed, index) => {
        addsUp(order(seed, index))
      }),
      { numRuns: 300 },
    )
  })

  it('keeps amounts whole through later changes, refunding a line in parts up to exactly its whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 400 }), (seed, index) => {
        const o = order(seed, index)
        fc.pre(expectationOf(o).expect === 'document' && o.refunds.length === 0)
        const changed = (['edited', 'refunded', 'cancelled'] as const).map((kind) => attempt(o, kind, seed))
        for (const c of changed) if (c) addsUp(c)
        const line = o.lines.at(-1)!
        let step = o
        for (let i = 0; i < Math.min(line.quantity, 7); i++) {
          const quantity = i < 6 ? 1 : line.quantity - 6
          step = refund(step, { lines: [{ line: line.id, quantity }] }, NOW)
        }
        const back = step.refunds.flatMap((r) => r.lines).filter((l) => l.line === line.id)
        expect(back.reduce((n, b) => n + b.subtotal, 0)).toBe(lineNet(line))
        expect(back.reduce((n, b) => n + b.tax, 0)).toBe(amounts(line.taxes))
      }),
      { numRuns: 100 },
    )
  })

  it('changes about a fifth of the orders later, and pays half of the unpaid ones, repeatably', () => {
    const document = { expect: 'document', reason: 'paid' }
    const unpaid = { expect: 'none', reason: 'unpaid' }
    const draw = (of: typeof document) => Array.from({ length: 500 }, (_, i) => laterChange(3, i, of))
    const changed = draw(document).filter((p) => p !== null)
    expect(changed.length).toBeGreaterThan(60)
    expect(changed.length).toBeLessThan(150)
    expect(new Set(changed.map((c) => c.kind))).toEqual(new Set(['edited', 'cancelled', 'refunded']))
    const paid = draw(unpaid).filter((p) => p !== null)
    expect(paid.length).toBeGreaterThan(200)
    expect(new Set(paid.map((c) => c.kind))).toEqual(new Set(['paid']))
    expect(draw({ expect: 'parked', reason: 'missing-sku' }).every((p) => p === null)).toBe(true)
    expect(draw(document)).toEqual(draw(document))
    const settled = applyLater(withCard(3, 'authorized'), 'paid', 3, NOW)
    expect(expectationOf(settled)).toEqual(document)
    addsUp(settled)
  })

  it('refuses changes that a shop would refuse', () => {
    const o = generateOrder(1, 0, NOW, false)
    expect(() => cancel(cancel(o, NOW), NOW)).toThrow(ChangeRefused)
    expect(() => edit(cancel(o, NOW), { note: 'x' }, NOW)).toThrow(ChangeRefused)
    expect(() => refund(o, { lines: [{ line: o.lines[0]!.id, quantity: 99 }] }, NOW)).toThrow(ChangeRefused)
    expect(() => refund(o, { lines: [{ line: 1 }] }, NOW)).toThrow(ChangeRefused)
  })

  it('sells about 40 known articles under distinct codes', () => {
    expect(new Set(KNOWN_SKUS).size).toBe(CATALOGUE.length)
    expect(KNOWN_SKUS.length).toBeGreaterThanOrEqual(40)
    for (const sku of UNKNOWN_SKUS) expect(KNOWN_SKUS).not.toContain(sku)
  })
})

function attempt(o: ShopOrder, kind: 'edited' | 'refunded' | 'cancelled', seed: number): ShopOrder | null {
  try {
    return applyLater(o, kind, seed, NOW)
  } catch (error) {
    if (error instanceof ChangeRefused) return null
    throw error
  }
}

function addsUp(o: ShopOrder): void {
  const t = totalsOf(o)
  for (const l of o.lines) {
    expect(Number.isSafeInteger(l.goods)).toBe(true)
    expect(lineNet(l)).toBeGreaterThanOrEqual(0)
    expect(amounts(l.taxes)).toBeGreaterThanOrEqual(0)
  }
  for (const d of o.discounts.keys()) {
    const value = o.discounts[d]!.value
    const spread = [...o.lines, ...o.shippingLines]
      .flatMap((l) => l.allocations)
      .filter((a) => a.discount === d)
    if ('amount' in value) expect(amounts(spread)).toBe(value.amount)
  }
  expect(t.lineItems + o.shippingLines.reduce((n, s) => n + s.price, 0) - t.discounts).toBe(
    t.subtotal + t.shipping,
  )
  if (financialStatus(o, t) === 'PAID') expect(t.received).toBe(t.total)
  if (financialStatus(o, t) === 'REFUNDED') expect(t.refunded).toBe(t.received)
  expect(t.refunded).toBeLessThanOrEqual(t.received)
  const ids = [
    ...o.lines.map((l) => l.id),
    ...o.transactions.map((x) => x.id),
    ...o.refunds.flatMap((r) => [r.id, ...r.lines.map((l) => l.id), ...r.adjustments.map((a) => a.id)]),
  ]
  expect(new Set(ids).size).toBe(ids.length)
}

describe('the fault switchboard', () => {
  it('strikes by probability, counts, and stops after the given number of times', () => {
    const faults = createFaults(['own'], 7)
    expect(faults.hit('own')).toBeNull()
    faults.set({ own: { probability: 1, times: 2 }, status500: 0.5 })
    expect([faults.hit('own'), faults.hit('own'), faults.hit('own')].map(Boolean)).toEqual([
      true,
      true,
      false,
    ])
    const hits = Array.from({ length: 400 }, () => faults.hit('status500') !== null).filter(Boolean).length
    expect(hits).toBeGreaterThan(140)
    expect(hits).toBeLessThan(260)
    expect(faults.struck()).toEqual({ own: 2, status500: hits })
    faults.set({ off: 1 })
    expect(faults.current()).toEqual({})
  })

  it('repeats itself from the same seed and refuses unknown names', () => {
    const draw = () => {
      const faults = createFaults()
      faults.set({ seed: 99, resetAfter: 0.3 })
      return Array.from({ length: 50 }, () => faults.hit('resetAfter') !== null)
    }
    expect(draw()).toEqual(draw())
    expect(() => createFaults().set({ rest: 1 })).toThrow(/unknown fault rest/)
    expect(() => createFaults().set({ latency: 2 })).toThrow(RangeError)
  })
})

describe('the sandbox log', () => {
  it('replays what was appended and cuts off a torn last line', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'sandbox-log-')), 'log.jsonl')
    const log = openLog<{ n: number; text: string }>(path, () => expect.unreachable())
    log.append({ n: 1, text: '🍵\n𠮷' })
    log.appendAll([2, 3].map((n) => ({ n, text: 'x'.repeat(700_000) })))
    log.close()
    const whole = readFileSync(path)
    writeFileSync(path, Buffer.concat([whole, Buffer.from('{"n":4,"te')]))
    const seen: number[] = []
    const again = openLog<{ n: number; text: string }>(path, (e) => {
      seen.push(e.n)
      if (e.n === 1) expect(e.text).toBe('🍵\n𠮷')
    })
    expect(seen).toEqual([1, 2, 3])
    expect(readFileSync(path).length).toBe(whole.length)
    again.append({ n: 5, text: '' })
    again.close()
    expect(() => again.append({ n: 6, text: '' })).toThrow(/closed/)
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(4)
  })

  it('refuses a line in the middle that is not JSON', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'sandbox-log-')), 'log.jsonl')
    writeFileSync(path, '{"n":1}\nnonsense\n{"n":2}\n')
    expect(() => openLog(path, () => {})).toThrow(/not JSON at byte 8/)
  })
})
