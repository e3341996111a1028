/** Reading by windows: a stop in the middle goes on at its page, overlaps add nothing, history stays history. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openStage, orderOf, type Stage, until, untilHeld, untilOrder } from './stage.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

let stage: Stage
afterEach(() => stage?.close())

interface StreamRow {
  watermark: Date | null
  window_until: Date | null
  resume: unknown
  records: number
}

/** What the ledger says of the shop's stream and of its inbox, read while nobody runs. */
async function reading(folder: string): Promise<StreamRow & { inbox: number }> {
  const db = await openPglite(join(folder, 'data'))
  try {
    await db.query('set search_path = tributary')
    const { rows } = await db.query<StreamRow>('select watermark, window_until, resume, records from stream')
    const inbox = await db.query<{ n: number }>('select count(*) as n from inbox')
    return { ...rows[0]!, inbox: inbox.rows[0]!.n }
  } finally {
    await db.close()
  }
}

/** A life of its own that dies by SIGKILL once the first page is committed. */
async function dieAfterFirstPage(text: string, folder: string): Promise<NodeJS.Signals | null> {
  const file = join(folder, 'tributary.yaml')
  writeFileSync(file, text)
  const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, TRIBUTARY_CRASH_AT: 'poll.page-committed:1' },
  })
  const timer = setTimeout(() => child.kill('SIGTERM'), 60_000)
  const signal = await new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_, s) => resolve(s)),
  )
  clearTimeout(timer)
  return signal
}

it('goes on at its page after a crash, moves the watermark once, and reads nothing twice', async () => {
  stage = await openStage({ erp: 'naive', polls: true, flow: { mode: 'shadow' } })
  await stage.shop.sell(70)
  expect(await dieAfterFirstPage(stage.config(), stage.folder)).toBe('SIGKILL')
  const middle = await reading(stage.folder)
  expect(middle.watermark).toBeNull()
  expect(middle.window_until).toBeInstanceOf(Date)
  expect(middle.resume).not.toBeNull()
  expect(middle.records).toBeGreaterThan(0)
  expect(middle.records).toBeLessThan(70)
  expect(middle.inbox).toBe(middle.records)

  // no ticks any more: what is begun is finished by the catch-up at start
  const product = await stage.start({ flow: { mode: 'shadow', every: '0 0 0 29 2 *' } })
  await until('all are known', async () => (await product.running.operations.stats({})).shadowed === 70)
  await product.close()
  const end = await reading(stage.folder)
  expect(end).toMatchObject({ window_until: null, resume: null, records: 70, inbox: 70 })
  expect(end.watermark).toEqual(middle.window_until)
})

it('windows overlap without adding anything, and orders of before `from` are history', async () => {
  const life = { erp: 'naive' as const, polls: true }
  stage = await openStage(life)
  const old = (await stage.shop.sell(2)).map((e) => e.orderId)
  await sleep(2_000)
  const from = new Date().toISOString()
  await sleep(1_000)
  const young = (await stage.shop.sell(3)).map((e) => e.orderId).filter((id) => !old.includes(id))
  const product = await stage.start({ flow: { from } })
  const held = await untilHeld(stage.erp, 3)
  expect(held.map((d) => d.orderId).sort()).toEqual(young.sort())
  // changed now, and so read now; but paid before
  await stage.shop.change(old[0]!, 'edit')
  const edited = (await stage.shop.orders()).find((o) => String(o.id) === old[0])!
  const history = await untilOrder(
    product,
    old[0]!,
    'read',
    (o) => o.progress === 'history' && o.lines.length === edited.lines.length,
  )
  expect(history.pushes).toEqual([])
  const before = (await product.running.operations.stats({})).received
  // three more windows, each reaching 3 s back
  await sleep(3_200)
  const after = await product.running.operations.stats({})
  expect(after.received).toBe(before)
  expect(after.orders).toBeGreaterThanOrEqual(4)
  const watermark = after.connections.find((c) => c.connection === 'shop')!.streams[0]!.watermark!
  expect(Date.now() - Date.parse(watermark)).toBeLessThan(3_000)
  expect(await stage.erp.held()).toHaveLength(3)
  expect(await orderOf(product, old[0]!)).toMatchObject({ progress: 'history' })
})

it('a shop that fails on the way is asked again, and nothing is skipped', async () => {
  stage = await openStage({ erp: 'naive', polls: true, flow: { mode: 'shadow' } })
  await stage.shop.sell(60)
  await stage.shop.faults({
    status500: { probability: 0.5, times: 4 },
    resetBefore: { probability: 0.3, times: 3 },
  })
  const product = await stage.start()
  await until(
    'all are known',
    async () => (await product.running.operations.stats({})).shadowed === 60,
    30_000,
  )
  expect((await product.running.operations.stats({})).orders).toBe(60)
})
