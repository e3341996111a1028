import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { countAll, createTallies } from '../../src/ledger/stats.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

describe.each(LEDGERS)('counting on $name', (kind) => {
  let ledger: TestLedger
  beforeAll(async () => {
    if (!kind.missing) ledger = await kind.open()
  }, 60_000)
  afterAll(() => ledger?.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  const insert = (from: number, to: number) =>
    ledger.db.query(
      `insert into push (key, connection, kind, flow, mode, subject, revision, state, document_id, document_seq,
              order_connection, order_id, content, content_hash)
       select 'K' || g, 'nc', 'order', 'f', 'live', 's' || g, 1, case when g = 3000 then 'rejected' else 'confirmed' end,
              g, 1, 'web', g::text, '{}', 'h' from generate_series($1::int, $2::int) g`,
      [from, to],
    )

  it('remembers what cannot change, and is right about what did', async () => {
    const { db } = ledger
    await insert(1, 20_000)
    const tallies = createTallies()
    const statements: string[] = []
    const counted = {
      query: (sql: string, params?: unknown[]) => {
        if (sql.includes('from push')) statements.push(sql)
        return db.query(sql, params)
      },
    } as typeof db
    const look = async () => {
      statements.length = 0
      return (await countAll(counted, tallies)).pushes.get('nc')
    }
    expect(await look()).toEqual({ confirmed: 19_999, rejected: 1 })
    const first = statements.length
    await insert(20_001, 20_010)
    await db.query(`update push set state = 'confirmed' where order_id = '3000'`)
    expect(await look()).toEqual({ confirmed: 20_010 })
    expect(statements.length).toBeLessThan(first)
    expect(await look()).toEqual({ confirmed: 20_010 })
    const both = await Promise.all([look(), look()])
    expect(both).toEqual([{ confirmed: 20_010 }, { confirmed: 20_010 }])
  })
})
