/** Set-at-a-time SQL, leases and keys, on both kinds of ledger: what was found by trying, held by tests. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../src/connector/client.ts'
import type { Database } from '../../src/ledger/database.ts'
import { claimDocuments, writeDocuments } from '../../src/ledger/document.ts'
import { bisect, GroupCommit } from '../../src/ledger/group-commit.ts'
import { appendRecords, claimRecords, deliveryKey, type InboxRow, recordKey } from '../../src/ledger/inbox.ts'
import { duePushes, insertPushes, lapseLeases, leaseForFind, leaseForWrite } from '../../src/ledger/push.ts'
import { settler } from '../../src/ledger/settle.ts'
import { finishTick, winTick } from '../../src/ledger/stream.ts'
import {
  drive,
  LEDGERS,
  newDocument,
  newPush,
  putOrders,
  putPushes,
  type TestLedger,
  testOrder,
} from '../support/ledgers.ts'

let serial = 0
const fresh = (prefix: string) => `${prefix}${++serial}`

function row(key: string, body = key, more: Partial<InboxRow> = {}): InboxRow {
  return {
    connection: 'rules',
    stream: 'orders',
    shape: 'order',
    externalId: key,
    origin: 'webhook',
    contentType: 'application/json',
    body: Buffer.from(body),
    hint: false,
    ...deliveryKey(key, 'orders', Buffer.from(body)),
    ...more,
  }
}

describe.each(LEDGERS)('$name', ({ open, missing }) => {
  let ledger: TestLedger
  let db: Database
  beforeAll(async () => {
    if (missing) return
    ledger = await open()
    db = ledger.db
  }, 60_000)
  afterAll(() => ledger?.close())

  const finish = async (externalId: string) => {
    await db.query(`update inbox set state = 'done' where external_id = $1`, [externalId])
  }

  describe.skipIf(missing)('keys of the inbox', () => {
    it('a delivery with an id is taken once, whatever its body', async () => {
      const id = fresh('delivery')
      expect((await appendRecords(db, [row(id, 'A')]))[0]).toBeGreaterThan(0)
      await finish(id)
      expect(await appendRecords(db, [row(id, 'A')])).toEqual([null])
      expect(await appendRecords(db, [row(id, 'B')])).toEqual([null])
    })

    it('a delivery without an id is known by its body, but only while the earlier one waits', async () => {
      const id = fresh('body')
      const of = (body: string) => row(id, body, deliveryKey(null, 'orders', Buffer.from(`${id}${body}`)))
      const taken = async (body: string) => (await appendRecords(db, [of(body)]))[0] !== null
      expect(await taken('A')).toBe(true)
      expect(await taken('A')).toBe(false)
      await finish(id)
      expect(await taken('B')).toBe(true)
      await finish(id)
      // a real change A → B → A is not a repeat
      expect(await taken('A')).toBe(true)
    })

    it('a polled record is taken again when its bytes differ from the last ones: A → A → B → A', async () => {
      const id = fresh('polled')
      const of = (body: string) =>
        row(id, body, { origin: 'poll', ...recordKey('orders', 'order', id, Buffer.from(body)) })
      const taken = []
      for (const body of ['A', 'A', 'B', 'A']) taken.push((await appendRecords(db, [of(body)]))[0] !== null)
      expect(taken).toEqual([true, false, true, true])
    })

    it('the same key twice in one batch is one record, the later one', async () => {
      const id = fresh('twice')
      const ids = await appendRecords(db, [row(id, 'first'), row(id, 'second')])
      expect(ids[0]).toBeNull()
      const claimed = (await claimRecords(db, 1000)).filter((r) => r.external_id === id)
      expect(claimed.map((r) => r.body?.toString())).toEqual(['second'])
    })

    it('bodies are kept to the byte, also those that are no text', async () => {
      const id = fresh('bytes')
      const bytes = Buffer.from([0, 1, 255, 0x81, 0x30, 13, 10])
      await appendRecords(db, [row(fresh('pad'), 'x'), row(id, '', { body: bytes }), row(fresh('pad'), 'y')])
      const claimed = (await claimRecords(db, 1000)).find((r) => r.external_id === id)
      expect(claimed!.body!.equals(bytes)).toBe(true)
    })
  })

  describe.skipIf(missing)('group commit', () => {
    it('fails the poisonous row alone: its neighbours are committed', async () => {
      const names = Array.from({ length: 40 }, () => fresh('group'))
      const poison = 17
      const commit = new GroupCommit<InboxRow, number | null>((rows) => appendRecords(db, rows), {
        most: 100,
        waiting: 1000,
      })
      const results = await Promise.allSettled(
        names.map((n, i) => commit.add(row(n, n, i === poison ? { shape: 'a\u0000b' } : {}))),
      )
      expect(results.flatMap((r, i) => (r.status === 'rejected' ? [i] : []))).toEqual([poison])
      const reason = (results[poison] as PromiseRejectedResult).reason as { code: string }
      expect(['22021', '22P05']).toContain(reason.code)
      const { rows } = await db.query('select count(*) as n from inbox where external_id = any($1::text[])', [
        names,
      ])
      expect(rows).toEqual([{ n: 39 }])
    })

    it('writes many concurrent rows in few statements and refuses with LEDGER_BUSY beyond its limit', async () => {
      let statements = 0
      const commit = new GroupCommit<InboxRow, number | null>(
        (rows) => {
          statements += 1
          return appendRecords(db, rows)
        },
        { most: 50, waiting: 60 },
      )
      const results = await Promise.allSettled(
        Array.from({ length: 100 }, () => commit.add(row(fresh('busy')))),
      )
      const refused = results.filter((r) => r.status === 'rejected')
      expect(refused).toHaveLength(40)
      expect(refused[0]!.reason).toMatchObject({ code: 'LEDGER_BUSY', kind: 'transient' })
      expect(statements).toBe(2)
      // it takes rows again once it has caught up
      expect(await commit.add(row(fresh('busy')))).toBeGreaterThan(0)
    })
  })

  describe.skipIf(missing)('documents', () => {
    const write = (documents: Parameters<typeof newDocument>[], more: object[] = []) =>
      db.transaction((tx) =>
        writeDocuments(tx, {
          documents: documents.map((d, i) => ({ ...newDocument(...d), ...more[i] })),
          parked: [],
          done: [],
          journal: [],
        }),
      )
    const record = async (id: string, version: string) =>
      (await appendRecords(db, [row(`${id}-${version}-${fresh('r')}`)]))[0]!

    it('a NUL fails the batch with a data error, and halving finds the one row', async () => {
      const orders = Array.from({ length: 9 }, () => testOrder(fresh('nul')))
      const bad = orders[4]!
      const documents = await Promise.all(
        orders.map(async (o) =>
          newDocument(o === bad ? { ...o, number: '#\u0000' } : o, await record(o.externalId, '1')),
        ),
      )
      const failed: [string, unknown][] = []
      await bisect(
        documents,
        async (part) => {
          await db.transaction((tx) =>
            writeDocuments(tx, { documents: part, parked: [], done: [], journal: [] }),
          )
        },
        (d, error) => failed.push([d.externalId, (error as { code?: string }).code]),
      )
      expect(failed).toEqual([[bad.externalId, expect.stringMatching(/^(22021|22P05)$/)]])
      const { rows } = await db.query(
        'select count(*) as n from document where external_id = any($1::text[])',
        [orders.map((o) => o.externalId)],
      )
      expect(rows).toEqual([{ n: 8 }])
    })

    it('a staler copy never wins; equal version with other content waits for an authoritative one', async () => {
      const id = fresh('version')
      const at = (version: string, hash: string, more: object = {}) =>
        [testOrder(id), { version, hash, ...more }] as const
      const outcome = async ([order, more]: ReturnType<typeof at>) =>
        (await write([[order, await record(id, more.version)]], [more]))[0]
      expect(await outcome(at('2026-03-01T08:00:02.000Z', 'b'))).toBe('written')
      expect(await outcome(at('2026-03-01T08:00:01.000Z', 'a'))).toBe('stale')
      expect(await outcome(at('2026-03-01T08:00:02.000Z', 'b'))).toBe('unchanged')
      expect(await outcome(at('2026-03-01T08:00:02.000Z', 'c'))).toBe('conflicting')
      expect(await outcome(at('2026-03-01T08:00:02.000Z', 'c', { authoritative: true }))).toBe('written')
      expect(await outcome(at('2026-03-01T08:00:10.000Z', 'd'))).toBe('written')
      const { rows } = await db.query<{ seq: number; hash: string }>(
        'select seq, hash from document where external_id = $1',
        [id],
      )
      expect(rows).toEqual([{ seq: 3, hash: 'd' }])
    })

    it('bulk upserts of the same rows in opposite order both come through', async () => {
      const orders = Array.from({ length: 60 }, () => testOrder(fresh('order')))
      const wave = async (version: string, list: typeof orders) => {
        const ids = await appendRecords(
          db,
          list.map((o) => row(`${o.externalId}-${version}`)),
        )
        const documents = list.map((o, i) => ({ ...newDocument(o, ids[i]!), version, hash: version }))
        await db.transaction((tx) => writeDocuments(tx, { documents, parked: [], done: [], journal: [] }))
      }
      for (let n = 0; n < 5; n++) {
        await Promise.all([
          wave(`2026-03-01T08:00:0${n}.001Z`, orders),
          wave(`2026-03-01T08:00:0${n}.002Z`, [...orders].reverse()),
        ])
      }
      const { rows } = await db.query<{ n: number; hash: string }>(
        'select count(*) as n, max(hash) as hash from document where external_id = any($1::text[])',
        [orders.map((o) => o.externalId)],
      )
      expect(rows).toEqual([{ n: 60, hash: '2026-03-01T08:00:04.002Z' }])
    })

    it('two planners never hold the same document', async () => {
      await putOrders(
        db,
        Array.from({ length: 30 }, () => testOrder(fresh('claim'))),
      )
      const claimed = (await Promise.all([1, 2, 3, 4].map(() => claimDocuments(db, 10))))
        .flat()
        .map((d) => d.id)
      expect(new Set(claimed).size).toBe(claimed.length)
    })
  })

  it.skipIf(missing)('a remote call inside a transaction throws before it is made', async () => {
    let calls = 0
    const client = createClient({
      base: 'http://127.0.0.1:9',
      headers: {},
      timeout: 1_000,
      limit: 1_000,
      onCall: () => {
        calls += 1
      },
    })
    const request = { method: 'GET', path: '/', signal: AbortSignal.timeout(1_000) }
    try {
      await expect(db.transaction(() => client.call(request))).rejects.toThrow(
        /inside a database transaction/,
      )
      expect(calls).toBe(0)
      // outside it is made
      await expect(client.call(request)).rejects.toMatchObject({ name: 'HttpFailure' })
      expect(calls).toBe(1)
    } finally {
      client.close()
    }
  })

  it.skipIf(missing)('a dead-lock is run again until it comes through', async () => {
    await db.query('create table if not exists crossed (id int primary key, n int not null)')
    await db.query('insert into crossed values (1, 0), (2, 0) on conflict do nothing')
    const cross = (ids: number[]) =>
      db.transaction(async (tx) => {
        for (const id of ids) {
          await tx.query('update crossed set n = n + 1 where id = $1', [id])
          await tx.query('select pg_sleep(0.05)')
        }
      })
    await Promise.all([cross([1, 2]), cross([2, 1])])
    expect((await db.query('select n from crossed order by id')).rows).toEqual([{ n: 2 }, { n: 2 }])
  })

  describe.skipIf(missing)('leases', () => {
    const planned = async () => {
      const order = testOrder(fresh('push'))
      const [document] = await putOrders(db, [order])
      const [push] = await putPushes(db, [order], [document!])
      return { order, document: document!, push: push! }
    }
    const stateOf = async (id: number) =>
      (
        await db.query<{ state: string; attempt: number; fence: number }>(
          'select state, attempt, fence from push where id = $1',
          [id],
        )
      ).rows[0]!

    it('records are claimed once; after a crash one by one', async () => {
      await db.query(`update inbox set state = 'done'`)
      const names = Array.from({ length: 4 }, () => fresh('lease'))
      await appendRecords(
        db,
        names.map((n) => row(n)),
      )
      expect(await claimRecords(db, 10)).toHaveLength(4)
      expect(await claimRecords(db, 10)).toHaveLength(0)
      await db.query(`update inbox set claimed_until = now() - interval '1 s' where state = 'new'`)
      const [again, ...none] = await claimRecords(db, 10)
      expect(none).toEqual([])
      expect(again).toMatchObject({ external_id: names[0], attempts: 2 })
    })

    it('only the holder of the newest lease settles a push', async () => {
      const { push } = await planned()
      const fence = await drive(db, push, 'sending')
      await lapseLeases(db, 'nc', 'order', 0)
      expect(await stateOf(push)).toMatchObject({ state: 'unknown' })
      const next = await leaseForFind(db, push, fence, 30)
      expect(next).toBe(fence + 1)
      const settlement = {
        id: push,
        state: 'confirmed' as const,
        uncertain: false,
        rewritten: false,
        dueIn: 0,
        remoteId: null,
        remoteNumber: null,
        code: null,
        message: null,
        event: 'confirmed',
        data: {},
      }
      // the sender of the lapsed lease wakes up late: nobody listens to it
      expect(await settler(db).add({ ...settlement, fence })).toMatchObject({ held: false })
      expect((await stateOf(push)).state).toBe('unknown')
      expect(await settler(db).add({ ...settlement, fence: next! })).toMatchObject({ held: true })
      expect((await stateOf(push)).state).toBe('confirmed')
    })

    it('two leases of one push: one winner', async () => {
      const { push } = await planned()
      const fences = await Promise.allSettled([
        drive(db, push, 'sending', {}, 30),
        drive(db, push, 'sending', {}, 30),
      ])
      const won = fences.flatMap((f) => (f.status === 'fulfilled' && f.value !== undefined ? [f.value] : []))
      expect(won).toHaveLength(1)
      expect((await stateOf(push)).attempt).toBe(1)
    })

    it('one subject is never on its way twice: push_in_flight refuses the second, and a sibling waits', async () => {
      const { order, document, push } = await planned()
      const second = newPush(order, document, { revision: 2 })
      const [other] = [...(await insertPushes(db, [second])).values()]
      await drive(db, push, 'sending', {}, 60)
      const lease = (id: number) => ({
        ...{ id, fence: 0, uncertain: false, rewritten: false, body: Buffer.from('x') },
        ...{ contentType: 'text/xml', mapping: 'm', check: {} },
      })
      const neighbour = await planned()
      const won = await leaseForWrite(db, [lease(other!), lease(neighbour.push)], 60)
      expect([...won.keys()]).toEqual([neighbour.push])
      // it is looked at again later, not at once
      const due = await duePushes(db, 'nc', 0, 1, 1000)
      expect(due.map((d) => d.id)).not.toContain(other)
      await expect(
        db.query(`update push set state = 'sending' where id = $1`, [other]),
      ).rejects.toMatchObject({
        code: '23505',
      })
    })

    it('a push key exists once', async () => {
      const { order, document } = await planned()
      await expect(insertPushes(db, [newPush(order, document)])).rejects.toMatchObject({ code: '23505' })
    })

    it('a tick has one winner, and another one only when the winner died', async () => {
      const tick = new Date('2026-03-01T08:00:00Z')
      const name = fresh('schedule')
      const wins = await Promise.all(Array.from({ length: 8 }, () => winTick(db, name, tick, 30)))
      expect(wins.filter(Boolean)).toHaveLength(1)
      await db.query(`update schedule_tick set lease_until = now() - interval '1 s' where schedule = $1`, [
        name,
      ])
      expect(await winTick(db, name, tick, 30)).toBe(true)
      await finishTick(db, name, tick)
      await db.query(`update schedule_tick set lease_until = now() - interval '1 s' where schedule = $1`, [
        name,
      ])
      expect(await winTick(db, name, tick, 30)).toBe(false)
    })
  })
})
