/** Activations, processes and what is planned again, over both kinds of ledger. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  activate,
  activations,
  activeConfiguration,
  CONFIGURATION_CHANGED,
  configurationById,
  followedActivation,
  holdActivation,
  type NewActivation,
} from '../../src/ledger/configuration.ts'
import { claimDocuments, endPlanning } from '../../src/ledger/document.ts'
import { countFlowPushes, countOrders, countWaiting } from '../../src/ledger/impact.ts'
import { appendRecords } from '../../src/ledger/inbox.ts'
import {
  addProcess,
  isLeftToOthers,
  livingProcesses,
  type NewProcess,
  removeProcess,
  renewProcess,
} from '../../src/ledger/process.ts'
import { type Replan, replanStep } from '../../src/ledger/replan.ts'
import {
  drive,
  inboxRow,
  LEDGERS,
  putOrders,
  putPushes,
  type TestLedger,
  testOrder,
} from '../support/ledgers.ts'

const uses = { tributary: '0.1.0', connectors: {}, mappings: {} }
const wanted = (text: string, more: Partial<NewActivation> = {}): NewActivation => ({
  configuration: { hash: text, files: { 'tributary.yaml': text } },
  ...{ kind: 'apply', uses, replan: null, who: 'ann', why: null },
  ...more,
})
const worker = (id: string, more: Partial<NewProcess> = {}): NewProcess => ({
  ...{ id, role: 'work', host: 'h', pid: 7, version: '0.1.0', activation: null, fileHash: null },
  ...more,
})

describe.each(LEDGERS)('configurations over $name', ({ missing, open }) => {
  describe.skipIf(missing)('', () => {
    let at: TestLedger
    beforeAll(async () => {
      at = await open()
    }, 60_000)
    afterAll(() => at?.close())
    beforeEach(async () => {
      await at.db.query(
        `truncate activation, configuration, process, document, document_version, push, push_work_order, work_order,
                  work_line, inbox, inbox_key, journal`,
      )
      await at.db.query('update installation set activation_id = null')
    })

    it('are told to every process, from which to which, by whom', async () => {
      const heard: string[] = []
      const unlisten = await at.db.listen(CONFIGURATION_CHANGED, (payload) => heard.push(payload))
      const first = await activate(at.db, wanted('a'))
      const second = await activate(at.db, wanted('b', { who: 'bob', why: 'because' }))
      const back = await activate(at.db, wanted('a', { kind: 'rollback' }))
      expect(await followedActivation(at.db)).toBe(back!.id)
      expect(
        (await activations(at.db, 1e9, 10)).map((a) => [a.hash, a.kind, a.from_id, a.who, a.why]),
      ).toEqual([
        ['a', 'rollback', second!.configuration_id, 'ann', null],
        ['b', 'apply', first!.configuration_id, 'bob', 'because'],
        ['a', 'apply', null, 'ann', null],
      ])
      // the same text is stored once
      expect(back!.configuration_id).toBe(first!.configuration_id)
      expect((await configurationById(at.db, back!.configuration_id))!.files).toEqual({
        'tributary.yaml': 'a',
      })
      const { rows } = await at.db.query(
        `select event, data->>'who' as who from journal where subject = 'configuration'`,
      )
      expect(rows).toHaveLength(3)
      await expect.poll(() => heard).toEqual([first, second, back].map((a) => String(a!.id)))
      await unlisten()
    })

    it('are refused when another one came first', async () => {
      const first = await activate(at.db, wanted('a', { expected: null }))
      expect(await activate(at.db, wanted('b', { expected: null }))).toBeNull()
      expect((await activate(at.db, wanted('b', { expected: first!.id })))!.hash).toBe('b')
      // of two at once one wins
      const both = await Promise.all(
        ['c', 'd'].map((t) => activate(at.db, wanted(t, { expected: first!.id + 1 }))),
      )
      expect(both.filter((a) => a !== null)).toHaveLength(1)
    })

    it('of a start are followed by nobody, and are not recorded once something was applied', async () => {
      const first = await activate(at.db, wanted('a', { kind: 'start' }))
      expect(await followedActivation(at.db)).toBeNull()
      expect((await activate(at.db, wanted('a', { kind: 'start' })))!.id).toBe(first!.id)
      await activate(at.db, wanted('b'))
      expect(await activate(at.db, wanted('c', { kind: 'start' }))).toBeNull()
      expect((await activeConfiguration(at.db))!.hash).toBe('b')
    })

    it('wait for whoever plans by the one before', async () => {
      const first = await activate(at.db, wanted('a'))
      let applied: Promise<unknown> | undefined
      let done = false
      await at.db.transaction(async (tx) => {
        expect(await holdActivation(tx)).toBe(first!.id)
        applied = activate(at.db, wanted('b')).then(() => {
          done = true
        })
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(done).toBe(false)
      })
      await applied
      expect(await followedActivation(at.db)).toBe(first!.id + 1)
    })

    it('know which processes live and by what they run', async () => {
      await addProcess(at.db, worker('one', { fileHash: 'f' }))
      await addProcess(at.db, worker('two', { role: 'serve' }))
      const isLeft = (own: string) => isLeftToOthers(at.db, 5, own)
      // it has not said yet whether it can
      expect(await isLeft('else')).toBe(true)
      expect(await isLeft('one')).toBe(false)
      await renewProcess(at.db, worker('two', { role: 'serve' }), {
        activation: 5,
        refused: null,
        problem: null,
      })
      // it takes orders in, but plans none
      expect(await isLeft('one')).toBe(false)
      const problem = { code: 'CONFIG_SECRET_MISSING', detail: { name: 'TOKEN' } }
      await renewProcess(at.db, worker('one'), { activation: 4, refused: 5, problem })
      expect(
        (await livingProcesses(at.db)).map((p) => [p.id, p.activation_id, p.refused_id, p.problem]),
      ).toEqual([
        ['one', 4, 5, problem],
        ['two', 5, null, null],
      ])
      expect(await isLeft('else')).toBe(false)
      await renewProcess(at.db, worker('one'), { activation: 5, refused: null, problem: null })
      expect(await isLeft('else')).toBe(true)
      await at.db.query(`update process set seen_at = now() - interval '20 s' where id = 'one'`)
      expect(await isLeft('else')).toBe(false)
      await removeProcess(at.db, 'two')
      expect(await livingProcesses(at.db)).toEqual([])
    })

    const day = (n: number) => `2026-03-${String(n).padStart(2, '0')}T08:00:00Z`
    const range = (since: number, until: number | null): Replan => [
      { connection: 'web', since: day(since), until: until === null ? null : day(until) },
    ]
    const planned = async (ids: number[]) =>
      endPlanning(
        at.db,
        ids.map((id) => ({ id, seq: 1, state: 'done' as const })),
      )
    const due = async () => {
      const { rows } = await at.db.query<{ external_id: string }>(
        `select external_id from document where plan_state = 'due' order by id`,
      )
      return rows.map((r) => r.external_id)
    }

    it('plan orders again by when they were paid, or placed; to the end, although steps are small', async () => {
      const orders = [1, 2, 3, 4, 5].map((n) => testOrder(`o${n}`, { placedAt: day(n) }))
      orders.push(testOrder('paid-late', { placedAt: day(1), paidAt: day(3) }))
      orders.push({ ...testOrder('other', { placedAt: day(3) }), connection: 'else' })
      const ids = await putOrders(at.db, orders)
      await planned(ids)
      const made = await activate(at.db, wanted('a', { replan: range(2, 4) }))
      expect(await replanStep(at.db, made!.id - 1)).toBeNull()
      expect(await due()).toEqual([])
      const steps: (number | null)[] = []
      do steps.push(await replanStep(at.db, made!.id, 2))
      while (steps.at(-1) !== null)
      expect(steps).toEqual([0, 2, 0, 1, 0, null])
      expect(await due()).toEqual(['o2', 'o3', 'paid-late'])
      expect((await activeConfiguration(at.db))!.replan).toBeNull()
      await planned(ids)
      const open = await activate(at.db, wanted('b', { replan: range(4, null) }))
      await replanStep(at.db, open!.id)
      expect(await due()).toEqual(['o4', 'o5'])
    })

    it('count what a change touches', async () => {
      const orders = [1, 2, 3, 4].map((n) => testOrder(`o${n}`, { placedAt: day(n) }))
      orders.push(testOrder('gone', { placedAt: day(2), state: 'cancelled' }))
      orders.push(testOrder('unpaid', { placedAt: day(2), payment: 'unpaid' }))
      const ids = await putOrders(at.db, orders)
      expect(await countOrders(at.db, 'web-orders', range(1, null), 5000)).toEqual({
        ...{ fresh: 4, unsent: 0, complete: true },
      })
      const pushes = await putPushes(at.db, orders.slice(0, 2), ids.slice(0, 2))
      await drive(at.db, pushes[1]!, 'shadowed')
      expect(await countOrders(at.db, 'web-orders', range(1, null), 5000)).toEqual({
        ...{ fresh: 2, unsent: 1, complete: true },
      })
      expect(await countFlowPushes(at.db, 'web-orders', 5000)).toEqual({
        shadowed: 1,
        planned: 1,
        complete: true,
      })
      expect(await countFlowPushes(at.db, 'other', 5000)).toEqual({ shadowed: 0, planned: 0, complete: true })
      await appendRecords(at.db, [{ ...inboxRow(orders[0]!), connection: 'nc' }])
      expect(await countWaiting(at.db, 'nc')).toEqual({ pushes: 1, records: 1 })
      await claimDocuments(at.db, 1)
    })
  })
})
