import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/core/canonical.ts'
import { mappingError } from '../../src/core/errors/mapping.ts'
import { recordError } from '../../src/core/errors/record.ts'
import type { Connection, MapContext } from '../../src/core/ports.ts'
import type { Became, StoredRecord } from '../../src/ledger/stored-record.ts'
import { differences } from '../../src/mapping/diff.ts'
import { addVerdict, createTally, hasDifferences, reportOf } from '../../src/mapping/diff-report.ts'
import { isPublicField } from '../../src/mapping/public-fields.ts'
import { judgeRecord, runDiff } from '../../src/pipeline/mapping-diff.ts'
import { toDocument } from '../../src/pipeline/to-document.ts'
import { testOrder } from '../support/ledgers.ts'

const told = (before: unknown, after: unknown, strictness: 'document' | 'exact' = 'document') =>
  differences(before, after, strictness).map((c) => `${c.kind} ${c.path}`)

describe('differences', () => {
  it('name the field, lists folded, and a line that came or went once', () => {
    const line = { externalId: '1', sku: 'A', goods: 100 }
    const before = {
      number: '#1',
      shipTo: { name: 'Ann', city: 'X' },
      lines: [line, { ...line, externalId: '2' }],
    }
    const after = {
      number: '#1',
      remarks: { buyer: 'hi' },
      lines: [
        { ...line, goods: 90 },
        { ...line, externalId: '3' },
      ],
    }
    expect(told(before, after).sort()).toEqual([
      'added lines[]',
      'added remarks.buyer',
      'changed lines[].goods',
      'removed lines[]',
      'removed shipTo.city',
      'removed shipTo.name',
    ])
    expect(told({ a: { b: 1 } }, { a: { b: '1' } })).toEqual(['changed a.b'])
    expect(told({ a: { b: 1 } }, { a: [1] })).toEqual(['changed a'])
  })

  it('hold a line against the line of the same id, wherever it stands', () => {
    const lines = ['1', '2', '3'].map((externalId) => ({ externalId, sku: `S${externalId}` }))
    expect(told({ lines }, { lines: lines.slice(1) })).toEqual(['removed lines[]'])
    expect(told({ lines }, { lines: [...lines].reverse() })).toEqual(['changed lines[]'])
    expect(told({ tags: ['a', 'b'] }, { tags: ['b'] })).toEqual(['changed tags[]', 'removed tags[]'])
  })

  it('between nothing and nothing are none, unless bytes are compared', () => {
    const empties = [null, undefined, '', {}, { a: null, b: { c: '' } }]
    for (const one of empties) for (const other of empties) expect(told({ x: one }, { x: other })).toEqual([])
    expect(told({ x: '' }, {}, 'exact')).toEqual(['removed x'])
    expect(told({ x: '' }, { x: null }, 'exact')).toEqual(['changed x'])
    expect(told({ x: [] }, {})).toEqual(['removed x'])
    expect(told({ x: '' }, { x: 1 })).toEqual(['added x'])
    expect(told({}, { x: {} }, 'exact')).toEqual(['added x'])
  })

  it('are ordinary for keys with a meaning in JavaScript', () => {
    const before = JSON.parse('{"__proto__": 1, "constructor": 2}')
    expect(told(before, {}).sort()).toEqual(['removed __proto__', 'removed constructor'])
  })

  it('are there exactly when the content hash differs', () => {
    const leaf = fc.oneof(
      fc.constantFrom(null, '', 'a', 'b', 0, 1, -0, true, false),
      fc.record({ externalId: fc.constantFrom('1', '2') }, { requiredKeys: [] }),
    )
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'externalId'), tie('any'), { maxKeys: 3 }),
      ),
    })).any
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(differences(a, b, 'document').length === 0).toBe(canonicalJson(a) === canonicalJson(b))
        expect(differences(a, structuredClone(a), 'exact')).toEqual([])
        // -0 is written as 0
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        expect(differences(a, b, 'exact').length === 0).toBe(same)
      }),
      { numRuns: 2000 },
    )
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  )
}

describe('the report', () => {
  const subject = (n: number) => ({ order: `shop/${n}`, number: `#${n}` })
  const change = (path: string, before: unknown, after: unknown, already: boolean | null = false) => ({
    path,
    kind: 'changed' as const,
    before,
    after,
    already,
  })

  it('counts orders once per field, keeps five of them and the commonest pairs', () => {
    const tally = createTally({ values: true, documents: true })
    for (let n = 1; n <= 20; n++) {
      const changes = [change('lines[].goods', n % 2, 5), change('lines[].goods', 1, 5)]
      addVerdict(tally, subject(n), {
        as: 'differs',
        changes: [...changes, change('buyer.name', 'Ann', 'Bea')],
      })
    }
    addVerdict(tally, subject(21), { as: 'same' })
    const report = reportOf(tally)
    expect(report).toMatchObject({ rerun: 21, same: 1, differs: 20, already: 0 })
    expect(hasDifferences(report)).toBe(true)
    const [buyer, goods] = report.fields
    expect(goods).toMatchObject({ path: 'lines[].goods', orders: 20, changes: 40, otherPairs: 0 })
    expect(goods!.examples.map((e) => e.number)).toEqual(['#1', '#2', '#3', '#4', '#5'])
    expect(goods!.pairs).toEqual([
      { before: '1', after: '5', changes: 30 },
      { before: '0', after: '5', changes: 10 },
    ])
    expect(buyer).toMatchObject({ path: 'buyer.name', orders: 20, pairs: null })
  })

  it('keeps no values unasked, and none of what is sent to others', () => {
    for (const options of [
      { values: false, documents: true },
      { values: true, documents: false },
    ]) {
      const tally = createTally(options)
      addVerdict(tally, subject(1), { as: 'differs', changes: [change('currency', 'CNY', 'USD')] })
      expect(reportOf(tally).fields[0]!.pairs).toBeNull()
    }
  })

  it('tells what the mapping in use would change as well', () => {
    const tally = createTally({ values: false, documents: true })
    addVerdict(tally, subject(1), {
      as: 'differs',
      changes: [change('a', 1, 2, true), change('b', 1, 2, true)],
    })
    addVerdict(tally, subject(2), {
      as: 'differs',
      changes: [change('a', 1, 2, true), change('b', 1, 2, false)],
    })
    addVerdict(tally, subject(3), { as: 'parks', code: 'X', field: null, already: true })
    expect(reportOf(tally)).toMatchObject({
      already: 2,
      fields: [
        { path: 'a', already: 2 },
        { path: 'b', already: 1 },
      ],
    })
    addVerdict(tally, subject(4), { as: 'differs', changes: [change('a', 1, 2, null)] })
    expect(reportOf(tally)).toMatchObject({
      already: null,
      fields: [{ path: 'a', already: null }, { path: 'b' }],
    })
  })

  it('stays small, whatever the documents hold', () => {
    const tally = createTally({ values: true, documents: true })
    for (let n = 0; n < 3000; n++) {
      addVerdict(tally, subject(n), {
        as: 'differs',
        changes: [change(`extra.${n}`, 1, 2), change('number', `#${n}`, '#')],
      })
    }
    const report = reportOf(tally)
    expect(report.fields.length).toBe(400)
    expect(report.unlisted).toBe(3000 - 399)
    expect(report.fields[0]).toMatchObject({ path: 'number', orders: 3000, otherPairs: 2995 })
  })

  it('knows which fields are personal', () => {
    const personal = [
      'buyer',
      'buyer.name',
      'shipTo.lines[]',
      'remarks.buyer',
      'extra.x',
      'lines[]',
      'lines[].name',
      'trackingNumber',
    ]
    expect(personal.filter(isPublicField)).toEqual([])
    const open = [
      'version',
      'lines[].sku',
      'lines[].refunded.amount',
      'totals.total',
      'charges[].amount',
      'paidAt',
    ]
    expect(open.filter((path) => !isPublicField(path))).toEqual([])
  })
})

describe('a record is judged', () => {
  type Map = (input: { order: Record<string, unknown> }) => unknown
  const context = { zone: 'UTC', currency: 'CNY' }
  function mapper(map: Map) {
    const streams = ['order', 'webhook'].map((shape) => [
      shape,
      {
        id: 'm',
        version: 'v',
        map: async (input: unknown, _: MapContext) => map(input as Parameters<Map>[0]),
      },
    ])
    const connection = {
      id: 'web',
      entity: 'main',
      parse: ({ body }: { body: Buffer }) => JSON.parse(body.toString()),
      streams: [
        { name: 'orders', document: 'order', mappings: Object.fromEntries(streams), identify: () => null },
      ],
    } as unknown as Connection
    return { connections: new Map([['web', connection]]), company: context }
  }
  const plain = mapper(({ order }) => order)
  const order = testOrder('1')
  const bytes = Buffer.from(JSON.stringify({ order }))
  const head = { id: 7, connection: 'web', stream: 'orders', shape: 'order', external_id: '1' }
  const raw = { ...head, origin: 'poll' as const, content_type: 'application/json', body: bytes }

  async function document(more: Partial<Extract<Became, { as: 'document' }>> = {}): Promise<Became> {
    const { number, version, hash, content, mapping } = await toDocument(plain, { ...raw })
    return { as: 'document', number, version, hash, content, mapping, own: true, ...more }
  }
  const record = async (more: Partial<StoredRecord> = {}): Promise<StoredRecord> => ({
    ...raw,
    bytes: 'kept',
    became: await document(),
    ...more,
  })
  const verdict = async (
    map: Map,
    more: Partial<StoredRecord> = {},
    inUse: Map | null = ({ order: o }) => o,
  ) =>
    (await judgeRecord({ changed: mapper(map), inUse: inUse && mapper(inUse) }, await record(more))).verdict
  const refusing: Map = () => {
    throw mappingError('MAPPING_REQUIRED', { file: 'f', line: 1, field: 'lines.0.sku', expression: 'sku' })
  }

  it('by what would be in the ledger', async () => {
    expect(await verdict(({ order: o }) => ({ ...o, extra: {} }))).toEqual({ as: 'same' })
    const change = { path: 'number', kind: 'changed', before: '#1', after: '1' }
    const renumbered: Map = ({ order: o }) => ({ ...o, number: '1' })
    expect(await verdict(renumbered)).toEqual({ as: 'differs', changes: [{ ...change, already: false }] })
    expect(await verdict(renumbered, {}, renumbered)).toEqual({
      as: 'differs',
      changes: [{ ...change, already: true }],
    })
    expect(await verdict(renumbered, {}, null)).toEqual({
      as: 'differs',
      changes: [{ ...change, already: null }],
    })
    expect(await verdict(refusing)).toEqual({
      as: 'parks',
      code: 'MAPPING_REQUIRED',
      field: 'lines[].sku',
      already: false,
    })
    expect(await verdict(({ order: o }) => ({ ...o, currency: 7 }))).toMatchObject({
      as: 'parks',
      code: 'RECORD_INVALID',
      field: 'currency',
    })
    expect(await verdict(({ order: o }) => ({ ...o, totals: { total: 1 } }))).toMatchObject({
      code: 'RECORD_SUMS',
    })
    expect(await verdict(({ order: o }) => ({ ...o, extra: { x: 'a\0' } }))).toMatchObject({
      code: 'RECORD_REFUSED',
    })
    expect(
      await verdict(() => {
        throw new TypeError('a bug')
      }),
    ).toMatchObject({ as: 'parks', code: 'RECORD_BUG' })
  })

  it('by what was parked', async () => {
    const parked = (code: string) => ({ became: { as: 'parked' as const, code, number: null } })
    const whole: Map = ({ order: o }) => o
    expect(await verdict(whole, parked('MAPPING_REQUIRED'))).toEqual({
      as: 'comes-through',
      was: 'MAPPING_REQUIRED',
    })
    expect(await verdict(refusing, parked('MAPPING_REQUIRED'))).toEqual({ as: 'still-parked' })
    expect(await verdict(refusing, parked('RECORD_SUMS'))).toMatchObject({
      as: 'parks-otherwise',
      was: 'RECORD_SUMS',
    })
    expect(await verdict(whole, parked('RECORD_KILLS'))).toEqual({ as: 'left', why: 'deadly' })
    expect(recordError('RECORD_KILLS', {}).code).toBe('RECORD_KILLS')
  })

  it('not at all without bytes, beside nothing, or when another shape brought a newer version', async () => {
    const whole: Map = ({ order: o }) => o
    for (const why of ['trimmed', 'damaged'] as const) {
      expect(await verdict(whole, { body: null, bytes: why })).toEqual({ as: 'left', why })
    }
    expect(await verdict(whole, { became: { as: 'nothing' } })).toEqual({ as: 'left', why: 'unmatched' })
    const newer = await document({ own: false, version: '2027-01-01T00:00:00.000Z', hash: 'x' })
    expect(await verdict(whole, { became: newer })).toEqual({ as: 'left', why: 'superseded' })
    expect(await verdict(refusing, { became: newer })).toEqual({ as: 'left', why: 'superseded' })
    const equal = await document({ own: false })
    expect(await verdict(({ order: o }) => ({ ...o, number: '1' }), { became: equal })).toMatchObject({
      as: 'differs',
    })
    expect(await verdict(refusing, { became: equal })).toMatchObject({ as: 'parks' })
  })
})

describe('a run', () => {
  const pages = (before: number | null) => {
    const top = before ?? 100
    const items = Array.from({ length: Math.min(25, top) }, (_, i) => top - 1 - i)
    const next = top - items.length
    return Promise.resolve({ items, looked: 30, waiting: 1, older: 4, next: next > 0 ? next : null })
  }

  it('goes through every page and counts', async () => {
    const seen: number[] = []
    const said: number[] = []
    const judge = async (n: number) => void seen.push(n)
    const progress = (at: { looked: number }) => {
      said.push(at.looked)
      return false
    }
    const end = await runDiff({ page: pages, judge, most: null, progress })
    expect(end).toEqual({ looked: 120, judged: 100, waiting: 4, older: 16, complete: true })
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i))
    expect(said).toEqual([...said].sort((a, b) => a - b))
  })

  it('ends after so many, or when it is asked to', async () => {
    let count = 0
    const judge = async () => void count++
    expect(await runDiff({ page: pages, judge, most: 30, progress: () => false })).toMatchObject({
      judged: 30,
      complete: true,
    })
    count = 0
    const stopped = await runDiff({ page: pages, judge, most: null, progress: () => count >= 20 })
    expect(stopped).toMatchObject({ complete: false })
    expect(stopped.judged).toBeLessThanOrEqual(25)
    count = 0
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 30))
    expect(await runDiff({ page: pages, judge: slow, most: null, progress: () => true })).toMatchObject({
      judged: 1,
    })
  })
})
