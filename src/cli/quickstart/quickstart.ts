/**
 * `tributary start` without a configuration: a sandbox shop and a sandbox ERP in processes of their own, a
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
import type { Operations, Running, Stats } from '../../runtime/operations.ts'
import { startRuntime } from '../../runtime/start.ts'
import { compare, compareParked, printDifference } from '../../sandbox/compare/compare.ts'
import { KNOWN_SKUS } from '../../sandbox/generate/catalogue.ts'
import { type Cli, EXIT } from '../context.ts'
import { listenForStop } from '../stop.ts'
import { createBoard } from './board.ts'
import { quickstartConfig, SANDBOX } from './config.ts'
import { freePort, type Sandbox, startSandbox } from './processes.ts'
import { type Generated, generate, generated } from './shop.ts'

export interface QuickstartOptions {
  /** How many orders the shop sells. */
  orders: number
  /** End by itself: compare, tell, exit 0 or 4. */
  exit: boolean
  port?: number
  erp: 'yonyou-nc' | 'naive-erp'
  seed?: number
}

interface Stage {
  shop: Sandbox
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
      cli.exit(await judge(cli, stage, options))
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
    const [shop, erp] = await Promise.all([
      startSandbox('shopify', [
        ...['--token', SANDBOX.token, '--secret', SANDBOX.secret, '--log', join(fresh, 'shop.jsonl')],
        ...['--webhook-url', `http://127.0.0.1:${port}/webhooks/shop/{topic}`],
      ]),
      startErp(options.erp, join(fresh, 'erp.jsonl')),
      // the slowest part of a first start, so it runs beside the others
      prepareFolder(ledger),
    ])
    closers.push(
      () => shop.stop(),
      () => erp.stop(),
    )
    const at = { data: ledger, port, shop: shop.url, erp: erp.url, erpKind: options.erp }
    const file = join(fresh, 'tributary.yaml')
    writeFileSync(file, quickstartConfig(at))
    const config = parseConfig(quickstartConfig(at), file, process.env)
    const log = createLog({ level: 'error' })
    const running = await startRuntime(config, { role: 'all', log })
    closers.push(() => running.close())
    const http = await startHttp({ running, host: '127.0.0.1', port, log })
    closers.push(() => http.close())
    return { shop, erp, running, url: http.url, folder: fresh, close }
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

function startErp(kind: QuickstartOptions['erp'], log: string): Promise<Sandbox> {
  if (kind === 'yonyou-nc')
    return startSandbox('yonyou-nc', ['--encoding', 'GBK', '--deal-rule', 'per-bill', '--log', log])
  return startSandbox('naive-erp', [
    ...['--items', [...KNOWN_SKUS, 'SHIPPING', 'CHARGE'].join(',')],
    // shorter than the connector's own patience, so that the quickstart stays quick
    ...['--hold-ms', '1000'],
    '--token',
    SANDBOX.erpToken,
    '--lag',
    '0,2000',
    '--late-by',
    '0,1000',
    '--log',
    log,
  ])
}

/** Starts the stream of orders and draws the board until all of it has come to rest. */
async function watch(
  cli: Cli,
  stage: Stage,
  options: QuickstartOptions,
  ending: { asked: boolean },
): Promise<void> {
  const board = createBoard(process.stderr)
  cli.remark(cli.say('quickstart', { shop: stage.shop.url, erp: stage.erp.url, url: stage.url }))
  await generate(stage.shop.url, {
    count: options.orders,
    seed: options.seed ?? 1,
    rate: options.exit ? 200 : 25,
  })
  let quietSince = 0
  while (!ending.asked) {
    await sleep(500)
    const [stats, made] = await Promise.all([stage.running.operations.stats({}), generated(stage.shop.url)])
    if (!cli.json()) board.draw(stats, made.orders)
    if (!atRest(stats, made, options)) quietSince = 0
    else if (quietSince === 0) quietSince = Date.now()
    // one more poll and sweep must have found nothing to do
    else if (Date.now() - quietSince > 7_000) break
  }
  board.end()
}

function atRest({ waiting }: Stats, made: Generated, options: QuickstartOptions): boolean {
  const idle = Object.values(waiting).every((count) => count === 0)
  return made.orders >= options.orders && made.done && idle
}

/** Compares both sides raw. Answers the exit code. */
async function judge(cli: Cli, stage: Stage, options: QuickstartOptions): Promise<number> {
  const parked = await allParked(stage.running.operations)
  const openTasks = await tasksOf(stage, options)
  const result = await compare({ shop: stage.shop.url, erp: stage.erp.url, erpKind: options.erp, openTasks })
  const wrongParked = compareParked(
    result.parkedExpected,
    parked.map((id) => ({ orderId: id })),
  )
  const differences = [...result.differences, ...wrongParked]
  cli.show({ ...result, parked: parked.length, differences }, () =>
    [
      ...differences.slice(0, 50).map(printDifference),
      cli.say('quickstart.compared', {
        orders: result.orders,
        documents: result.documents,
        matched: result.matched,
        behind: result.behind.length,
        parked: parked.length,
        differences: differences.length,
      }),
    ].join('\n'),
  )
  return differences.length === 0 ? EXIT.ok : EXIT.found
}

async function allParked(operations: Operations): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  do {
    const page = await operations.parkedList({ limit: 500, ...(after ? { after } : {}) })
    for (const item of page.items)
      ids.push(item.order?.split('/').slice(1).join('/') ?? item.externalId ?? item.id)
    after = page.next ?? undefined
  } while (after)
  return ids
}

/** Orders whose document is knowingly behind: they changed after they were written, and a task says so. */
async function tasksOf(stage: Stage, options: QuickstartOptions): Promise<Set<string>> {
  const { differences } = await compare({ shop: stage.shop.url, erp: stage.erp.url, erpKind: options.erp })
  const open = new Set<string>()
  for (const orderId of new Set(differences.map((d) => d.orderId))) {
    const order = await stage.running.operations.orderShow({ ref: `shop/${orderId}` }).catch(() => null)
    if (order?.tasks.some((t) => t.state === 'open')) open.add(order.number)
  }
  return open
}

function where(cli: Cli, stage: Stage, options: QuickstartOptions): string {
  const config = relative(process.cwd(), join(stage.folder, 'tributary.yaml'))
  return cli.say('quickstart.where', {
    config,
    url: stage.url,
    shop: stage.shop.url,
    erp: stage.erp.url,
    held: options.erp === 'yonyou-nc' ? 'bills' : 'documents',
  })
}
