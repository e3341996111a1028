import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeDocuments } from '../../src/ledger/document.ts'
import { GroupCommit } from '../../src/ledger/group-commit.ts'
import { appendRecords, claimRecords, deliveryKey, type InboxRow } from '../../src/ledger/inbox.ts'
import { inboxRow, LEDGERS, newDocument, RAW, type TestLedger, testOrder } from '../support/ledgers.ts'

describe.each(LEDGERS)('the inbox on $name', (kind) => {
  if (kind.missing) {
    it.skip(kind.missing, () => undefined)
    return
  }
  let ledger: TestLedger
  beforeAll(async () => {
    ledger = await kind.open()
  }, 60_000)
  afterAll(() => ledger?.close())

  const row = (id: string, body: string) => inboxRow(testOrder(id), Buffer.from(body))
  const delivery = (id: string | null, body: string): InboxRow => ({
    ...row('delivered', body),
    ...deliveryKey(id, 'orders', Buffer.from(body)),
  })
  const done = () => ledger.db.query(`update inbox set state = 'done' where state = 'new'`)

  it('keeps bytes as they came, and their order', async () => {
    const bodies = [RAW, Buffer.alloc(0), Buffer.from('end')]
    const ids = await appendRecords(
      ledger.db,
      bodies.map((b, i) => inboxRow(testOrder(`b${i}`), b)),
    )
    const { rows } = await ledger.db.query<{ id: number; body: Buffer }>(
      'select id, body from inbox where id = any($1::bigint[])',
      [ids],
    )
    expect(ids.map((id) => rows.find((r) => r.id === id)!.body)).toEqual(bodies)
    await done()
  })

  it('takes a polled record again only when its bytes differ from the last ones: A → B → A', async () => {
    const { db } = ledger
    const taken = async (body: string) => (await appendRecords(db, [row('aba', body)]))[0] !== null
    expect([
      await taken('A'),
      await taken('A'),
      await taken('B'),
      await taken('B'),
      await taken('A'),
    ]).toEqual([true, false, true, false, true])
    await done()
  })

  it('takes a delivery with an id once', async () => {
    const { db } = ledger
    expect(await appendRecords(db, [delivery('d1', 'x')])).toEqual([expect.any(Number)])
    await done()
    expect(await appendRecords(db, [delivery('d1', 'x')])).toEqual([null])
    expect(await appendRecords(db, [delivery('d2', 'x')])).toEqual([expect.any(Number)])
    await done()
  })

  it('takes a delivery without an id again once the first is worked off', async () => {
    const { db } = ledger
    expect(await appendRecords(db, [delivery(null, 'y')])).toEqual([expect.any(Number)])
    expect(await appendRecords(db, [delivery(null, 'y')])).toEqual([null])
    await done()
    expect(await appendRecords(db, [delivery(null, 'y')])).toEqual([expect.any(Number)])
    await done()
  })

  it('takes the last of equal keys in one batch', async () => {
    const ids = await appendRecords(ledger.db, [delivery('twice', '1'), delivery('twice', '2')])
    expect(ids).toEqual([null, expect.any(Number)])
    await done()
  })

  it('commits together what arrives together; a poisonous row fails alone', async () => {
    let statements = 0
    const commit = new GroupCommit<InboxRow, number | null>(
      (rows) => {
        statements++
        return appendRecords(ledger.db, rows)
      },
      { most: 500, waiting: 100 },
    )
    const rows = Array.from({ length: 40 }, (_, i) => row(`g${i}`, `g${i}`))
    rows[17] = { ...rows[17]!, contentType: 'text/\u0000' }
    const results = await Promise.allSettled(rows.map((r) => commit.add(r)))
    expect(results.flatMap((r, i) => (r.status === 'rejected' ? [i] : []))).toEqual([17])
    expect(statements).toBeLessThan(16)
    const { rows: kept } = await ledger.db.query<{ n: number }>(
      `select count(*) as n from inbox where external_id like 'g%'`,
    )
    expect(kept[0]!.n).toBe(39)
    await done()
  })

  it('refuses more than may wait, and takes what fits', async () => {
    let open!: () => void
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const commit = new GroupCommit<number, number>((items) => gate.then(() => items), { most: 1, waiting: 3 })
    const results = [0, 1, 2, 3, 4, 5].map((n) => commit.add(n).catch((e: { code: string }) => e.code))
    open()
    const settled = await Promise.all(results)
    expect(settled.slice(0, 3)).toEqual([0, 1, 2])
    expect(settled.at(-1)).toBe('LEDGER_BUSY')
  })

  it('leases a batch once, and after a crash one record at a time', async () => {
    const { db } = ledger
    await appendRecords(
      db,
      ['c1', 'c2', 'c3'].map((id) => row(id, id)),
    )
    expect(await claimRecords(db, 10)).toHaveLength(3)
    expect(await claimRecords(db, 10)).toEqual([])
    await db.query(`update inbox set claimed_until = now() - interval '1 s' where state = 'new'`)
    const again = [await claimRecords(db, 10), await claimRecords(db, 10)]
    expect(again.map((batch) => batch.map((r) => [r.external_id, r.attempts]))).toEqual([
      [['c1', 2]],
      [['c2', 2]],
    ])
    await done()
  })
})

describe.each(LEDGERS)('documents on $name', (kind) => {
  if (kind.missing) {
    it.skip(kind.missing, () => undefined)
    return
  }
  let ledger: TestLedger
  beforeAll(async () => {
    ledger = await kind.open()
  }, 60_000)
  afterAll(() => ledger?.close())

  let copies = 0
  /** Writes one copy of a document and says what became of it. */
  async function put(id: string, version: string, hash: string, authoritative = false) {
    const order = testOrder(id, { version })
    const [inbox] = await appendRecords(ledger.db, [inboxRow(order, Buffer.from(`${id} ${copies++}`))])
    const document = newDocument(order, inbox!, { hash, authoritative })
    const outcomes = await ledger.db.transaction((tx) =>
      writeDocuments(tx, { documents: [document], parked: [], done: [], journal: [] }),
    )
    return outcomes[0]
  }

  async function now(id: string) {
    const { rows } = await ledger.db.query(
      `select d.version, d.hash, d.seq, count(v.*) as versions from document d join document_version v on v.document_id = d.id
        where d.external_id = $1 group by d.id`,
      [id],
    )
    return rows[0]
  }

  const [v1, v2, v3] = [
    '2026-01-01T00:00:00.000Z',
    '2026-01-02T00:00:00.000Z',
    '2026-01-03T00:00:00.000Z',
  ] as const

  it('move forward only', async () => {
    expect(await put('o', v2, 'b')).toBe('written')
    expect(await put('o', v2, 'b')).toBe('unchanged')
    expect(await put('o', v1, 'a')).toBe('stale')
    expect(await put('o', v3, 'c')).toBe('written')
    expect(await now('o')).toEqual({ version: v3, hash: 'c', seq: 2, versions: 2 })
  })

  it('of one version and two contents are in conflict until one is read by id', async () => {
    expect(await put('p', v1, 'a')).toBe('written')
    expect(await put('p', v1, 'b')).toBe('conflicting')
    expect(await now('p')).toMatchObject({ hash: 'a', seq: 1 })
    expect(await put('p', v1, 'b', true)).toBe('written')
    expect(await put('p', v1, 'b', true)).toBe('unchanged')
    expect(await now('p')).toMatchObject({ hash: 'b', seq: 2 })
  })

  it('end with their inbox rows in one commit', async () => {
    await put('q', v1, 'a')
    const { rows } = await ledger.db.query<{ state: string }>(
      `select distinct state from inbox where external_id = 'q'`,
    )
    expect(rows).toEqual([{ state: 'done' }])
  })

  it('are written by two at once in opposite order without harm', async () => {
    const batch = async (ids: string[], version: string) => {
      const orders = ids.map((id) => testOrder(id, { version }))
      const inbox = await appendRecords(
        ledger.db,
        orders.map((o) => inboxRow(o, Buffer.from(`${o.externalId} ${copies++}`))),
      )
      return orders.map((o, i) => newDocument(o, inbox[i]!, { hash: version }))
    }
    const ids = Array.from({ length: 50 }, (_, i) => `x${i}`)
    for (const version of [v1, v2, v3]) {
      const there = await batch(ids, version)
      const back = await batch([...ids].reverse(), version)
      const write = (documents: typeof there) =>
        ledger.db.transaction((tx) => writeDocuments(tx, { documents, parked: [], done: [], journal: [] }))
      const outcomes = (await Promise.all([write(there), write(back)])).flat()
      expect(outcomes.filter((o) => o === 'written')).toHaveLength(50)
    }
  })
})
