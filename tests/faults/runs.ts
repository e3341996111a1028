/** The fault runs by name, short and full. */
import type { RunOptions } from './harness.ts'
import type { Erp, Shop, Storage } from './world.ts'

const SEED = Number(process.env.TRIBUTARY_FAULT_SEED ?? 20260101)

/** The ERP's real lags are up to 20 s and 10 s; a short run has a tenth of the time. */
const SHORT_NAIVE = {
  callTimeout: 1500,
  lag: [0, 2000],
  lateBy: [0, 1500],
  settle: 4500,
} satisfies Partial<RunOptions>

const FULL_NAIVE = {
  lag: [0, 20_000],
  lateBy: [0, 10_000],
  settle: 31_000,
  callTimeout: 6000,
  concurrency: 64,
} satisfies Partial<RunOptions>

function base(storage: Storage, erp: Erp, shop: Shop) {
  return { storage, erp, shop, seed: SEED } satisfies Partial<RunOptions>
}

/** Under a minute on an idle machine with two cores: a few kills, a few crash points. */
export function shortRun(storage: Storage, erp: Erp, shop: Shop = 'shopify'): RunOptions {
  const embedded = storage === 'embedded'
  return {
    ...base(storage, erp, shop),
    orders: Number(process.env.TRIBUTARY_FAULT_ORDERS ?? 120),
    kills: 3,
    crashes: embedded ? 5 : 3,
    longest: 1500,
    killer: embedded,
    quietWithin: 150_000,
    ...(erp === 'naive' ? SHORT_NAIVE : { callTimeout: 4000 }),
  }
}

/** 2,000 orders, 45 kills at random moments, every crash point, the deadly record. */
export function fullRun(storage: Storage, erp: Erp, shop: Shop = 'shopify'): RunOptions {
  return {
    ...base(storage, erp, shop),
    orders: Number(process.env.TRIBUTARY_FAULT_ORDERS ?? 2000),
    kills: 45,
    crashes: 'all',
    longest: storage === 'embedded' ? 4000 : 9000,
    killer: true,
    quietWithin: 600_000,
    ...(erp === 'naive' ? FULL_NAIVE : { callTimeout: 15_000 }),
  }
}

const STORAGES: Storage[] = ['embedded', 'postgres', 'postgres-redis']
const ERPS: Erp[] = ['nc-per-bill', 'nc-all-or-none', 'naive', 'nc-big-file']

/** `<erp> on <storage>` → options; the big-file mode on one size. `taobao on …`: orders of Taobao into NC. */
export function allRuns(full: boolean): Map<string, RunOptions> {
  const runs = new Map<string, RunOptions>()
  for (const erp of ERPS) {
    for (const storage of erp === 'nc-big-file' ? STORAGES.slice(2) : STORAGES) {
      runs.set(`${erp} on ${storage}`, full ? fullRun(storage, erp) : shortRun(storage, erp))
    }
  }
  for (const storage of ['embedded', 'postgres-redis'] as const) {
    const options = [storage, 'nc-per-bill', 'taobao'] as const
    runs.set(`taobao on ${storage}`, full ? fullRun(...options) : shortRun(...options))
  }
  return runs
}
