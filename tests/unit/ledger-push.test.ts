import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lapseLeases, leaseForFind, leaseForWrite } from '../../src/ledger/push.ts'
import { type Settlement, settler } from '../../src/ledger/settle.ts'
import { ANN, type Desk, openDesk } from '../support/desk.ts'
import { drive, LEDGERS, RAW } from '../support/ledgers.ts'

describe.each(LEDGERS)('pushes on $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  const lease = (id: number, fence: number, body = RAW) => ({
    id,
    fence,
    uncertain: false,
    rewritten: false,
    body,
    contentType: 'text/xml',
    mapping: 'm',
    check: null,
  })
  const settlement = (id: number, fence: number, more: Partial<Settlement> = {}): Settlement => ({
    id,
    fence,
    state: 'confirmed',
    uncertain: false,
    rewritten: false,
    dueIn: 0,
    remoteId: `R${id}`,
    remoteNumber: null,
    code: null,
    message: null,
    event: 'confirmed',
    data: {},
    ...more,
  })
  const fenceOf = async (id: number) => (await at.row(id)).fence as number

  it('are settled by the holder of the newest lease only', async () => {
    const { push } = await at.pushed()
    const first = await drive(at.db, push, 'sending', {}, 0)
    expect(await lapseLeases(at.db, 'nc', 'order', 0)).toBeGreaterThan(0)
    const second = (await leaseForFind(at.db, push, first, 30))!
    const settle = settler(at.db)
    expect(await settle.add(settlement(push, first))).toMatchObject({ held: false })
    expect((await at.row(push)).state).toBe('unknown')
    expect(await settle.add(settlement(push, second))).toMatchObject({ held: true })
    expect(await settle.add(settlement(push, second, { state: 'rejected' }))).toMatchObject({ held: false })
    expect((await at.row(push)).state).toBe('confirmed')
  })

  it('that lapse are in doubt, and asked no earlier than the remote must have settled', async () => {
    const { push } = await at.pushed('slow')
    await drive(at.db, push, 'sending', {}, 0)
    await lapseLeases(at.db, 'slow', 'order', 3600)
    const row = await at.row(push)
    expect(row).toMatchObject({ state: 'unknown', uncertain: true, code: 'PUSH_LEASE_LAPSED' })
    expect((row.due_at as Date).getTime() - (row.lease_until as Date).getTime()).toBe(3_600_000)
  })

  it('keep the bytes of their first attempt', async () => {
    const { push } = await at.pushed()
    await drive(at.db, push, 'planned', { code: 'NC_429' })
    await leaseForWrite(at.db, [lease(push, await fenceOf(push), Buffer.from('other'))], 30)
    expect(await at.row(push)).toMatchObject({ state: 'sending', attempt: 2, body: RAW })
  })

  it('settle together; a document bound twice fails alone', async () => {
    const taken = await at.pushed()
    await drive(at.db, taken.push, 'confirmed', { remoteId: 'TAKEN' })
    const made = []
    for (let i = 0; i < 8; i++) made.push(await at.pushed())
    const fences: number[] = []
    for (const { push } of made) fences.push(await drive(at.db, push, 'sending', {}, 30))
    const settle = settler(at.db)
    const results = await Promise.allSettled(
      made.map(({ push }, i) =>
        settle.add(settlement(push, fences[i]!, i === 5 ? { remoteId: 'TAKEN' } : {})),
      ),
    )
    expect(results.map((r) => r.status)).toEqual(made.map((_, i) => (i === 5 ? 'rejected' : 'fulfilled')))
    expect((await at.row(made[5]!.push)).state).toBe('sending')
    expect((await at.row(made[6]!.push)).state).toBe('confirmed')
  })

  it('a person and a lane do not both win', async () => {
    const { push } = await at.rejected()
    const stale = await fenceOf(push)
    await at.ops.pushRetry({ select: { ids: [String(push)] }, ...ANN })
    expect((await leaseForWrite(at.db, [lease(push, stale)], 30)).size).toBe(0)
    const fence = await fenceOf(push)
    await leaseForWrite(at.db, [lease(push, fence)], 30)
    const { changed } = await at.ops.pushRetry({ select: { ids: [String(push)] }, ...ANN })
    expect(changed).toEqual([])
    expect(await settler(at.db).add(settlement(push, fence + 1))).toMatchObject({ held: true })
  })
})
