/**
 * What waits for codes: things parked under MAPPING_CODE_MISSING. Their detail says `connection`, `table` and `key`
 * of the lookup that failed (whatever else holds, they cannot go on without it), and `keys`, JSON text, all pairs of
 * table and key that were missing at that time.
 */
import type { CodeKey } from './code.ts'
import type { Database, Queryable } from './database.ts'
import { type ParkedRow, parkedById, settleParked } from './parked-list.ts'
import { type Hand, type RuleOf, retryPushes } from './push-change.ts'

const WAITS = `k.resolved_at is null and k.code = 'MAPPING_CODE_MISSING'`
/** Its key is in the ledger, or among those of $1 (of tributary.yaml, or about to be imported). */
const MAPPED = `(
  exists (select 1 from code_entry c where c.connection = k.detail->>'connection'
             and c."table" = k.detail->>'table' and c.key = k.detail->>'key')
  or (k.detail->>'connection', k.detail->>'table', k.detail->>'key') in
     (select connection, "table", key
        from jsonb_to_recordset($1::jsonb) as g(connection text, "table" text, key text)))`

/** How many things wait for a key that the ledger has, or that is one of these. */
export async function countMapped(db: Queryable, keys: CodeKey[]): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*) as count from parked k where ${WAITS} and ${MAPPED}`,
    [JSON.stringify(keys)],
  )
  return rows[0]!.count
}

/** One step of setting going what waited. */
export interface Redriven {
  records: number
  documents: number
  pushes: number
  /** Connections whose deliveries are to be woken. */
  wake: string[]
  /** Where the next step begins; null: this was the last one. */
  next: number | null
}

/** Things that one step sets going. */
const STEP = 500

/**
 * Sets going at most some hundreds of the things whose key the ledger has, or `stated` holds (those of
 * tributary.yaml), from `after` on. What a person must decide
 * first (`push-change.ts`), and what has lost its bytes, stays parked. Harmless at any time: it follows from the
 * ledger alone, so after a death anybody may go on.
 */
export async function redriveMapped(
  db: Database,
  stated: CodeKey[],
  after: number,
  hand: Hand,
  rules: RuleOf,
): Promise<Redriven> {
  const { rows } = await db.query<{ id: number }>(
    `select k.id from parked k where ${WAITS} and ${MAPPED} and k.id > $2 order by k.id limit ${STEP}`,
    [JSON.stringify(stated), after],
  )
  const parked = await parkedById(
    db,
    rows.map((r) => r.id),
  )
  const others = parked.filter((p) => p.what !== 'push')
  const done = new Set(others.length > 0 ? await settleParked(db, others, 'retry', hand) : [])
  const pushes = parked.filter((p) => p.what === 'push').map((p) => p.ref)
  const retried = pushes.length > 0 ? await retryPushes(db, pushes, hand, rules) : { changed: [], wake: [] }
  const of = (what: ParkedRow['what']) => others.filter((p) => p.what === what && done.has(p.id)).length
  return {
    records: of('record'),
    documents: of('document'),
    pushes: retried.changed.length,
    wake: retried.wake,
    next: rows.length === STEP ? rows.at(-1)!.id : null,
  }
}

/** True when an import is so young that somebody may still have parked a thing by the tables before it. */
export async function codesAreFresh(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ fresh: boolean }>(
    `select changed_at > now() - interval '10 minutes' as fresh from code_revision`,
  )
  return rows[0]?.fresh ?? false
}

export interface MissingRow extends CodeKey {
  /** Orders (or other things, where no order is known) that cannot go on without it. */
  orders: number
  /** Minor units of all that is known of their totals, by currency. */
  amounts: Record<string, number>
  since: Date
  /** Order keys `<connection>/<id>` of the oldest, at most three. */
  examples: string[]
}

/** Keys that are missing, those that hold up most orders first. An order counts once under each of its keys. */
export async function missingCodes(
  db: Queryable,
  { connection, table }: { connection?: string | undefined; table?: string | undefined },
): Promise<MissingRow[]> {
  const { rows } = await db.query<MissingPart>(
    `with waiting as (
       select distinct on (1, 2, 3, 4) k.detail->>'connection' as connection, p->>0 as "table", p->>1 as key,
              k.connection || '/' || coalesce(k.order_id, k.what || ' ' || k.ref) as subject,
              k.at, k.detail->>'currency' as currency, (k.detail->>'amount')::bigint as amount
         from parked k cross join lateral jsonb_array_elements((k.detail->>'keys')::jsonb) p
        where ${WAITS} and ($1::text is null or k.detail->>'connection' = $1) and ($2::text is null or p->>0 = $2)
        order by 1, 2, 3, 4, amount nulls last)
     select connection, "table", key, currency, count(*) as orders, sum(amount)::bigint as amount, min(at) as since,
            (array_agg(subject order by at, subject))[1:3] as examples
       from waiting w
      where not exists (select 1 from code_entry c
                         where c.connection = w.connection and c."table" = w."table" and c.key = w.key)
      group by 1, 2, 3, 4`,
    [connection, table],
  )
  const all = [...Map.groupBy(rows, (r) => JSON.stringify([r.connection, r.table, r.key])).values()].map(
    joined,
  )
  return all.sort((a, b) => b.orders - a.orders || byName(a, b))
}

/** The same key comes once per currency of its orders. */
interface MissingPart extends Omit<MissingRow, 'amounts'> {
  currency: string | null
  amount: number | null
}

function joined(parts: MissingPart[]): MissingRow {
  const { connection, table, key } = parts[0]!
  const known = parts.filter((p) => p.currency !== null && p.amount !== null)
  return {
    connection,
    table,
    key,
    orders: parts.reduce((sum, p) => sum + p.orders, 0),
    amounts: Object.fromEntries(known.map((p) => [p.currency!, p.amount!])),
    since: new Date(Math.min(...parts.map((p) => p.since.getTime()))),
    examples: parts.flatMap((p) => p.examples).slice(0, 3),
  }
}

function byName(a: CodeKey, b: CodeKey): number {
  const [x, y] = [a, b].map((k) => JSON.stringify([k.connection, k.table, k.key]))
  return x! < y! ? -1 : 1
}
