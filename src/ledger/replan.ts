/**
 * Orders that a changed flow asks to be planned again: window by window over the documents, its place kept in the
 * activation's row, so that whoever dies is followed by another. Planning twice makes nothing twice.
 */
import type { Database, Queryable } from './database.ts'

/** Orders of a connection, paid (or, where that is not known, placed) in [since, until). RFC 3339. */
export interface OrderRange {
  connection: string
  since: string
  until: string | null
}

export type Replan = OrderRange[]

/** Documents that one step passes. */
const WINDOW = 2000

/**
 * Whether an order `d` with its newest version `v` lies in one of the ranges of the first parameter. Validated
 * documents hold instants that the database reads.
 */
export const IN_RANGE = `d.kind = 'order' and exists (
  select 1 from jsonb_to_recordset($1::jsonb) as r(connection text, since timestamptz, until timestamptz)
   where r.connection = d.connection
     and coalesce(v.content->>'paidAt', v.content->>'placedAt')::timestamptz >= r.since
     and (r.until is null or coalesce(v.content->>'paidAt', v.content->>'placedAt')::timestamptz < r.until))`

/** The document ids of one window after `after`: its last one, or null at the end. */
export async function windowEnd(db: Queryable, after: number, size: number): Promise<number | null> {
  const { rows } = await db.query<{ id: number | null }>(
    'select max(id) as id from (select id from document where id > $1 order by id limit $2) w',
    [after, size],
  )
  return rows[0]?.id ?? null
}

/**
 * One step of the oldest activation that asks for it, up to `upTo` (a process must not plan for a configuration that
 * it does not run by). Answers how many orders became due, or null when nothing is left to do.
 */
export async function replanStep(
  db: Database,
  upTo: number,
  window: number = WINDOW,
): Promise<number | null> {
  const { rows: any } = await db.query('select 1 from activation where replan is not null and id <= $1', [
    upTo,
  ])
  if (any.length === 0) return null
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: number; replan: Replan; replan_after: number }>(
      `select id, replan, replan_after from activation where replan is not null and id <= $1
        order by id limit 1 for update skip locked`,
      [upTo],
    )
    const found = rows[0]
    if (!found) return null
    const upper = await windowEnd(tx, found.replan_after, window)
    if (upper === null) {
      await tx.query('update activation set replan = null where id = $1', [found.id])
      return 0
    }
    const { rowCount } = await tx.query(
      `update document d set plan_state = 'due', plan_after = now(), attempts = 0, claimed_until = null
         from document_version v
        where d.id > $2 and d.id <= $3 and d.plan_state = 'done' and v.document_id = d.id and v.seq = d.seq
          and ${IN_RANGE}`,
      [JSON.stringify(found.replan), found.replan_after, upper],
    )
    await tx.query('update activation set replan_after = $2 where id = $1', [found.id, upper])
    return rowCount
  })
}
