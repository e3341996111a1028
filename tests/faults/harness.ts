/**
 * One fault run: a shop that goes on selling, an ERP that misbehaves, storage that comes and goes, and a
 * product that is killed over and over; then quiet, a stop as an operator would do it, and a verdict.
 */
import { copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Expectation } from '../../src/sandbox/generate/expectation.ts'
import { random } from '../../src/sandbox/generate/random.ts'
import { judge, type Verdict } from './judge.ts'
import { type Death, Product, waiting } from './product.ts'
import { killerOf, POLL_AGE, SHOP_FAULTS } from './shops.ts'
import { planTroubles, type Step, type TroubleOptions } from './trouble.ts'
import { ask, type Erp, openWorld, type Storage, tell, type World, type WorldOptions } from './world.ts'

export interface RunOptions extends Omit<WorldOptions, 'polls' | 'concurrency'> {
  storage: Storage
  erp: Erp
  seed: number
  orders: number
  kills: number
  crashes: TroubleOptions['crashes']
  /** Longest life between two troubles, milliseconds. */
  longest: number
  /** One order's record kills whoever maps it. */
  killer: boolean
  /** How long the rest may take once trouble has ended, milliseconds. */
  quietWithin: number
  polls?: boolean
  concurrency?: number
  /** ERP's misbehaviour; the usual when left out. */
  erpFaults?: Record<string, unknown>
  shopFaults?: Record<string, unknown>
  /** A rule that the product is told to break. */
  sabotage?: string
  /** Told what happens, line by line. */
  say?: (line: string) => void
}

export interface Report extends Verdict {
  seconds: number
  seed: number
  kills: number
  crashes: string[]
  /** Lives that the deadly record ended. */
  deaths: number
}

const ERP_FAULTS = {
  latency: { probability: 0.3, min: 5, max: 250 },
  resetBefore: 0.03,
  resetAfter: 0.04,
  empty200: 0.03,
  error500After: 0.02,
  status429: 0.03,
  status500: 0.02,
}
const NC_FAULTS = { malformed: 0.02, slow: { probability: 0.1, min: 50, max: 400 } }
/** Runs it. Throws only when the stage itself breaks; what the product did wrong is in `problems`. */
export async function runFaults(options: RunOptions): Promise<Report> {
  const began = performance.now()
  const say = options.say ?? (() => undefined)
  const { polls = true, concurrency = options.erp === 'naive' ? 32 : 4 } = options
  const world = await openWorld({ ...options, polls, concurrency })
  const killer = options.killer ? killerOf(options) : null
  const product = new Product({
    folder: world.folder,
    url: world.product.url,
    embedded: options.storage === 'embedded',
    env: options.sabotage ? { TRIBUTARY_SABOTAGE: options.sabotage } : {},
  })
  const steps = planTroubles(options, random(options.seed))
  const run: Run = {
    options,
    world,
    product,
    killer,
    steps,
    say,
    kills: 0,
    deaths: 0,
    crashes: [],
    problems: [],
  }
  try {
    await run.product.start(killerEnv(run))
    await misbehave(run)
    await troubles(run)
    await untilQuiet(run)
    await stopProduct(run)
    const verdict = await judge(world, killer)
    const problems = [...run.problems, ...verdict.problems]
    const seconds = Math.round((performance.now() - began) / 1000)
    const { kills, crashes, deaths } = run
    if (problems.length > 0) say(`its log: ${keepLog(world, options)}`)
    return { ...verdict, problems, seconds, seed: options.seed, kills, crashes, deaths }
  } finally {
    await product.kill()
    product.close()
    await world.close()
  }
}

/** What the product wrote in all its lives, kept for a look when a fault was found. */
function keepLog({ folder }: World, { shop = 'shopify', erp, storage, seed }: RunOptions): string {
  const kept = join(tmpdir(), `tributary-fault-${shop}-${erp}-${storage}-${seed}.log`)
  copyFileSync(join(folder, 'product.log'), kept)
  return kept
}

interface Run {
  options: RunOptions
  world: World
  product: Product
  killer: string | null
  steps: Step[]
  say: (line: string) => void
  kills: number
  deaths: number
  crashes: string[]
  problems: string[]
}

const killerEnv = (run: Run): Record<string, string> =>
  run.killer ? { TRIBUTARY_CRASH_ON_RECORD: run.killer } : {}

async function misbehave({ options, world }: Run): Promise<void> {
  const { seed, erp, shop = 'shopify' } = options
  const usual = erp === 'naive' ? ERP_FAULTS : { ...ERP_FAULTS, ...NC_FAULTS }
  await tell(`${world.erp.url}/_sandbox/faults`, { seed, ...(options.erpFaults ?? usual) })
  await tell(`${world.shop.url}/_sandbox/faults`, { seed, ...(options.shopFaults ?? SHOP_FAULTS[shop]) })
}

/** Places orders at once, some of which are changed within the next seconds. */
async function sell({ options, world }: Run, count: number): Promise<void> {
  const { seed } = options
  const request = { count, seed, rate: 0, hard: true, changes: true, changeWithin: 6000 }
  if (count > 0) await tell(`${world.shop.url}/_sandbox/orders`, request)
}

/** Every trouble finds a share of the orders on their way; the last share is kept for what was not reached. */
async function troubles(run: Run): Promise<void> {
  const again: Step[] = []
  const share = run.options.orders / (run.steps.length + 2)
  let sold = 0
  const upTo = async (whole: number) => {
    await sell(run, Math.floor(whole) - sold)
    sold = Math.floor(whole)
  }
  for (const [i, step] of run.steps.entries()) {
    await upTo((i + 1) * share)
    if (!(await trouble(run, step, REACHED_WITHIN))) again.push(step)
  }
  for (const [i, step] of again.entries()) {
    // sold only when the product waits armed: on a slow machine all webhooks may be over before it has started
    const armed = () => upTo(((i + 1) / again.length) * share + run.steps.length * share)
    const second = { ...step, after: 0, ...('pass' in step ? { pass: 1 } : {}) }
    if (await trouble(run, second, 3 * REACHED_WITHIN, armed)) continue
    if (step.do === 'crash') run.problems.push(`crash: ${step.at} was never reached`)
  }
  await upTo(run.options.orders)
}

/** How the product ended, or null when it lives on; leaves no timer behind. */
async function endedWithin(product: Product, ms: number): Promise<Death | null> {
  const enough = new AbortController()
  const asleep = sleep(ms, null, { signal: enough.signal }).catch(() => null)
  try {
    return await Promise.race([product.ended, asleep])
  } finally {
    enough.abort()
  }
}

/** Lets the product live for a while; what dies of the deadly record begins anew. */
async function live(run: Run, ms: number): Promise<void> {
  const end = Date.now() + ms
  for (;;) {
    await ensureAlive(run)
    const left = end - Date.now()
    if (left <= 0) return
    const death = await endedWithin(run.product, left)
    if (death) noteDeath(run, death)
  }
}

async function ensureAlive(run: Run): Promise<void> {
  while (!run.product.running) {
    if (!(await run.product.start(killerEnv(run)))) noteDeath(run, await run.product.ended)
  }
}

function noteDeath(run: Run, death: { code: number | null; signal: string | null }): void {
  run.deaths += 1
  if (death.signal !== 'SIGKILL' || !run.product.tail.includes('deadly record')) {
    run.problems.push(
      `exit: the product ended by itself (${death.signal ?? death.code}):\n${run.product.tail.slice(-800)}`,
    )
  }
}

/** Waits for a crash point this long, in milliseconds. */
const REACHED_WITHIN = 12_000

/** `armed`: called when the product is up and will die at the step's crash point. */
async function trouble(
  run: Run,
  step: Step,
  patience: number,
  armed?: () => Promise<void>,
): Promise<boolean> {
  await live(run, step.after)
  const { world, product } = run
  run.say(`${step.do} ${'at' in step ? `${step.at}:${step.pass}` : 'how' in step ? step.how : ''}`)
  if (step.do === 'postgres') await world.postgres!.restart(step.how)
  else if (step.do === 'redis') await (step.how === 'flush' ? world.redis!.flush() : world.redis!.restart())
  else if (step.do === 'erp') {
    await world.erp.restart()
    await misbehave(run)
  } else {
    if (await product.kill()) run.kills += 1
    if (step.do === 'crash') return crash(run, step, patience, armed)
  }
  return true
}

async function crash(
  run: Run,
  { at, pass }: Step & { do: 'crash' },
  patience: number,
  armed = async () => {},
): Promise<boolean> {
  const { product } = run
  const end = Date.now() + patience
  while (Date.now() < end) {
    const ready = await product.start({ ...killerEnv(run), TRIBUTARY_CRASH_AT: `${at}:${pass}` })
    if (ready) await armed()
    const death = ready ? await endedWithin(product, patience) : await product.ended
    if (!death) break
    if (product.tail.includes(`crash point ${at}`)) {
      run.crashes.push(at)
      return true
    }
    noteDeath(run, death)
  }
  run.say('  not reached')
  // an armed life must not go on: the point may be reached at any time
  await product.kill()
  return false
}

interface ShopStats {
  /** Of a shop that sends them. */
  webhooks?: { owed: number; waiting: number }
  streams: { changesDue: number; changesDone: number }[]
}

/** Nothing may move for this long, in milliseconds: two polls fit in. */
const STILL = 7_000

/**
 * A bill that NC refuses for its unknown article stays in doubt where an earlier answer was lost, and accepted
 * in big-file mode (judge.ts). When no more than such are left for this long, it is quiet.
 */
const PATIENT = 40_000

async function untilQuiet(run: Run): Promise<void> {
  const { world, options, say } = run
  const changing = async () => {
    const { streams } = await ask<ShopStats>(`${world.shop.url}/_sandbox/stats`)
    return streams.some((s) => s.changesDone < s.changesDue)
  }
  while (await changing()) await live(run, 300)
  await tell(`${world.shop.url}/_sandbox/faults`, { off: 1 })
  await tell(`${world.erp.url}/_sandbox/faults`, calm(options.erp, options))
  const expected = await ask<Expectation[]>(`${world.shop.url}/_sandbox/expected`)
  // the naive ERP says clearly what it refuses
  const refusable = options.erp === 'naive' ? 0 : expected.filter((e) => e.reason === 'unknown-sku').length
  const end = Date.now() + options.quietWithin
  let still = Date.now()
  let calmSince = Date.now()
  let last = ''
  while (Date.now() < end) {
    await live(run, 500)
    const { busy, doubtful, others } = await whatMoves(run)
    if (busy !== last) say(`waiting for ${busy || 'silence'}`)
    if (busy !== '' || last !== '') still = Date.now()
    if (others > 0 || doubtful > refusable) calmSince = Date.now()
    last = busy
    if (Date.now() - still > STILL || Date.now() - calmSince > PATIENT) return
  }
  run.problems.push(`quiet: after ${options.quietWithin} ms still ${last || 'moving'}`)
}

/** The naive ERP stays what it is: its lags and late commits are no fault that could be switched off. */
function calm(erp: Erp, { lag = [0, 20_000], lateBy = [0, 10_000], lateRate = 0.3 }: RunOptions): object {
  if (erp !== 'naive') return { off: 1 }
  return {
    off: 1,
    lag: { probability: 1, min: lag[0], max: lag[1] },
    late: { probability: lateRate, min: lateBy[0], max: lateBy[1] },
  }
}

interface Moving {
  /** In words; empty when nothing moves. */
  busy: string
  /** Pushes in doubt, being asked about, or accepted and not acknowledged. */
  doubtful: number
  /** Everything else. */
  others: number
}

async function whatMoves({ world, options: { polls = true, shop = 'shopify' } }: Run): Promise<Moving> {
  const product = await waiting(world.product.url)
  if (!product) return { busy: 'the product', doubtful: 0, others: 1 }
  const { webhooks } = await ask<ShopStats>(`${world.shop.url}/_sandbox/stats`)
  const { unread, sending = 0, unknown = 0, accepted = 0, ...hops } = product
  const doubt = { sending, unknown, accepted }
  const rest = {
    ...hops,
    webhooks: webhooks ? webhooks.owed + webhooks.waiting : 0,
    's since a whole poll': polls && unread! > POLL_AGE[shop] ? unread! : 0,
  }
  const sum = (of: Record<string, number>) => Object.values(of).reduce((a, b) => a + b, 0)
  const busy = Object.entries({ ...doubt, ...rest }).flatMap(([what, n]) => (n > 0 ? [`${n} ${what}`] : []))
  return { busy: busy.join(', '), doubtful: sum(doubt), others: sum(rest) }
}

/** As an operator would: SIGTERM, an end by itself within seconds, exit code 0. */
const STOPS_WITHIN = 10_000

async function stopProduct(run: Run): Promise<void> {
  await ensureAlive(run)
  const { code, signal, took } = await run.product.stop()
  run.say(`stopped in ${took} ms`)
  if (code !== 0)
    run.problems.push(`exit: SIGTERM ended it with ${signal ?? code}:\n${run.product.tail.slice(-800)}`)
  if (took > STOPS_WITHIN) run.problems.push(`exit: stopping took ${took} ms`)
}
