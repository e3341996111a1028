/** Replay: stored records are normalized again, by range of time or by id. */
import type { Database, Queryable } from './database.ts'
import { tell } from './journal.ts'
import { unpark } from './parked.ts'
import type { Hand } from './push-change.ts'

export interface ReplaySelection {
  connection: string
  stream?: string
  /** Received in [since, until). */
  since?: Date
  until?: Date
  externalIds?: string[]
}

/** Rows that one statement looks at, and rows that one transaction changes. */
const WINDOW = 2000
const BATCH = 200

/**
 * Marks records to be normalized again, oldest first; those whose body is gone, that wait anyway, or that
 * were only hints are left out. A record that was parked is taken up again. Answers how many.
 */
export async function replayRecords(db: Database, selection: ReplaySelection, hand: Hand): Promise<number> {
  let records = 0
  for await (const ids of selection.externalIds ? byId(db, selection) : byRange(db, selection)) {
    for (let i = 0; i < ids.length; i += BATCH) records += await take(db, ids.slice(i, i + BATCH), hand)
  }
  return records
}

const MATCHES = `connection = $1 and ($2::text is null or stream = $2)
  and ($3::timestamptz is null or received_at >= $3) and ($4::timestamptz is null or received_at < $4)
  and state in ('done', 'parked', 'discarded') and block is not null`

async function* byId(db: Queryable, s: ReplaySelection): AsyncGenerator<number[]> {
  for (let i = 0; i < s.externalIds!.length; i += BATCH) {
    const { rows } = await db.query<{ id: number }>(
      `select id from inbox where ${MATCHES} and external_id = any($5::text[]) order by id limit 10000`,
      [s.connection, s.stream, s.since, s.until, s.externalIds!.slice(i, i + BATCH)],
    )
    yield rows.map((r) => r.id)
  }
}

/** By windows of ids: receiving order is near enough to the clock, and every statement stays short. */
async function* byRange(db: Queryable, s: ReplaySelection): AsyncGenerator<number[]> {
  const { rows: edge } = await db.query<{ id: number | null }>('select max(id) as id from inbox')
  const last = edge[0]?.id ?? 0
  for (let after = 0; after < last; ) {
    const upper = await windowEnd(db, after)
    if (upper === null) return
    const { rows } = await db.query<{ id: number }>(
      `select id from inbox where ${MATCHES} and id > $5 and id <= $6 order by id`,
      [s.connection, s.stream, s.since, s.until, after, Math.min(upper, last)],
    )
    yield rows.map((r) => r.id)
    after = upper
  }
}

async function windowEnd(db: Queryable, after: number): Promise<number | null> {
  const { rows } = await db.query<{ id: number | null }>(
    `select max(id) as id from (select id from inbox where id > $1 order by id limit ${WINDOW}) w`,
    [after],
  )
  return rows[0]?.id ?? null
}

function take(db: Database, ids: number[], hand: Hand): Promise<number> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: number; connection: string; external_id: string | null }>(
      `update inbox set state = 'new', origin = 'replay', attempts = 0, claimed_until = null, done_at = null
        where id = any($1::bigint[]) and state in ('done', 'parked', 'discarded') and block is not null
        returning id, connection, external_id`,
      [ids],
    )
    await unpark(
      tx,
      'record',
      rows.map((r) => r.id),
      `replayed by ${hand.by}`,
    )
    await tell(
      tx,
      rows.map((r) => ({
        connection: r.connection,
        subject: r.external_id ?? `record ${r.id}`,
        event: 'replayed',
        data: { record: r.id, by: hand.by, why: hand.why ?? null },
      })),
    )
    return rows.length
  })
}
