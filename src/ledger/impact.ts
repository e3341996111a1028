/** What a changed configuration would touch, counted in short statements and within a limit of time. */
import { setImmediate as breath } from 'node:timers/promises'
import type { Queryable } from './database.ts'
import { IN_RANGE, type OrderRange, windowEnd } from './replan.ts'

/** Rows that one statement looks at. */
const WINDOW = 5000

/** Orders; `complete` false: time was over, there are at least so many. */
export interface CountedOrders {
  /** The flow has no push of them. */
  fresh: number
  /** The flow has planned them and not sent them. */
  unsent: number
  complete: boolean
}

/** Orders of these ranges that may be pushed as they stand: paid, neither cancelled nor refunded. */
export async function countOrders(
  db: Queryable,
  flow: string,
  ranges: OrderRange[],
  milliseconds: number,
): Promise<CountedOrders> {
  const end = Date.now() + milliseconds
  const sum = { fresh: 0, unsent: 0, complete: true }
  for (let after = 0; ; await breath()) {
    const upper = await windowEnd(db, after, WINDOW)
    if (upper === null) return sum
    const { rows } = await db.query<{ fresh: number; unsent: number }>(
      `select count(*) filter (where p.states is null) as fresh,
              count(*) filter (where 'planned' = any(p.states)) as unsent
         from document d join document_version v on v.document_id = d.id and v.seq = d.seq
        cross join lateral (select array_agg(state) as states from push
                             where document_id = d.id and flow = $4 and state <> 'withdrawn') p
        where d.id > $2 and d.id <= $3 and ${IN_RANGE} and v.content->>'state' <> 'cancelled'
          and v.content->>'payment' in ('paid', 'part-refunded')`,
      [JSON.stringify(ranges), after, upper, flow],
    )
    sum.fresh += rows[0]!.fresh
    sum.unsent += rows[0]!.unsent
    after = upper
    if (Date.now() > end) return { ...sum, complete: false }
  }
}

/** Pushes of one flow: those kept in shadow, and those that are planned and would be sent. */
export interface FlowPushes {
  shadowed: number
  planned: number
  complete: boolean
}

export async function countFlowPushes(
  db: Queryable,
  flow: string,
  milliseconds: number,
): Promise<FlowPushes> {
  const end = Date.now() + milliseconds
  const sum = { shadowed: 0, planned: 0, complete: true }
  for (let after = 0; ; await breath()) {
    const { rows } = await db.query<{ upper: number | null; shadowed: number; planned: number }>(
      `with w as (select id, flow, state, mode from push where id > $2 order by id limit ${WINDOW * 4})
       select max(id) as upper, count(*) filter (where flow = $1 and state = 'shadowed') as shadowed,
              count(*) filter (where flow = $1 and state = 'planned' and mode = 'live') as planned from w`,
      [flow, after],
    )
    const { upper, shadowed, planned } = rows[0]!
    if (upper === null) return sum
    sum.shadowed += shadowed
    sum.planned += planned
    after = upper
    if (Date.now() > end) return { ...sum, complete: false }
  }
}

/** What waits for a connection: documents to be written there, and records of it to be read or mapped. */
export async function countWaiting(
  db: Queryable,
  connection: string,
): Promise<{ pushes: number; records: number }> {
  const { rows } = await db.query<{ pushes: number; records: number }>(
    `select (select count(*) from (select 1 from push where connection = $1
                and state in ('planned', 'sending', 'unknown', 'accepted') limit 100000) p) as pushes,
            (select count(*) from (select 1 from inbox where connection = $1 and state = 'hint' limit 100000) h)
            + (select count(*) from (select 1 from inbox where connection = $1 and state = 'new' limit 100000) n) as records`,
    [connection],
  )
  return rows[0]!
}
