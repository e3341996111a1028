import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pack, unpack } from '../../src/ledger/block.ts'
import type { Database } from '../../src/ledger/database.ts'
import { appendRecords, claimRecords, deliveryKey, type InboxRow, trimInbox } from '../../src/ledger/inbox.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const KB = 1024

async function back(bodies: (Buffer | null)[]): Promise<(Buffer | null)[]> {
  const { places, blocks } = await pack(bodies)
  const unpacked = await Promise.all(blocks.map(unpack))
  return places.map(
    (place) => place && unpacked[place.block]!.subarray(place.start, place.start + place.size),
  )
}

describe('packing bodies', () => {
  it('gives every byte back, empty bodies and missing ones too', async () => {
    const bodies = [Buffer.from('one'), null, Buffer.alloc(0), Buffer.from([0, 255, 0]), Buffer.from('two')]
    expect(await back(bodies)).toEqual(bodies)
  })

  it('makes several blocks of much, and one of a body larger than a block', async () => {
    const bodies = [200, 200, 200, 2000, 1, 1].map((kb, n) => Buffer.alloc(kb * KB, n + 1))
    const { blocks } = await pack(bodies)
    expect(blocks).toHaveLength(4)
    expect(await back(bodies)).toEqual(bodies)
  })

  it('makes no block where nothing has a body', async () => {
    expect(await pack([null, null])).toEqual({ places: [null, null], blocks: [] })
  })

  it('tells damage', async () => {
    const { blocks } = await pack([Buffer.from('an order like many others '.repeat(50))])
    for (const at of [0, 10, blocks[0]!.length - 1]) {
      const damaged = Buffer.from(blocks[0]!)
      damaged[at] = damaged[at]! ^ 0x55
      expect(await unpack(damaged)).toBeNull()
    }
    expect(await unpack(blocks[0]!.subarray(0, -3))).toBeNull()
  })
})

let made = 0
function row(body: string | Buffer): InboxRow {
  const id = `b${++made}`
  return {
    connection: 'web',
    stream: 'orders',
    shape: 'order',
    externalId: id,
    origin: 'webhook',
    contentType: 'application/json',
    body: Buffer.from(body),
    hint: false,
    ...deliveryKey(id, 'orders', Buffer.from(body)),
  }
}

describe.each(LEDGERS)('blocks on $name', ({ open, missing }) => {
  let ledger: TestLedger
  let db: Database
  beforeAll(async () => {
    if (missing) return
    ledger = await open()
    db = ledger.db
  }, 60_000)
  afterAll(() => ledger?.close())

  const blocks = async () =>
    (await db.query<{ n: number }>('select count(*) as n from inbox_block')).rows[0]!.n
  const finish = (ids: (number | null)[], days: number) =>
    db.query(
      `update inbox set state = 'done', claimed_until = null, done_at = now() - make_interval(days => $2)
        where id = any($1::bigint[])`,
      [ids, days],
    )
  const received = (days: number) =>
    db.query(`update inbox_block set received_at = now() - make_interval(days => $1)`, [days])

  describe.skipIf(missing)('records', () => {
    it('of several blocks are claimed with their own bytes, each block read once', async () => {
      const bodies = Array.from({ length: 40 }, (_, n) => Buffer.alloc(40 * KB, n + 1))
      const ids = await appendRecords(db, bodies.map(row))
      expect(await blocks()).toBe(4)
      const claimed = await claimRecords(db, 100)
      expect(claimed.map((r) => r.id)).toEqual(ids)
      expect(claimed.map((r) => r.body)).toEqual(bodies)
      await finish(ids, 0)
    })

    it('known already leave no block behind', async () => {
      const again = row('the same')
      await finish(await appendRecords(db, [again]), 0)
      const before = await blocks()
      expect(await appendRecords(db, [again])).toEqual([null])
      expect(await blocks()).toBe(before)
    })

    it('of a damaged block come without bytes; those of others are whole', async () => {
      const [bad] = await appendRecords(db, [row('lost')])
      await db.query(
        `update inbox_block set body = '\\x00' where id = (select block from inbox where id = $1)`,
        [bad],
      )
      const [good] = await appendRecords(db, [row('kept')])
      const claimed = await claimRecords(db, 10)
      expect(claimed.map((r) => [r.id, r.body?.toString() ?? null])).toEqual([
        [bad, null],
        [good, 'kept'],
      ])
      await finish([bad!, good!], 0)
    })

    it('lose their bytes when the whole block is old and done, and not before', async () => {
      await received(100)
      await finish(
        (await db.query<{ id: number }>('select id from inbox')).rows.map((r) => r.id),
        100,
      )
      expect(await trimInbox(db, 30)).toBeGreaterThan(0)
      expect(await blocks()).toBe(0)

      const ids = await appendRecords(db, [row('a'), row('b')])
      const kept = async () =>
        (await db.query(`select block is not null as kept from inbox where id = any($1::bigint[])`, [ids]))
          .rows
      await finish(ids, 100)
      expect(await trimInbox(db, 30)).toBe(0)
      await received(100)
      await finish([ids[1]!], 10)
      expect(await trimInbox(db, 30)).toBe(0)
      await db.query(`update inbox set state = 'parked' where id = $1`, [ids[1]])
      expect(await trimInbox(db, 30)).toBe(0)
      expect(await kept()).toEqual([{ kept: true }, { kept: true }])
      await finish(ids, 100)
      expect(await trimInbox(db, 30)).toBe(1)
      expect(await kept()).toEqual([{ kept: false }, { kept: false }])
    })
  })
})
