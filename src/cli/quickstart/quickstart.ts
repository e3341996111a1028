/**
 * `tributary start` without a configuration: sandbox shops and a sandbox ERP in processes of their own, a
 * stream of orders with everything that hurts, the real pipe between them, and a comparer that reads both
 * sides raw.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TributaryError } from '../../core/errors/error.ts'
import { startHttp } from '../../http/server.ts'
import { lockFolder } from '../../ledger/folder-lock.ts'
import { prepareFolder } from '../../ledger/pglite.ts'
import { parseConfig } from '../../runtime/config.ts'
import { createLog } from '../../runtime/log.ts'
import type { Running, Stats } from '../../runtime/operations.ts'
import { startRuntime } from '../../runtime/start.ts'
import { printDifference } from '../../sandbox/compare/compare.ts'
import { KNOWN_SKUS } from '../../sandbox/generate/catalogue.ts'
import { type Cli, EXIT } from '../context.ts'
import { listenForStop } from '../stop.ts'
import { widthOf } from '../table.ts'
import { createBoard } from './board.ts'
import { ACCESS, quickstartConfig } from './config.ts'
import { watchFirsts } from './first.ts'
import { judge } from './judge.ts'
import { freePort, type Sandbox, startSandbox } from './processes.ts'
import { type Generated, generate, generated, SHOPS, type ShopUrls } from './shops.ts'

export interface QuickstartOptions {
  /** How many orders the shops sell. */
  orders: number
  /** End by itself: compare, tell, exit 0 or 4. */
  exit: boolean
  port?: number
  erp: 'yonyou-nc' | 'naive-erp'
  seed?: number
}

interface Stage {
  shops: ShopUrls
  erp: Sandbox
  running: Running
  url: string
  folder: string
  close(): Promise<void>
}

/** Runs the quickstart until it is stopped (or, with `exit`, until everything has arrived). */
export async function runQuickstart(cli: Cli, options: QuickstartOptions): Promise<void> {
  // `--exit` is for scripts: a signal ends it as it ends any of them
  const stop = options.exit ? null : listenForStop(cli)
  const stage = await setUp(options)
  const ending = { asked: false }
  const shown = watch(cli, stage, options, ending)
  if (!stop) {
    try {
      await shown
      cli.exit(await verdict(cli, stage, options))
    } finally {
      await stage.close()
    }
    return
  }
  const told = shown.then(() => {
    if (!ending.asked) cli.remark(where(cli, stage, options))
  })
  const failed = told.then(() => new Promise<never>(() => undefined))
  await stop.wait(
    async () => {
      // the board looks at the sandboxes: it goes first
      ending.asked = true
      await told.catch(() => undefined)
      await stage.close()
    },
    failed.catch((error: unknown) => error),
  )
}

async function setUp(options: QuickstartOptions): Promise<Stage> {
  const folder = resolve('data', 'quickstart')
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    const port = options.port ?? (await freePort())
    const fresh = join(folder, `run-${Date.now().toString(36)}`)
    clear(folder, fresh)
    const ledger = join(fresh, 'ledger')
    const [shopify, taobao, erp] = await Promise.all([
      startSandbox('shopify', {
        ...ACCESS.shopify,
        log: join(fresh, 'shopify.jsonl'),
        webhookUrl: `http://127.0.0.1:${port}/webhooks/shopify/{topic}`,
      }),
      startSandbox('taobao', { ...ACCESS.taobao, log: join(fresh, 'taobao.jsonl') }),
      startErp(options.erp, join(fresh, 'erp.jsonl')),
      // the slowest part of a first start, so it runs beside the others
      prepareFolder(ledger),
    ])
    closers.push(...[shopify, taobao, erp].map((sandbox) => () => sandbox.stop()))
    const shops = { shopify: shopify.url, taobao: taobao.url }
    const from = hourAgo()
    const at = { data: ledger, port, shops, erp: erp.url, from, erpKind: options.erp }
    const file = join(fresh, 'tributary.yaml')
    writeFileSync(file, quickstartConfig(at))
    const config = parseConfig(quickstartConfig(at), file, process.env)
    const log = createLog({ level: 'error' })
    const running = await startRuntime(config, { role: 'all', log })
    closers.push(() => running.close())
    const http = await startHttp({ running, host: '127.0.0.1', port, log })
    closers.push(() => http.close())
    return { shops, erp, running, url: http.url, folder: fresh, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Earlier quickstarts are cleared away, unless one still runs. */
function clear(folder: string, fresh: string): void {
  mkdirSync(fresh, { recursive: true })
  for (const run of readdirSync(folder)) {
    const old = join(folder, run)
    if (old !== fresh && !isHeld(join(old, 'ledger'))) rmSync(old, { recursive: true, force: true })
  }
}

function isHeld(ledger: string): boolean {
  if (!existsSync(ledger)) return false
  try {
    lockFolder(ledger).release()
    return false
  } catch (error) {
    if (error instanceof TributaryError) return true
    throw error
  }
}

/** Before anything is sold; a shop that is asked from years ago on is asked for a long time. */
const hourAgo = () => `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 16)}:00Z`

function startErp(kind: QuickstartOptions['erp'], log: string): Promise<Sandbox> {
  if (kind === 'yonyou-nc') {
    const { senders, ...nc } = ACCESS['yonyou-nc']
    const options = { ...nc, senders: [senders], encoding: 'GBK', dealRule: 'per-bill' }
    return startSandbox('yonyou-nc', { ...options, log })
  }
  return startSandbox('naive-erp', {
    ...ACCESS['naive-erp'],
    items: [...KNOWN_SKUS, 'SHIPPING', 'CHARGE'],
    // shorter than the connector's own patience, so that the quickstart stays quick
    holdMs: 1000,
    lag: [0, 2000],
    lateBy: [0, 1000],
    log,
  })
}

/** Orders of each shop that the board names. */
const LATEST = 3

/** Starts the stream of orders and draws the board until all of it has come to rest. */
async function watch(
  cli: Cli,
  stage: Stage,
  options: QuickstartOptions,
  ending: { asked: boolean },
): Promise<void> {
  const { operations } = stage.running
  const board = createBoard(process.stderr, cli.say)
  const firsts = watchFirsts(operations, { url: stage.erp.url, kind: options.erp })
  cli.remark(cli.say('quickstart', { places: places(stage) }))
  await generate(stage.shops, {
    count: options.orders,
    seed: options.seed ?? 1,
    rate: options.exit ? 200 : 25,
  })
  let quietSince = 0
  while (!ending.asked) {
    await sleep(500)
    const [stats, made] = await Promise.all([operations.stats({}), generated(stage.shops)])
    if (!cli.json()) {
      for (const first of await firsts()) board.note(cli.say('quickstart.first', { ...first }))
      const latest = await Promise.all(
        SHOPS.map((connection) => operations.ordersList({ connection, limit: LATEST })),
      )
      board.draw({ stats, made, latest: latest.flatMap((page) => page.items) })
    }
    if (!atRest(stats, made, options)) quietSince = 0
    else if (quietSince === 0) quietSince = Date.now()
    // one more poll and sweep must have found nothing to do
    else if (Date.now() - quietSince > 7_000) break
  }
  board.end()
}

function atRest({ waiting }: Stats, made: Generated, options: QuickstartOptions): boolean {
  const idle = Object.values(waiting).every((count) => count === 0)
  return made.all >= options.orders && made.done && idle
}

/** Compares both sides raw, and tells. Answers the exit code. */
async function verdict(cli: Cli, stage: Stage, options: QuickstartOptions): Promise<number> {
  const { shops, erp, running } = stage
  const found = await judge({ shops, erp: erp.url, erpKind: options.erp, operations: running.operations })
  const differences = found.flatMap((one) => one.differences)
  const sum = (of: (one: (typeof found)[number]) => number) => found.reduce((n, one) => n + of(one), 0)
  const counts = {
    orders: sum((one) => one.orders),
    documents: sum((one) => one.documents),
    matched: sum((one) => one.matched),
    parked: sum((one) => one.parked),
  }
  const behind = found.flatMap((one) => one.behind)
  const told = found.map((one) => ({
    ...one,
    behind: one.behind.length,
    differences: one.differences.length,
  }))
  const all = {
    shop: cli.say('quickstart.all'),
    ...counts,
    behind: behind.length,
    differences: differences.length,
  }
  const width = Math.max(...[...told, all].map(({ shop }) => widthOf(shop)))
  const pad = (shop: string) => shop + ' '.repeat(width - widthOf(shop))
  cli.show({ ...counts, behind, differences, shops: told }, () =>
    [
      ...found.flatMap(({ shop, differences: wrong }) =>
        wrong.slice(0, 25).map((difference) => `${shop} ${printDifference(difference)}`),
      ),
      ...[...told, all].map((one) => cli.say('quickstart.compared', { ...one, shop: pad(one.shop) })),
    ].join('\n'),
  )
  return differences.length === 0 ? EXIT.ok : EXIT.found
}

/** Where everything listens, one line each. */
function places({ shops, erp, url }: Stage): string {
  const all = [...SHOPS.map((shop) => [shop, shops[shop]]), ['ERP', erp.url], ['Tributary', url]]
  return all.map(([name, at]) => `  ${name!.padEnd(9)}  ${at}`).join('\n')
}

function where(cli: Cli, stage: Stage, options: QuickstartOptions): string {
  const config = relative(process.cwd(), join(stage.folder, 'tributary.yaml'))
  const held = options.erp === 'yonyou-nc' ? 'bills' : 'documents'
  const raw = [
    ...SHOPS.map((shop) => [shop, `${stage.shops[shop]}/_sandbox/orders`]),
    ['ERP', `${stage.erp.url}/_sandbox/${held}`],
    ['metrics', `${stage.url}/metrics`],
  ]
  const places = raw.map(([name, at]) => `  ${`${name}:`.padEnd(9)} ${at}`).join('\n')
  return cli.say('quickstart.where', { config, places })
}
