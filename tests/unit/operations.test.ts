import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appendRecords } from '../../src/ledger/inbox.ts'
import { listMigrations } from '../../src/ledger/migrate.ts'
import { pauseConnection } from '../../src/ledger/pause.ts'
import { duePushes } from '../../src/ledger/push.ts'
import { closeWindow, failPoll, leaseStream, winTick } from '../../src/ledger/stream.ts'
import { ANN, type Desk, openDesk } from '../support/desk.ts'
import { drive, inboxRow, LEDGERS, testOrder } from '../support/ledgers.ts'

describe.each(LEDGERS)('operations over $name', (kind) => {
  let at: Desk
  beforeAll(async () => {
    if (!kind.missing) at = await openDesk(kind)
  }, 60_000)
  afterAll(() => at?.ledger.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  describe('pauses', () => {
    it('stop what they name, say who and why, and go again', async () => {
      const { push } = await at.pushed()
      const due = async () => (await duePushes(at.db, 'nc', 0, 1, 1000)).some((p) => p.id === push)
      expect(await due()).toBe(true)
      const made = await at.ops.pause({ connection: 'nc', kind: 'order', ...ANN })
      expect(made).toMatchObject({
        scope: { connection: 'nc', kind: 'order' },
        by: 'ann',
        why: 'looked',
        automatic: false,
      })
      expect(await due()).toBe(false)
      await pauseConnection(at.db, 'slow', 'HTTP_401: refused', 'tributary')
      expect(await at.ops.pauses({})).toMatchObject([
        { id: made.id },
        { scope: { connection: 'slow' }, automatic: true },
      ])
      at.woken.length = 0
      expect(await at.ops.resume({ connection: 'nc', ...ANN })).toEqual({ resumed: [] })
      expect((await at.ops.resume({ connection: 'nc', kind: 'order', ...ANN })).resumed).toMatchObject([
        { id: made.id },
      ])
      expect(await due()).toBe(true)
      expect(at.woken).toContain('deliver-nc 1')
      await at.ops.resume({ connection: 'slow', ...ANN })
    })
  })

  describe('tokens', () => {
    it('are shown once, stored as a hash, and end', async () => {
      const made = await at.ops.tokenCreate({ name: 'board', scope: 'read', days: 2, ...ANN })
      expect(made.token).toMatch(/^trib_[\w-]{43}$/)
      expect(JSON.stringify((await at.db.query('select * from api_token')).rows)).not.toContain(made.token)
      expect(await at.ops.verifyToken({ token: made.token })).toEqual({
        id: made.id,
        name: 'board',
        scope: 'read',
      })
      expect(await at.ops.verifyToken({ token: `${made.token.slice(0, -1)}_` })).toBeNull()
      await expect(at.ops.tokenCreate({ name: 'board', scope: 'operate', ...ANN })).rejects.toMatchObject({
        code: 'RUNTIME_REQUEST',
      })
      expect((await at.ops.tokenList({}))[0]).toMatchObject({ name: 'board', lastUsedAt: expect.any(String) })
      await at.db.query(`update api_token set expires_at = now() - interval '1 s' where id = $1`, [made.id])
      expect(await at.ops.verifyToken({ token: made.token })).toBeNull()
      const next = await at.ops.tokenCreate({ name: 'board', scope: 'operate', ...ANN })
      expect(next.expiresAt).toBeNull()
      expect(await at.ops.verifyToken({ token: next.token })).toMatchObject({ scope: 'operate' })
      expect((await at.ops.tokenRevoke({ id: 'board', ...ANN })).id).toBe(next.id)
      expect(await at.ops.verifyToken({ token: next.token })).toBeNull()
      await expect(at.ops.tokenRevoke({ id: 'nobody', ...ANN })).rejects.toMatchObject({
        code: 'RUNTIME_UNKNOWN',
      })
    })
  })

  describe('figures and checks', () => {
    it('count what there is', async () => {
      await at.rejected()
      const first = await at.pushed()
      await drive(at.db, first.push, 'confirmed', { remoteId: 'R1' })
      await at.pushed('nc', { mode: 'shadow' })
      const count = async (sql: string) =>
        (await at.db.query<{ n: number }>(`select count(*) as n from ${sql}`)).rows[0]!.n
      const stats = await at.ops.stats({})
      expect(stats.received).toBe(await count(`inbox where shape <> 'hint'`))
      expect(stats.normalized).toBe(await count(`inbox where shape <> 'hint' and state = 'done'`))
      expect(stats.orders).toBe(await count(`document where kind = 'order'`))
      expect(stats.confirmed).toBe(await count(`push where state = 'confirmed'`))
      expect(stats.waiting.planned).toBe(await count(`push where state = 'planned'`))
      expect(stats.parked).toBe(await count('parked where resolved_at is null'))
      expect(stats.rate).toBeGreaterThan(0)
      const before = stats.confirmed
      const { push } = await at.pushed()
      await drive(at.db, push, 'confirmed', { remoteId: `R${push}` })
      expect((await at.ops.stats({})).confirmed).toBe(before + 1)
      expect(stats.connections.find((c) => c.connection === 'nc')!.lastError).toMatchObject({
        code: 'NC_-31002',
      })
    })

    it('doctor finds a silent stream, a broken one, doubt and a backlog', async () => {
      const hold = (stream: string) => ({ connection: 'web', stream, holder: 'h' })
      for (const stream of ['silent', 'broken']) await leaseStream(at.db, hold(stream), 1)
      await closeWindow(at.db, hold('silent'), new Date(), 1)
      await at.db.query(`update stream set polled_at = now() - interval '1 hour' where stream = 'silent'`)
      for (const minutes of [70, 80])
        await winTick(at.db, 'web/silent', new Date(Date.now() - minutes * 60_000), 1)
      await failPoll(at.db, hold('broken'), { code: 'HTTP_500' })
      const order = testOrder('old')
      const [record] = await appendRecords(at.db, [inboxRow(order)])
      await at.db.query(`update inbox set received_at = now() - interval '1 hour' where id = $1`, [record])
      await at.db.query(`update inbox set state = 'done' where state = 'new' and id <> $1`, [record])
      const checks = new Map((await at.ops.doctor({})).map((c) => [c.id, c]))
      const level = (id: string) => checks.get(id)?.level
      expect(level('database')).toBe('ok')
      expect(level('clock')).toBe('ok')
      expect(level('queue')).toBe('ok')
      expect(level('schedule:web/silent')).toBe('warn')
      expect(level('schedule:web/broken')).toBe('fail')
      expect(level('inbox')).toBe('fail')
      expect(level('parked')).toBe('warn')
      expect(level('paused')).toBe('ok')
      expect(checks.get('inbox')!.fix!.zh).not.toBe('')
      expect(checks.has('disk')).toBe(at.db.kind === 'pglite')
    })

    it('backup writes the file it names', { timeout: 60_000 }, async () => {
      const to = path.join(at.ledger.folder, 'by-operation.gz')
      expect(await at.ops.backup({ to })).toEqual({
        path: to,
        bytes: fs.statSync(to).size,
        migration: String(listMigrations().at(-1)!.number),
      })
    })
  })
})
