import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { claimDocuments } from '../../src/ledger/document.ts'
import { duePushes, leaseForWrite } from '../../src/ledger/push.ts'
import { ANN, type Desk, openDesk } from '../support/desk.ts'
import { drive, LEDGERS, putPushes, RAW } from '../support/ledgers.ts'

describe.each(LEDGERS)('operations on pushes over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  describe('trying a push again', () => {
    it('renders a refused one anew, with a new fence', async () => {
      const { push, key } = await at.rejected()
      const before = await at.row(push)
      expect(before.body).toEqual(RAW)
      at.woken.length = 0
      expect(await at.ops.pushRetry({ select: { ids: [String(push)] }, ...ANN })).toEqual({
        changed: [String(push)],
        skipped: [],
      })
      expect(await at.row(push)).toMatchObject({
        state: 'planned',
        body: null,
        check: null,
        mapping: null,
        content_type: null,
        uncertain: false,
        fence: (before.fence as number) + 1,
        code: null,
      })
      expect((await duePushes(at.db, 'nc', 0, 1, 1000)).map((p) => p.id)).toContain(push)
      // a kind that has no budget at present is left where it is
      expect((await duePushes(at.db, 'nc', 0, 1, 1000, ['order'])).map((p) => p.id)).not.toContain(push)
      expect(at.woken).toEqual(['deliver-nc 0', 'deliver-nc 1'])
      expect((await at.ops.parkedList({ limit: 500 })).items.filter((p) => p.order === key)).toEqual([])
      expect((await at.ops.orderShow({ ref: key })).journal.at(-1)).toMatchObject({
        event: 'retried',
        push: String(push),
        connection: 'nc',
        detail: { by: 'ann', why: 'looked', from: 'rejected' },
      })
    })

    it('never sends one in doubt straight to a write, nor before its settle time', async () => {
      const { push } = await at.pushed('slow')
      await drive(at.db, push, 'unknown', { dueIn: 100_000, code: 'PUSH_TIMEOUT' }, 0)
      await at.ops.pushRetry({ select: { ids: [String(push)] }, ...ANN })
      const after = await at.row(push)
      expect(after).toMatchObject({ state: 'unknown', uncertain: true, body: RAW })
      const lease = (after.lease_until as Date).getTime()
      expect((after.due_at as Date).getTime()).toBe(lease + 3_600_000)
    })

    it('asks the remote first when a parked one may have been written', async () => {
      const made = await at.doubtful('nc')
      await at.ops.pushRetry({ select: { ids: [String(made.push)] }, ...ANN })
      expect(await at.row(made.push)).toMatchObject({ state: 'unknown', uncertain: true, body: RAW })
      const deaf = await at.doubtful('deaf')
      const { changed, skipped } = await at.ops.pushRetry({ select: { ids: [String(deaf.push)] }, ...ANN })
      expect(changed).toEqual([])
      expect(skipped[0]!.why.en).toMatch(/push resolve/)
      expect((await at.row(deaf.push)).state).toBe('parked')
    })

    it('takes a lease away from nobody and leaves what is done alone', async () => {
      const sending = await at.pushed()
      await drive(at.db, sending.push, 'sending', {}, 60)
      const done = await at.pushed()
      await drive(at.db, done.push, 'confirmed', { remoteId: `R${done.push}` })
      const shadow = await at.pushed('nc', { mode: 'shadow' })
      await drive(at.db, shadow.push, 'shadowed')
      const ids = [sending.push, done.push, shadow.push].map(String)
      const { changed, skipped } = await at.ops.pushRetry({
        select: { ids: [...ids, '999999', 'NOKEY'] },
        ...ANN,
      })
      expect(changed).toEqual([])
      expect(skipped.map((s) => s.id).sort()).toEqual([...ids, '999999', 'NOKEY'].sort())
      expect((await at.row(sending.push)).state).toBe('sending')
    })

    it('does not revive a revision that a newer one has replaced', async () => {
      const { push, order, document } = await at.rejected()
      await putPushes(at.db, [order], [document], { revision: 2 })
      const { changed, skipped } = await at.ops.pushRetry({ select: { ids: [String(push)] }, ...ANN })
      expect([changed, skipped[0]!.why.en]).toEqual([[], 'a newer revision has taken its place'])
    })

    it('makes waiting ones due, and a lane that read them before loses', async () => {
      const { push } = await at.pushed()
      await drive(at.db, push, 'planned', { dueIn: 3600, code: 'NC_429' })
      const stale = await at.row(push)
      await at.ops.pushRetry({ select: { filter: { connection: 'nc', state: 'planned' } }, ...ANN })
      expect((await at.row(push)).body).toEqual(RAW)
      const lease = {
        id: push,
        fence: stale.fence as number,
        uncertain: false,
        rewritten: false,
        body: RAW,
        contentType: '',
        mapping: '',
        check: null,
      }
      expect((await leaseForWrite(at.db, [lease], 10)).size).toBe(0)
      expect((await duePushes(at.db, 'nc', 0, 1, 1000)).map((p) => p.id)).toContain(push)
    })
  })

  describe('saying what is true of a push', () => {
    it('written: confirmed and bound', async () => {
      const { push, key, document } = await at.pushed()
      await drive(at.db, push, 'unknown', { code: 'PUSH_TIMEOUT' })
      await at.db.query(`update document set plan_state = 'waiting' where id = $1`, [document])
      const answer = await at.ops.pushResolve({
        id: String(push),
        resolution: { as: 'written', remoteId: 'NC-7', number: 'SO-7' },
        ...ANN,
      })
      expect(answer).toMatchObject({
        state: 'confirmed',
        remoteId: 'NC-7',
        remoteNumber: 'SO-7',
        error: null,
      })
      const order = await at.ops.orderShow({ ref: key })
      expect(order.bindings).toMatchObject([
        { connection: 'nc', kind: 'order', remoteId: 'NC-7', remoteNumber: 'SO-7' },
      ])
      expect(order.progress).toBe('confirmed')
      expect((await claimDocuments(at.db, 1000)).map((d) => d.id)).toContain(document)
      const other = await at.pushed()
      await drive(at.db, other.push, 'unknown')
      await expect(
        at.ops.pushResolve({
          id: String(other.push),
          resolution: { as: 'written', remoteId: 'NC-7' },
          ...ANN,
        }),
      ).rejects.toMatchObject({ code: 'PUSH_BOUND_TWICE' })
      expect(await at.row(other.push)).toMatchObject({ state: 'unknown' })
    })

    it('not written: planned with the same bytes', async () => {
      const { push } = await at.pushed()
      await drive(at.db, push, 'accepted', { dueIn: 3600 })
      await at.ops.pushResolve({ id: String(push), resolution: { as: 'not-written' }, ...ANN })
      expect(await at.row(push)).toMatchObject({ state: 'planned', uncertain: false, body: RAW })
      await expect(
        at.ops.pushResolve({ id: String(push), resolution: { as: 'withdrawn' }, ...ANN }),
      ).rejects.toMatchObject({ code: 'RUNTIME_STATE' })
    })

    it('withdrawn: never to be written, and its parked note is closed', async () => {
      const { push, key } = await at.rejected()
      const answer = await at.ops.pushResolve({
        id: `KEY${key.slice(4)}R1`,
        resolution: { as: 'withdrawn' },
        ...ANN,
      })
      expect(answer).toMatchObject({ id: String(push), state: 'withdrawn' })
      expect((await at.ops.orderShow({ ref: key })).parked).toEqual([])
      expect((await at.ops.orderShow({ ref: key })).journal.map((e) => e.event)).toContain('resolved')
      await expect(
        at.ops.pushResolve({ id: '999999', resolution: { as: 'withdrawn' }, ...ANN }),
      ).rejects.toMatchObject({
        code: 'RUNTIME_UNKNOWN',
      })
    })
  })
})
