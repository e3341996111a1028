/** History beside polling: what the preview counts is what arrives, once; killed, paused and resumed it goes on. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { openPglite } from '../../src/ledger/pglite.ts'
import type { BackfillItem } from '../../src/runtime/operations-backfill-types.ts'
import { openStage, orderOf, type Product, type Stage, until, untilHeld } from './stage.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const ANN = { by: 'ann' }
const LATER = '2030-01-01T00:00:00Z'
const WANTED = { connection: 'shop', stream: 'order', since: '2024-01-01T00:00:00Z' }

let stage: Stage
afterEach(() => stage?.close())

const untilState = (product: Product, id: string, state: BackfillItem['state']) =>
  until(`backfill ${id} is ${state}`, async () => {
    const item = await product.running.operations.backfillShow({ id })
    return item.state === state && item
  })

/** Runs `tributary` until it ends. */
async function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: stage.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TRIBUTARY_LANG: 'en', ...env },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const timer = setTimeout(() => child.kill('SIGTERM'), 60_000)
  const [code, signal] = await new Promise<[number | null, string | null]>((ended) =>
    child.once('close', (...how) => ended(how)),
  )
  clearTimeout(timer)
  return { code, signal, out, err }
}

it('orders of before `from` become history; the preview counts what arrives; a second time adds nothing', async () => {
  // a flow that begins later polls nothing of before
  stage = await openStage({ erp: 'naive', polls: true, flow: { from: LATER } })
  await stage.shop.sell(40)
  // beyond the overlap of the first window
  await sleep(4_200)
  const product = await stage.start()
  const { operations } = product.running
  const preview = await operations.backfillPreview(WANTED)
  expect(preview).toMatchObject({ count: 40, exact: true, ids: null })
  expect((await operations.stats({})).orders).toBe(0)
  const made = await operations.backfillStart({ ...WANTED, ...ANN, why: 'first run' })
  expect(made).toMatchObject({ total: 40, exact: true, by: 'ann', why: 'first run' })
  const done = await untilState(product, made.id, 'done')
  expect(done).toMatchObject({ read: 40, added: 40, error: null })
  await until('all are documents', async () => (await operations.stats({})).orders === 40)
  for (const { id } of await stage.shop.orders()) {
    await until('planned', async () => (await orderOf(product, String(id)))?.progress === 'history')
  }
  const again = await operations.backfillStart({ ...WANTED, ...ANN })
  expect(await untilState(product, again.id, 'done')).toMatchObject({ read: 40, added: 0 })
  expect(await operations.stats({})).toMatchObject({ received: 40, orders: 40, confirmed: 0, shadowed: 0 })
  expect(await stage.erp.held()).toEqual([])
  const list = await operations.backfillList({ connection: 'shop', limit: 1 })
  expect(list.items.map((i) => i.id)).toEqual([again.id])
  expect((await operations.backfillList({ limit: 1, after: list.next! })).items[0]!.id).toBe(made.id)
})

it('killed in the middle it goes on at its page; everything arrives once, in the ERP too', async () => {
  stage = await openStage({ erp: 'naive', flow: { every: '0 0 0 29 2 *' } })
  const sold = await stage.shop.sell(60)
  const file = join(stage.folder, 'tributary.yaml')
  writeFileSync(file, stage.config())
  await sleep(1_100)
  // nobody runs: it is written down
  const asked = ['backfill', 'start', 'shop', 'order', '--since', '2d', '--yes', '--config', file]
  const started = await run([...asked, '--json'])
  expect(started).toMatchObject({ code: 0 })
  const { id, state } = JSON.parse(started.out) as BackfillItem
  expect(state).toBe('planned')
  const dead = await run(['start', '--config', file], { TRIBUTARY_CRASH_AT: 'backfill.page-committed:2' })
  expect(dead.signal).toBe('SIGKILL')
  const { rows, inbox } = await standing()
  expect(rows[0]).toMatchObject({ state: 'running', read: inbox, error: null })
  expect(inbox).toBeGreaterThan(0)
  expect(inbox).toBeLessThan(60)

  const product = await stage.start()
  const done = await untilState(product, id, 'done')
  expect(done).toMatchObject({ read: 60, added: 60, total: 60 })
  const documents = sold.filter((o) => o.expect === 'document')
  const held = await untilHeld(stage.erp, documents.length)
  expect(held.map((d) => d.orderId).sort()).toEqual(documents.map((o) => o.orderId).sort())
  expect((await product.running.operations.stats({})).received).toBe(60)
}, 120_000)

/** What the ledger says while nobody runs. */
async function standing() {
  const db = await openPglite(join(stage.folder, 'data'))
  try {
    await db.query('set search_path = tributary')
    const { rows } = await db.query('select state, read, error from backfill')
    const inbox = await db.query<{ n: number }>('select count(*) as n from inbox')
    return { rows, inbox: inbox.rows[0]!.n }
  } finally {
    await db.close()
  }
}

it('paused it stands still, polls go on meanwhile, resumed it reads the rest', async () => {
  stage = await openStage({ erp: 'naive', polls: true, flow: { mode: 'shadow' } })
  await stage.shop.sell(130)
  await sleep(1_100)
  const product = await stage.start()
  const { operations } = product.running
  await until('all are polled', async () => (await operations.stats({})).orders === 130)
  await stage.shop.faults({ latency: { probability: 1, min: 400, max: 400 } })
  const since = new Date(Date.now() - 3_600_000).toISOString()
  const { id } = await operations.backfillStart({ ...WANTED, since, ...ANN })
  await until('a page was read', async () => (await operations.backfillShow({ id })).read > 0)
  const paused = await operations.backfillPause({ id, ...ANN })
  expect(paused.state).toBe('paused')
  await expect(operations.backfillPause({ id, ...ANN })).rejects.toMatchObject({ code: 'RUNTIME_STATE' })
  const { read } = await operations.backfillShow({ id })
  expect(read).toBeLessThan(130)
  await stage.shop.faults({ off: 1 })
  await stage.shop.sell(3)
  await until('new ones are polled', async () => (await operations.stats({})).orders === 133)
  expect(await operations.backfillShow({ id })).toMatchObject({ state: 'paused', read })
  await operations.backfillResume({ id, ...ANN })
  // the range ended when it was asked for
  expect(await untilState(product, id, 'done')).toMatchObject({ read: 130, added: 0 })
  await expect(operations.backfillCancel({ id, ...ANN })).rejects.toMatchObject({ code: 'RUNTIME_STATE' })
})

it('from the shell: by ids of a file, those that the shop does not have are named', async () => {
  stage = await openStage({ erp: 'naive', flow: { mode: 'shadow' } })
  const sold = await stage.shop.sell(3)
  const file = join(stage.folder, 'tributary.yaml')
  writeFileSync(file, stage.config())
  const ids = join(stage.folder, 'ids.csv')
  writeFileSync(
    ids,
    `order id,note\r\n${sold[0]!.orderId},a\r\n"${sold[2]!.orderId}",b\r\n7999999999999,c\r\n`,
  )
  const product = await stage.start()
  const shell = (...args: string[]) => run(['backfill', ...args, '--config', file])
  const done = await shell('start', 'shop', 'order', '--ids', ids, '--yes', '--follow', '--why', 'a gap')
  expect(done.err).toContain('3 ids')
  expect(done.out).toMatch(
    /done\n\s+2 \/ 3 read, 2 of them new\n\s+1 ids are not in the source: 7999999999999/,
  )
  expect(done.code).toBe(4)
  expect((await product.running.operations.stats({})).received).toBe(2)
  expect((await shell('list', '--state', 'done')).out).toMatch(/shop +order +done +2 \/ 3 +2/)
  expect(await shell('show', '99')).toMatchObject({ code: 1 })
  expect((await shell('start', 'shop', 'parcel', '--since', '2020-01-01', '--yes')).err).toContain(
    'no stream "parcel"',
  )
  expect((await shell('start', 'shop', 'order', '--yes')).code).toBe(2)
  expect((await shell('start', 'shop', 'order', '--since', '2031-01-01', '--yes')).code).toBe(2)
}, 60_000)
