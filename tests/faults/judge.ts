/**
 * After a run: what the shop holds against what the ERP holds, order by order, from the sandboxes' own lists;
 * then what the ledger says about itself.
 */
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Database } from '../../src/ledger/database.ts'
import { openPglite } from '../../src/ledger/pglite.ts'
import { openPostgres } from '../../src/ledger/postgres.ts'
import { compare, compareParked, printDifference } from '../../src/sandbox/compare/compare.ts'
import type { Expectation } from '../../src/sandbox/generate/expectation.ts'
import { ask, type World } from './world.ts'

export interface Verdict {
  problems: string[]
  orders: number
  documents: number
  /** Orders with an open task whose ERP document shows an earlier version. */
  behind: number
  states: Record<string, number>
  journal: Record<string, number>
}

interface Said {
  states: Record<string, number>
  journal: Record<string, number>
  parked: { orderId: string; code: string; what: string }[]
  tasks: { number: string; kind: string }[]
  /** Pushes that are not final. */
  open: { orderId: string; number: string; state: string; code: string | null; attempt: number }[]
  leftovers: string[]
}

/** `killer`: external id of the record that was declared deadly, or null. */
export async function judge(world: World, killer: string | null): Promise<Verdict> {
  const said = await readLedger(world)
  const openTasks = new Set(said.tasks.map((t) => t.number))
  const comparison = await compare({
    shop: world.shop.url,
    shopKind: world.shopKind,
    erp: world.erp.url,
    erpKind: world.erpKind,
    openTasks,
  })
  const expected = await ask<Expectation[]>(`${world.shop.url}/_sandbox/expected`)
  const problems = [
    ...comparison.differences
      .filter((d) => d.orderId !== killer)
      .map((d) => `document: ${printDifference(d)}`),
    ...killerProblems(
      said,
      killer,
      comparison.differences.some((d) => d.orderId === killer && d.found === '0'),
    ),
    ...parkedProblems(said, expected, killer),
    ...taskProblems(said, expected, new Set(comparison.behind), await notedOrders(world)),
    ...pushProblems(said, expected),
    ...said.leftovers,
    ...(await queueLeftovers(world)),
  ]
  const { orders, documents, behind } = comparison
  return { problems, orders, documents, behind: behind.length, states: said.states, journal: said.journal }
}

function killerProblems(said: Said, killer: string | null, withoutDocument: boolean): string[] {
  if (killer === null) return []
  const codes = said.parked.filter((p) => p.orderId === killer).map((p) => p.code)
  if (codes.length > 0 && codes.every((c) => c === 'RECORD_KILLS') && withoutDocument) return []
  return [`parked: the deadly record ${killer} is parked as ${codes.join(', ') || 'nothing'}`]
}

/** The same order may be parked in several copies of its record; it counts once. */
function parkedProblems(said: Said, expected: Expectation[], killer: string | null): string[] {
  const all = [...said.parked, ...said.open.filter((p) => refusable(p, expected))]
  const others = [...new Set(all.map((p) => p.orderId))].filter((id) => id !== killer)
  const wrong = compareParked(
    expected,
    others.map((orderId) => ({ orderId })),
  )
  return wrong.map((d) => {
    const codes = said.parked.filter((p) => p.orderId === d.orderId).map((p) => `${p.what} ${p.code}`)
    return `parked: ${printDifference(d)} ${codes.join(', ')}`
  })
}

/**
 * For an article that the ERP does not know, as the shop's side has declared. In doubt and refused since: the
 * refusal proves nothing about the attempt whose answer was lost. In big-file mode NC never tells of a refusal.
 */
function refusable(push: Said['open'][number], expected: Expectation[]): boolean {
  const reason = expected.find((e) => e.orderId === push.orderId)?.reason
  return ['unknown', 'accepted'].includes(push.state) && reason === 'unknown-sku'
}

function pushProblems(said: Said, expected: Expectation[]): string[] {
  return said.open
    .filter((p) => !refusable(p, expected))
    .map((p) => `push: ${p.number} is ${p.state} at the end (${p.code ?? 'no code'}, attempt ${p.attempt})`)
}

/**
 * Orders with a seller's note, which an ERP's document may hold: a note that came later is worth a task, although the
 * documents here hold none.
 */
async function notedOrders({ shop, shopKind }: World): Promise<Set<string>> {
  if (shopKind === 'shopify') return new Set()
  const orders = await ask<{ name: string; trade: { memo: string | null } }[]>(`${shop.url}/_sandbox/orders`)
  return new Set(orders.filter((o) => o.trade.memo !== null).map((o) => o.name))
}

/** Each open task must stand for a document that is behind; each kind must be the right one. */
function taskProblems(
  said: Said,
  expected: Expectation[],
  behind: Set<string>,
  noted: Set<string>,
): string[] {
  const byNumber = new Map(expected.map((e) => [e.number, e]))
  return said.tasks.flatMap(({ number, kind }) => {
    if (!behind.has(number) && noted.has(number) && kind === 'amend-needed') return []
    if (!behind.has(number)) return [`task: ${number} has an open ${kind}, but its document is right`]
    const wanted = byNumber.get(number)?.expect === 'document' ? 'amend-needed' : 'cancel-needed'
    return kind === wanted ? [] : [`task: ${number} has an open ${kind}, ${wanted} is due`]
  })
}

async function readLedger(world: World): Promise<Said> {
  const db: Database = world.postgres
    ? openPostgres({ url: world.postgres.url, max: 2 })
    : await openPglite(join(world.folder, 'data'))
  try {
    const counts = async (sql: string) => {
      const { rows } = await db.query<{ name: string; n: number }>(sql)
      return Object.fromEntries(rows.map((r) => [r.name, r.n]))
    }
    const rows = async <R>(sql: string) => (await db.query<R>(sql)).rows
    return {
      states: await counts('select state as name, count(*) as n from push group by 1'),
      journal: await counts('select event as name, count(*) as n from journal group by 1'),
      parked: await parkedRows(db),
      open: await rows(
        `select order_id as "orderId", order_number as number, state, code, attempt from push
          where state in ('planned', 'sending', 'unknown', 'accepted', 'shadowed')`,
      ),
      tasks: await rows('select order_number as number, kind from task where closed_at is null'),
      leftovers: [
        ...(await left(
          db,
          'records not normalized',
          `select count(*) as n from inbox where state in ('new', 'hint')`,
        )),
        ...(await left(
          db,
          'documents not planned',
          `select count(*) as n from document where plan_state in ('due', 'waiting')`,
        )),
        ...(await left(db, 'pauses', 'select count(*) as n from pause')),
        ...(world.redis ? [] : await left(db, 'jobs in the queue', JOBS)),
      ],
    }
  } finally {
    await db.close()
  }
}

async function parkedRows(db: Database): Promise<Said['parked']> {
  const { rows } = await db.query<Said['parked'][number]>(
    `select coalesce(order_id, 'unnamed') as "orderId", code, what from parked where resolved_at is null`,
  )
  return rows
}

/** A wake-up of a poll may have been made in the very moment of stopping; work under way or failed may not stay. */
const JOBS = `select count(*) as n from bullmq.job where state in ('active', 'failed', 'completed', 'delayed')`

async function left(db: Database, what: string, sql: string): Promise<string[]> {
  const n = (await db.query<{ n: number }>(sql)).rows[0]!.n
  return n > 0 ? [`leak: ${n} ${what} at the end`] : []
}

/** Jobs in Redis, and connections that the product left open. */
async function queueLeftovers(world: World): Promise<string[]> {
  const problems: string[] = []
  if (world.redis) {
    const redis = new Redis(world.redis.url, { maxRetriesPerRequest: 3 })
    try {
      for (const key of await redis.keys('{tributary}:*')) {
        if (/:(active|failed|completed|delayed)$/.test(key))
          problems.push(`leak: the key ${key} is left in Redis`)
      }
      const clients = String(await redis.client('LIST'))
        .trim()
        .split('\n').length
      if (clients > 1) problems.push(`leak: ${clients - 1} connections to Redis are left`)
    } finally {
      redis.disconnect()
    }
  }
  if (world.postgres) {
    const client = new pg.Client({ connectionString: world.postgres.url })
    await client.connect()
    try {
      const { rows } = await client.query(
        `select count(*)::int as n from pg_stat_activity where application_name = 'tributary' and backend_type = 'client backend'`,
      )
      if (rows[0].n > 0) problems.push(`leak: ${rows[0].n} sessions in PostgreSQL are left`)
    } finally {
      await client.end()
    }
  }
  return problems
}
