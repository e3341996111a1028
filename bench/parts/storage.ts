/** The three storage sizes, fresh, with durability as shipped. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../src/ledger/database.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { startPostgres, startRedis } from '../../tests/support/services.ts'
import { type Started, startScript } from './process.ts'
import { configText } from './product-config.ts'

export const SIZES = ['pglite', 'postgres', 'redis'] as const
export type Size = (typeof SIZES)[number]

export interface Storage {
  size: Size
  folder: string
  database: string | null
  redis: string | null
  /** The settings that decide about durability, to be printed beside every figure. */
  settings: string
  /** While the product does not run. */
  open(): Promise<Database>
  close(): Promise<void>
}

export async function openStorage(size: Size): Promise<Storage> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'))
  const clean = () => rmSync(folder, { recursive: true, force: true })
  if (size === 'pglite') {
    const open = () => openPglite(join(folder, 'data'))
    const settings = 'fsync on, every commit'
    return { size, folder, database: null, redis: null, settings, open, close: async () => clean() }
  }
  const postgres = await startPostgres()
  const redis = size === 'redis' ? await startRedis() : null
  const open = async () => openPostgres({ url: postgres.url })
  const db = await open()
  const { rows } = await db.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers') order by 1`,
  )
  await db.close()
  const shown = rows.map((r) => `${r.name}=${r.setting}`).join(' ')
  return {
    size,
    folder,
    database: postgres.url,
    redis: redis?.url ?? null,
    settings: `${shown}${redis ? '; redis: no persistence (the ledger needs none)' : ''}`,
    open,
    async close() {
      await redis?.stop()
      await postgres.stop()
      clean()
    },
  }
}

const MAIN = join(import.meta.dirname, '..', '..', 'src/cli/main.ts')

export function startProduct(
  storage: Storage,
  erp: string,
  port: number,
  role: 'start' | 'serve',
): Promise<Started> {
  const file = join(storage.folder, 'tributary.yaml')
  const { folder, database, redis } = storage
  writeFileSync(file, configText({ folder, port, erp, database, redis }))
  // as `npm start` starts it, or the image
  const args = [
    `--max-semi-space-size=${storage.size === 'pglite' ? 4 : 8}`,
    MAIN,
    '--json',
    '--config',
    file,
    role,
  ]
  return startScript(args, { MALLOC_ARENA_MAX: '1' })
}

export function startNc(): Promise<Started> {
  return startScript([MAIN, '--json', 'sandbox', 'yonyou-nc', '--deal-rule', 'per-bill'])
}

/** How many bills the NC sandbox has committed. */
export async function committed(nc: Started): Promise<number> {
  const stats = (await (await fetch(`${nc.url}/_sandbox/stats`)).json()) as { committed: number }
  return stats.committed
}

/** Waits until the NC sandbox has committed `count` bills; answers when that was. */
export async function allArrived(nc: Started, count: number, limit: number): Promise<number> {
  const end = Date.now() + limit
  while (Date.now() < end) {
    if ((await committed(nc)) >= count) return performance.now()
    await sleep(50)
  }
  throw new Error(`only part of ${count} bills arrived within ${limit / 1000} s`)
}
