import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeRevision, importCodes, listCodes } from '../../src/ledger/code.ts'
import { CodeView } from '../../src/ledger/code-view.ts'
import { codesAreFresh, missingCodes, redriveMapped } from '../../src/ledger/code-waiting.ts'
import { codeFunctions } from '../../src/mapping/functions.ts'
import { withNewestCodes } from '../../src/pipeline/codes.ts'
import type { Pipe } from '../../src/pipeline/pipe.ts'
import { LEDGERS, type TestLedger, testOrder } from '../support/ledgers.ts'
import { parkForCode, parkPushForCode } from '../support/waiting.ts'

const HAND = { by: 'ann' }
const RULES = () => ({ class: 'resend-safe' as const, settle: 0 })
const entry = (key: string, value: string, factor?: string | null) => ({
  connection: 'nc',
  table: 'material',
  key,
  value,
  ...(factor === undefined ? {} : { factor }),
})

describe.each(LEDGERS)('code tables over $name', (kind) => {
  let at: TestLedger
  beforeAll(async () => {
    if (!kind.missing) at = await kind.open()
  }, 60_000)
  afterAll(() => at?.close())
  beforeEach(async ({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    await at.db.query('truncate code_entry, code_revision, parked')
  })

  it('says what an import adds, changes and leaves, and a dry one writes nothing', async () => {
    const given = [entry('A', '1'), entry('B', '2', '12'), entry('__proto__', '3')]
    const all = { added: 3, changed: 0, unchanged: 0 }
    expect(await importCodes(at.db, given, 'ann', true)).toEqual({ ...all, revision: 0 })
    expect(await listCodes(at.db, {}, null, 10)).toEqual([])
    expect(await importCodes(at.db, given, 'ann')).toEqual({ ...all, revision: 1 })
    const again = [entry('A', '1'), entry('B', '5'), entry('C', '4')]
    expect(await importCodes(at.db, again, 'bo')).toEqual({ added: 1, changed: 1, unchanged: 1, revision: 2 })
    expect(await importCodes(at.db, again, 'bo')).toEqual({ added: 0, changed: 0, unchanged: 3, revision: 2 })
    const rows = await listCodes(at.db, { table: 'material' }, null, 10)
    expect(rows.map((r) => [r.key, r.value, r.factor, r.revision, r.changed_by])).toEqual([
      ['A', '1', null, 1, 'ann'],
      // a file without factors leaves those that are there
      ['B', '5', '12', 2, 'bo'],
      ['C', '4', null, 2, 'bo'],
      ['__proto__', '3', null, 1, 'ann'],
    ])
    // the same number is no change, a cleared one is
    expect(await importCodes(at.db, [entry('B', '5', '12.0')], 'bo')).toMatchObject({ unchanged: 1 })
    expect(await importCodes(at.db, [entry('B', '5', null)], 'bo')).toMatchObject({ changed: 1 })
    const [first, second] = await listCodes(at.db, { connection: 'nc' }, null, 2)
    expect((await listCodes(at.db, {}, second!, 10)).map((r) => r.key)).toEqual(['C', '__proto__'])
    expect(first!.key).toBe('A')
  })

  it('imports of two people at once do not hide each other', async () => {
    const view = new CodeView(at.db, {})
    const many = (letter: string) => Array.from({ length: 50 }, (_, i) => entry(`${letter}${i}`, letter))
    await Promise.all(
      ['a', 'b', 'c'].map(async (letter) => {
        await importCodes(at.db, many(letter), letter)
        await view.refresh()
        expect(view.of('nc').codes.material?.[`${letter}49`]).toBe(letter)
      }),
    )
    expect(view.revision).toBe(3)
    expect(Object.keys(view.of('nc').codes.material!)).toHaveLength(150)
  })

  it('a view shows the ledger over the configuration, in the same objects, also of odd keys', async () => {
    const base = { nc: { material: { A: 'file', constructor: 'file' }, rate: { USD: '7.1' } } }
    const view = await new CodeView(at.db, base).start((error) => expect.unreachable(String(error)))
    const { codes, factors } = view.of('nc')
    expect({ ...codes.material }).toEqual({ A: 'file', constructor: 'file' })
    await importCodes(at.db, [entry('A', 'ledger', '0.5'), entry('__proto__', 'odd')], 'ann')
    // told, not asked for
    await expect.poll(() => codes.material!.A, { timeout: 4_000 }).toBe('ledger')
    expect(Object.keys(codes.material!).sort()).toEqual(['A', '__proto__', 'constructor'])
    expect(factors.material!.A).toBe('0.5')
    expect(codes.rate!.USD).toBe('7.1')
    await importCodes(at.db, [entry('A', 'later', null)], 'ann')
    await view.refresh()
    expect([codes.material!.A, factors.material!.A]).toEqual(['later', undefined])
    await view.close()
    await importCodes(at.db, [entry('A', 'unheard')], 'ann')
    expect(codes.material!.A).toBe('later')
  })

  it('a mapping that lacks a code reads on before anything is parked, and runs no more than once again', async () => {
    const view = new CodeView(at.db, {})
    const pipe = { codes: view } as unknown as Pipe
    const { code } = codeFunctions(view.of('nc').codes)
    let runs = 0
    const map = async () => {
      runs += 1
      return code('material', 'A')
    }
    await expect(withNewestCodes(pipe.codes, map)).rejects.toMatchObject({ code: 'MAPPING_CODE_MISSING' })
    expect(runs).toBe(1)
    await importCodes(at.db, [entry('B', '2')], 'ann')
    await expect(withNewestCodes(pipe.codes, map)).rejects.toMatchObject({ code: 'MAPPING_CODE_MISSING' })
    expect(runs).toBe(3)
    // nobody has told this view
    await importCodes(at.db, [entry('A', '1')], 'ann')
    expect(await withNewestCodes(pipe.codes, map)).toBe('1')
    expect(runs).toBe(5)
  })

  it('sets going what waited for a key that is there, and nothing else', async () => {
    const [first, second, both] = await parkForCode(at.db, [
      { id: 'w1', keys: [['material', 'A']] },
      { id: 'w2', keys: [['material', 'B']] },
      {
        id: 'w3',
        keys: [
          ['material', 'A'],
          ['material', 'B'],
        ],
      },
      { id: 'w4', connection: 'other', keys: [['material', 'A']] },
    ])
    const push = await parkPushForCode(at.db, testOrder('w5'), 'nc', [['material', 'A']])
    await importCodes(at.db, [entry('A', '1')], 'ann')
    expect(await codesAreFresh(at.db)).toBe(true)
    expect(await redriveMapped(at.db, [], 0, HAND, RULES)).toEqual({
      records: 2,
      documents: 0,
      pushes: 1,
      wake: ['nc'],
      next: null,
    })
    const { rows } = await at.db.query<{ id: number }>(`select id from inbox where state = 'new' order by id`)
    expect(rows.map((r) => r.id)).toEqual([first, both])
    expect((await at.db.query('select state, body from push where id = $1', [push])).rows).toEqual([
      { state: 'planned', body: null },
    ])
    const told = await at.db.query<{ event: string; data: object }>(
      `select event, data from journal where subject = 'w1' order by id desc limit 1`,
    )
    expect(told.rows[0]).toMatchObject({
      event: 'retried',
      data: { code: 'MAPPING_CODE_MISSING', by: 'ann' },
    })
    // nothing twice
    expect(await redriveMapped(at.db, [], 0, HAND, RULES)).toMatchObject({ records: 0, pushes: 0 })
    // a key of tributary.yaml counts as well
    const stated = [{ connection: 'nc', table: 'material', key: 'B' }]
    expect(await redriveMapped(at.db, stated, 0, HAND, RULES)).toMatchObject({ records: 1 })
    expect(second).toBeGreaterThan(0)
  })

  it('goes on step by step where thousands wait', async () => {
    const items = Array.from({ length: 1_200 }, (_, i) => ({
      id: `t${i}`,
      keys: [['material', `K${i}`]] as const,
    }))
    await parkForCode(at.db, items)
    await importCodes(
      at.db,
      items.map((_, i) => entry(`K${i}`, 'v')),
      'ann',
    )
    const steps: number[] = []
    for (let after: number | null = 0; after !== null; ) {
      const step: Awaited<ReturnType<typeof redriveMapped>> = await redriveMapped(
        at.db,
        [],
        after,
        HAND,
        RULES,
      )
      steps.push(step.records)
      after = step.next
    }
    expect(steps).toEqual([500, 500, 200])
  })

  it('groups what is missing by orders and amount', async () => {
    await parkForCode(at.db, [
      {
        id: 'm1',
        keys: [
          ['material', 'A'],
          ['material', 'B'],
        ],
        amount: 1000,
        currency: 'CNY',
      },
      { id: 'm2', keys: [['material', 'B']], amount: 500, currency: 'CNY' },
      { id: 'm3', keys: [['material', 'B']], amount: 700, currency: 'USD' },
      { id: 'm4', keys: [['material', 'B']] },
    ])
    // the same order once more, elsewhere
    await at.db.query(
      `insert into parked (what, ref, connection, order_id, code, detail)
       select 'document', ref, connection, order_id, code, detail - 'amount' from parked where order_id = 'm2'`,
    )
    const found = await missingCodes(at.db, {})
    expect(found).toMatchObject([
      { key: 'B', orders: 4, amounts: { CNY: 1500, USD: 700 } },
      { key: 'A', orders: 1, amounts: { CNY: 1000 }, examples: ['web/m1'] },
    ])
    expect(found[0]!.examples).toHaveLength(3)
    await importCodes(at.db, [entry('B', '1')], 'ann')
    expect((await missingCodes(at.db, { table: 'material' })).map((m) => m.key)).toEqual(['A'])
    expect(await missingCodes(at.db, { connection: 'other' })).toEqual([])
    expect(await codeRevision(at.db)).toBe(1)
  })
})
