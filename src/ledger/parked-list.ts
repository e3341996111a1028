/** What waits for a person: pages of it, trying it again, giving it up. */
import type { Database, Queryable } from './database.ts'
import { journalSubject, tell } from './journal.ts'
import { unpark } from './parked.ts'
import type { Hand } from './push-change.ts'

export interface ParkedRow {
  id: number
  what: 'record' | 'document' | 'push'
  ref: number
  /** The record's or document's connection; for a push the one it was to be written into. */
  connection: string
  /** Where the order came from. */
  source: string
  order_id: string | null
  /** Inbox id of the record it was made from; null for a push. */
  record: number | null
  stream: string | null
  /** Kind of the document; of a record's the ledger does not know it, and whoever does fills it in. */
  kind: string | null
  attempts: number
  code: string
  detail: Record<string, string | number | null>
  at: Date
}

export interface ParkedListFilter {
  connection?: string
  code?: string
  what?: string
}

const SELECT = `
select k.id, k.what, k.ref, coalesce(p.connection, k.connection) as connection, k.connection as source, k.order_id,
       coalesce(i.id, v.inbox_id) as record, i.stream, coalesce(d.kind, p.kind) as kind, coalesce(i.attempts, d.attempts, p.attempt, 0) as attempts,
       k.code, k.detail, k.at
  from parked k
  left join inbox i on k.what = 'record' and i.id = k.ref
  left join document d on k.what = 'document' and d.id = k.ref
  left join document_version v on v.document_id = d.id and v.seq = d.seq
  left join push p on k.what = 'push' and p.id = k.ref
 where k.resolved_at is null`

/** One page below `before`, newest first. */
export async function listParked(
  db: Queryable,
  filter: ParkedListFilter,
  before: number,
  limit: number,
): Promise<{ rows: ParkedRow[]; next: number | null }> {
  const { connection, code, what } = filter
  const { rows } = await db.query<ParkedRow>(
    `${SELECT} and k.id < $1 and ($2::text is null or $2 in (k.connection, p.connection))
       and ($3::text is null or k.code = $3) and ($4::text is null or k.what = $4)
      order by k.id desc limit $5`,
    [before, connection, code, what, limit + 1],
  )
  const more = rows.length > limit
  return { rows: rows.slice(0, limit), next: more ? rows[limit - 1]!.id : null }
}

/** Open ones of an order. */
export async function parkedOfOrder(
  db: Queryable,
  connection: string,
  orderId: string,
): Promise<ParkedRow[]> {
  const { rows } = await db.query<ParkedRow>(
    `${SELECT} and k.connection = $1 and k.order_id = $2 order by k.id limit 100`,
    [connection, orderId],
  )
  return rows
}

/** Open ones by id. */
export async function parkedById(db: Queryable, ids: number[]): Promise<ParkedRow[]> {
  const { rows } = await db.query<ParkedRow>(`${SELECT} and k.id = any($1::bigint[])`, [ids])
  return rows
}

/** `retry`: mapped or planned again; `discard`: given up. Answers the ids of what was changed. */
export function settleParked(
  db: Database,
  rows: ParkedRow[],
  how: 'retry' | 'discard',
  hand: Hand,
): Promise<number[]> {
  return db.transaction(async (tx) => {
    const changed: ParkedRow[] = []
    for (const what of ['record', 'document'] as const) {
      const group = rows.filter((r) => r.what === what)
      if (group.length === 0) continue
      const refs = await change(tx, CHANGE[what][how], group)
      await unpark(tx, what, [...refs], `${how === 'retry' ? 'retried' : 'discarded'} by ${hand.by}`)
      changed.push(...group.filter((r) => refs.has(r.ref)))
    }
    await tell(
      tx,
      changed.map((r) => told(r, how, hand)),
    )
    return changed.map((r) => r.id)
  })
}

/** Compare-and-set on the state: what somebody else has settled meanwhile is left alone. */
const CHANGE = {
  record: {
    retry: `update inbox set state = 'new', attempts = 0, claimed_until = null, done_at = null
             where id = any($1::bigint[]) and state = 'parked' and block is not null returning id`,
    discard: `update inbox set state = 'discarded', claimed_until = null, done_at = now()
               where id = any($1::bigint[]) and state = 'parked' returning id`,
  },
  document: {
    retry: `update document set plan_state = 'due', plan_after = now(), attempts = 0, claimed_until = null
             where id = any($1::bigint[]) and plan_state = 'parked' returning id`,
    discard: `update document set plan_state = 'done', claimed_until = null
               where id = any($1::bigint[]) and plan_state = 'parked' returning id`,
  },
}

async function change(tx: Queryable, sql: string, rows: ParkedRow[]): Promise<Set<number>> {
  const refs = rows.map((r) => r.ref).sort((a, b) => a - b)
  const { rows: changed } = await tx.query<{ id: number }>(sql, [refs])
  return new Set(changed.map((r) => r.id))
}

function told(row: ParkedRow, how: 'retry' | 'discard', hand: Hand) {
  const id = row.what === 'record' ? { record: row.ref } : { document: row.ref }
  return {
    connection: row.source,
    subject: row.order_id === null ? `record ${row.ref}` : journalSubject(row.kind ?? 'order', row.order_id),
    event: how === 'retry' ? 'retried' : 'discarded',
    data: { ...id, code: row.code, by: hand.by, why: hand.why ?? null },
  }
}
