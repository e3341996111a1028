import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords, type InboxRow, trimInbox } from '../../src/ledger/inbox.ts'
import { type Desk, openDesk } from '../support/desk.ts'
import { inboxRow, LEDGERS, putOrders, RAW, testOrder } from '../support/ledgers.ts'

describe.each(LEDGERS)('operations on records over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  /** Untouched records alone; answers their ids as text. */
  async function arrived(...rows: InboxRow[]): Promise<string[]> {
    return (await appendRecords(at.db, rows)).map(String)
  }
  const listed = async (order: string, connection?: string) =>
    (await at.ops.recordList({ order, ...(connection ? { connection } : {}) })).items.map((r) => r.id)
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error) => error.code,
    )

  it('gives every byte back, of each record of one block', async () => {
    const bodies = [Buffer.from('{"a":1}'), RAW, Buffer.alloc(0), Buffer.alloc(700_000, 'x')]
    const ids = await arrived(...bodies.map((body, n) => inboxRow(testOrder(`b${n}`), body)))
    for (const [n, body] of bodies.entries()) {
      const { body: text, contentType } = await at.ops.recordBody({ id: ids[n]! })
      expect([Buffer.from(text, 'base64').equals(body), contentType]).toEqual([true, 'application/json'])
      const sha256 = createHash('sha256').update(body).digest('hex')
      expect(await at.ops.recordShow({ id: ids[n]! })).toMatchObject({
        externalId: `b${n}`,
        origin: 'webhook',
        state: 'new',
        bytes: 'kept',
        size: body.length,
        sha256,
      })
    }
  })

  it('lists the records of an order, newest first, page by page', async () => {
    const order = testOrder('l1')
    await putOrders(at.db, [order])
    for (let n = 2; n <= 5; n++) await arrived(inboxRow(order, Buffer.from(`{"version":${n}}`)))
    await arrived(inboxRow(testOrder('l1', { connection: 'other' })))
    const first = await at.ops.recordList({ order: 'web/l1', limit: 3 })
    const rest = await at.ops.recordList({ order: 'web/l1', limit: 3, after: first.next! })
    expect([first.items.length, rest.items.length, rest.next]).toEqual([3, 2, null])
    const ids = [...first.items, ...rest.items].map((r) => Number(r.id))
    expect(ids).toEqual([...ids].sort((a, b) => b - a))
    expect(Object.keys(first.items[0]!)).not.toContain('body')
  })

  it('finds an order by number, id, key and connection, and what became no document by its id', async () => {
    const order = testOrder('f1', { number: '#F-1' })
    await putOrders(at.db, [order])
    const mine = await listed('web/f1')
    expect(mine).toHaveLength(1)
    for (const term of ['#F-1', 'F-1', 'f1', ' f1 ']) expect(await listed(term)).toEqual(mine)
    expect(await listed('f1', 'web')).toEqual(mine)
    expect(await refusal(listed('f1', 'quiet'))).toBe('RUNTIME_UNKNOWN')
    const [unread] = await arrived(inboxRow(testOrder('f2', { connection: 'a' }), Buffer.from('{"broken"')))
    for (const term of ['f2', 'a/f2']) expect(await listed(term)).toEqual([unread])
    expect(await listed('f2', 'a')).toEqual([unread])
    const [twin] = await arrived(inboxRow(testOrder('f2', { connection: 'b' })))
    expect(await refusal(listed('f2'))).toBe('RUNTIME_AMBIGUOUS')
    expect(await listed('f2', 'b')).toEqual([twin])
    expect(await listed('b/f2')).toEqual([twin])
    expect(await refusal(listed('nobody'))).toBe('RUNTIME_UNKNOWN')
  })

  it('an id with a slash is found whole and under its connection', async () => {
    const [odd] = await arrived(inboxRow(testOrder('2026/03/7', { connection: 'files' })))
    for (const term of ['2026/03/7', 'files/2026/03/7']) expect(await listed(term)).toEqual([odd])
  })

  it("digits of somebody's phone do not show his records", async () => {
    const order = testOrder('ph1')
    await putOrders(at.db, [order], { phoneTail: '9876543' })
    expect(await at.ops.find({ term: '9876543' })).toMatchObject([{ by: 'phone' }])
    expect(await refusal(listed('9876543'))).toBe('RUNTIME_UNKNOWN')
  })

  it('says what is trimmed, damaged, or was never kept', async () => {
    const hint: InboxRow = { ...inboxRow(testOrder('h1')), shape: 'hint', hint: true, key: 'hint:orders:h1' }
    const [none] = await arrived(hint)
    const [damaged] = await arrived(inboxRow(testOrder('x1')))
    const [lost] = await arrived(inboxRow(testOrder('x2')))
    const [short] = await arrived(inboxRow(testOrder('x3')))
    const block = (id?: string) => `(select block from inbox where id = ${id})`
    await at.db.query(`update inbox_block set body = '\\x00' where id = ${block(damaged)}`)
    await at.db.query(`delete from inbox_block where id = ${block(lost)}`)
    await at.db.query(`update inbox set start = start + 1 where id = ${short}`)
    for (const id of [damaged, lost, short]) {
      expect(await at.ops.recordShow({ id: id! })).toMatchObject({ bytes: 'damaged', sha256: null })
      expect(await refusal(at.ops.recordBody({ id: id! }))).toBe('RECORD_DAMAGED')
    }
    expect((await at.ops.recordList({ order: 'x2' })).items[0]!.bytes).toBe('damaged')
    expect(await at.ops.recordShow({ id: none! })).toMatchObject({ bytes: 'none', size: null })
    expect(await refusal(at.ops.recordBody({ id: none! }))).toBe('RUNTIME_BYTES_NONE')
    for (const id of ['999999999', 'x', '-1', '1e3', '9'.repeat(30)]) {
      expect(await refusal(at.ops.recordBody({ id }))).toBe('RUNTIME_UNKNOWN')
    }
  })

  it('trimming leaves the record and says so', async () => {
    const [old] = await arrived(inboxRow(testOrder('t1'), Buffer.from('{"old":true}')))
    await at.db.query(
      `update inbox set state = 'done', done_at = now() - interval '100 days' where id = ${old}`,
    )
    await at.db.query(
      `update inbox_block set received_at = now() - interval '100 days'
        where id = (select block from inbox where id = ${old})`,
    )
    expect(await trimInbox(at.db, 90)).toBe(1)
    const gone = { id: old, bytes: 'trimmed', size: 12, state: 'done' }
    expect((await at.ops.recordList({ order: 't1' })).items).toMatchObject([gone])
    expect(await at.ops.recordShow({ id: old! })).toMatchObject({ ...gone, sha256: null })
    expect(await refusal(at.ops.recordBody({ id: old! }))).toBe('RUNTIME_BYTES_TRIMMED')
  })

  it('a webhook that says no id is found under the one that was read from it, also when it is parked', async () => {
    const [record] = await arrived({ ...inboxRow(testOrder('w1')), externalId: null })
    const parked = {
      what: 'record' as const,
      ref: Number(record),
      connection: 'web',
      orderId: 'w1',
      orderNumber: null,
      code: 'RECORD_NO_SKU',
      detail: {},
    }
    await at.db.transaction((tx) =>
      writeDocuments(tx, { documents: [], parked: [parked], done: [], journal: [] }),
    )
    expect(await listed('web/w1')).toEqual([record])
    expect(await listed('w1')).toEqual([record])
  })

  it('what is parked names the record it was made from', async () => {
    const [record] = await arrived(inboxRow(testOrder('p1')))
    const [document] = await putOrders(at.db, [testOrder('p2')])
    const [version] = await listed('web/p2')
    const refused = await at.rejected()
    await at.db.query(
      `insert into parked (what, ref, connection, order_id, code, detail) values
         ('record', ${record}, 'web', 'p1', 'RECORD_NO_SKU', '{}'),
         ('document', ${document}, 'web', 'p2', 'RECORD_REFUND', '{}')`,
    )
    const { items } = await at.ops.parkedList({})
    const of = (id: string) => items.find((p) => p.externalId === id)?.record
    expect([of('p1'), of('p2'), of(refused.order.externalId)]).toEqual([record, version, null])
  })
})
