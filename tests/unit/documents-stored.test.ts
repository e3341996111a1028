/** Kinds of documents that nothing plans yet, through the pipe: kept, told once, never parked, seen by people. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, ReadStream } from '../../src/core/ports.ts'
import { DOCUMENT_KINDS, type DocumentKind } from '../../src/core/states.ts'
import { appendRecords, recordKey } from '../../src/ledger/inbox.ts'
import { normalizeLane } from '../../src/pipeline/normalize.ts'
import type { Pipe } from '../../src/pipeline/pipe.ts'
import { planLane } from '../../src/pipeline/plan.ts'
import type { Operations } from '../../src/runtime/operations.ts'
import { ledgerOperations } from '../../src/runtime/operations-ledger.ts'
import { LEDGERS, type TestLedger, testOrder } from '../support/ledgers.ts'

const AT = '2026-03-01T08:00:00.000Z'
const BODIES: Partial<Record<DocumentKind, object>> = {
  return: {
    kind: 'return',
    order: '7',
    state: 'requested',
    requestedAt: AT,
    currency: 'CNY',
    lines: [{ line: '7-1', quantity: '1', amount: 1000 }],
    total: 1200,
  },
  refund: {
    order: '7',
    state: 'settled',
    currency: 'CNY',
    amount: 1200,
    components: [{ kind: 'goods', amount: 1200 }],
  },
  cancellation: { order: '7', state: 'requested', at: AT },
  stock: { site: 'WH1', sku: 'TEA', onHand: '12.5', asOf: AT },
  product: { sku: 'TEA', name: 'Tea', barcodes: ['4006381333931'] },
  receipt: { order: '7', currency: 'CNY', amount: 1200, at: AT },
}
const STORED = DOCUMENT_KINDS.filter((k) => k in BODIES)

const stream = (document: DocumentKind): ReadStream =>
  ({
    name: `${document}s`,
    document,
    mappings: {
      [document]: {
        id: document,
        version: 'v1',
        map: async (input: unknown) => input,
      },
    },
    identify: (input: unknown) => (input as { externalId?: string }).externalId ?? null,
    peek: () => null,
  }) as unknown as ReadStream

const web = {
  id: 'web',
  entity: 'main',
  streams: DOCUMENT_KINDS.map(stream),
  writes: [],
  parse: ({ body }: { body: Buffer }) => JSON.parse(body.toString()),
} as unknown as Connection

describe.each(LEDGERS)('documents without a planner on $name', (kind) => {
  let ledger: TestLedger
  let pipe: Pipe
  let ops: Operations
  beforeAll(async () => {
    if (kind.missing) return
    ledger = await kind.open()
    const connections = new Map([['web', web]])
    const queue = { wake: async () => undefined, ready: async () => undefined } as unknown as Pipe['queue']
    pipe = {
      db: ledger.db,
      queue,
      connections,
      flows: [],
      company: { zone: 'Asia/Shanghai', currency: 'CNY' },
      configuration: { id: null, isActive: async () => true, catchUp: async () => true },
      installation: 'test',
      log: () => undefined,
    } as unknown as Pipe
    const config = { storage: { data: ledger.folder, database: null, redis: null } }
    ops = ledgerOperations({ db: ledger.db, queue, connections }, { startedAt: new Date(), config })
  }, 60_000)
  afterAll(() => ledger?.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  async function arrive(
    document: DocumentKind,
    body: { externalId: string; [field: string]: unknown },
  ): Promise<number> {
    const bytes = Buffer.from(JSON.stringify(body))
    const [id] = await appendRecords(ledger.db, [
      {
        connection: 'web',
        stream: `${document}s`,
        shape: document,
        externalId: body.externalId,
        origin: 'poll',
        contentType: 'application/json',
        body: bytes,
        hint: false,
        ...recordKey(`${document}s`, document, body.externalId, bytes),
      },
    ])
    return id!
  }
  async function run(): Promise<void> {
    await normalizeLane(pipe, { asked: false })
    await planLane(pipe, { asked: false })
  }
  const events = async (ref: string) =>
    (await ops.documentShow({ ref })).journal.filter((e) => e.event !== 'mapped').map((e) => e.event)

  it.each(STORED)('%s is kept as done, and its journal says so once', async (document) => {
    const body = { externalId: `${document}-1`, version: '1', ...BODIES[document] }
    const record = await arrive(document, body)
    await run()
    const ref = `web/${document}/${document}-1`
    expect(await ops.documentShow({ ref, content: true })).toMatchObject({
      key: ref,
      kind: document,
      state: 'done',
      versions: 1,
      record: String(record),
      pushes: [],
      parked: [],
      content: { ...BODIES[document], connection: 'web', entity: 'main' },
    })
    expect(await events(ref)).toEqual(['stored'])
    // the content is asked for apart
    expect(await ops.documentShow({ ref })).not.toHaveProperty('content')
    await arrive(document, { ...body, version: '2' })
    await run()
    await arrive(document, { ...body, version: '3' })
    await run()
    expect(await ops.documentShow({ ref })).toMatchObject({ state: 'done', versions: 3 })
    expect(await events(ref)).toEqual(['stored'])
    // a repeat changes nothing
    await arrive(document, { ...body, version: '3', extra: undefined })
    await run()
    expect(await ops.documentShow({ ref })).toMatchObject({ versions: 3 })
    expect((await ops.parkedList({})).items).toEqual([])
    const { items } = await ops.recordList({ order: `${document}-1` })
    expect(items.map((r) => [r.stream, r.state])).toEqual(items.map(() => [`${document}s`, 'done']))
    expect(items.length).toBeGreaterThanOrEqual(3)
  })

  it('two versions in one batch are told once, the newest wins', async () => {
    const body = { externalId: 'pair', ...BODIES.stock }
    await arrive('stock', { ...body, version: '2', onHand: '2' })
    await arrive('stock', { ...body, version: '1', onHand: '1' })
    await run()
    const found = await ops.documentShow({ ref: 'web/stock/pair', content: true })
    expect(found).toMatchObject({ versions: 1, content: { onHand: '2' } })
    expect(await events('web/stock/pair')).toEqual(['stored'])
  })

  it('money that the source does not explain is an adjustment from here on', async () => {
    await arrive('return', { externalId: 'sum', version: '1', ...BODIES.return })
    await run()
    expect(await ops.documentShow({ ref: 'web/return/sum', content: true })).toMatchObject({
      content: { total: 1200, adjustment: 200 },
    })
  })

  it('a bad one is parked alone, and comes through when it is right', async () => {
    await arrive('refund', { externalId: 'bad', version: '1', ...BODIES.refund, amount: 12.5 })
    await arrive('refund', { externalId: 'good', version: '1', ...BODIES.refund })
    await run()
    const [parked] = (await ops.parkedList({})).items
    expect(parked).toMatchObject({
      code: 'RECORD_INVALID',
      externalId: 'bad',
      order: null,
      stream: 'refunds',
    })
    expect(await ops.documentShow({ ref: 'web/refund/good' })).toMatchObject({ state: 'done' })
    await arrive('refund', { externalId: 'bad', version: '2', ...BODIES.refund })
    await run()
    expect((await ops.parkedList({})).items).toEqual([])
    expect(await ops.documentShow({ ref: 'web/refund/bad' })).toMatchObject({ state: 'done' })
  })

  it('an order and a refund of one id are two things: neither settles nor tells the other', async () => {
    const { connection: _, entity: __, ...order } = testOrder('700')
    const parkedIds = async () =>
      (await ops.parkedList({})).items.map((p) => [p.stream, p.externalId, p.code])
    await arrive('order', { ...order, currency: 'QQQ' })
    await run()
    await arrive('refund', { externalId: '700', version: '1', ...BODIES.refund, order: 'x' })
    await run()
    // the refund came through, the order's record still waits for a person
    expect(await parkedIds()).toEqual([['orders', '700', 'RECORD_CURRENCY']])
    await arrive('refund', { externalId: '700', version: '9', ...BODIES.refund, amount: 0.5 })
    await run()
    expect((await parkedIds()).map(([stream]) => stream).sort()).toEqual(['orders', 'refunds'])
    await arrive('order', { ...order, version: '2026-03-01T09:00:00.000Z' })
    await run()
    expect((await parkedIds()).map(([stream]) => stream)).toEqual(['refunds'])
    const shown = await ops.orderShow({ ref: 'web/700' })
    expect(shown.parked).toEqual([])
    expect(shown.journal.filter((e) => e.event === 'mapped')).toHaveLength(1)
    expect(new Set(shown.journal.flatMap((e) => e.detail.stream ?? []))).toEqual(new Set(['orders']))
    const [waiting] = (await ops.parkedList({})).items
    await ops.parkedDiscard({ select: { ids: [waiting!.id] }, by: 'ann' })
    expect((await ops.orderShow({ ref: 'web/700' })).journal.map((e) => e.event)).not.toContain('discarded')
    expect(await events('web/refund/700')).toEqual(['stored', 'parked', 'discarded'])
  })

  it('lists by kind, by connection and by what they belong to, page by page', async () => {
    const { connection: _, entity: __, ...order } = testOrder('800')
    await arrive('order', order)
    for (const n of ['a', 'b', 'c']) {
      await arrive('return', { externalId: `800-${n}`, version: '1', ...BODIES.return, order: '800' })
    }
    await run()
    const keys = async (filter: Parameters<Operations['documentList']>[0]) =>
      (await ops.documentList(filter)).items.map((d) => d.key)
    expect(await keys({ about: 'web/800', kind: 'return' })).toEqual([
      'web/return/800-c',
      'web/return/800-b',
      'web/return/800-a',
    ])
    expect(await keys({ about: '800' })).toContain('web/order/800')
    expect(await keys({ about: '4006381333931' })).toEqual(['web/product/product-1'])
    expect(await keys({ kind: 'product', connection: 'web' })).toEqual(['web/product/product-1'])
    expect(await keys({ kind: 'product', connection: 'other' })).toEqual([])
    const first = await ops.documentList({ about: '800', limit: 2 })
    const rest = await ops.documentList({ about: '800', limit: 2, after: first.next! })
    expect([first.items.length, rest.items.length, rest.next]).toEqual([2, 2, null])
    const all = await ops.documentList({ limit: 3 })
    const second = await ops.documentList({ limit: 3, after: all.next! })
    expect(new Set([...all.items, ...second.items].map((d) => d.key)).size).toBe(6)
  })

  it.each([
    ['web/return/none', 'RUNTIME_UNKNOWN'],
    ['web/parcel/1', 'RUNTIME_REQUEST'],
    ['web', 'RUNTIME_REQUEST'],
    ['', 'RUNTIME_REQUEST'],
  ])('%j is no document: %s', async (ref, code) => {
    await expect(ops.documentShow({ ref })).rejects.toThrow(expect.objectContaining({ code }))
  })
})
