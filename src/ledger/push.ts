/** Pushes: one document to be written into one system, once. Every change is compare-and-set on one row. */
import type { Remote } from '../core/outcome.ts'
import { sabotaged } from '../core/sabotage.ts'
import type { PushState } from '../core/states.ts'
import { again, type Queryable, sqlState } from './database.ts'
import { bisect } from './group-commit.ts'

export type { PushState } from '../core/states.ts'

/** States in which the remote may still change: their lines are frozen. */
export const IN_FLIGHT: readonly PushState[] = ['sending', 'unknown', 'accepted']

export interface NewPush {
  key: string
  connection: string
  kind: string
  flow: string
  mode: 'live' | 'shadow'
  subject: string
  revision: number
  documentId: number
  documentSeq: number
  orderConnection: string
  orderId: string
  orderNumber: string | null
  /** Null: the content of the document's version as it is. */
  content: unknown
  contentHash: string
  previous: Remote | null
}

/** Inserts planned pushes; answers their ids by key. A key that exists fails the statement (23505). */
export async function insertPushes(tx: Queryable, pushes: NewPush[]): Promise<Map<string, number>> {
  if (pushes.length === 0) return new Map()
  const { rows } = await tx.query<{ id: number; key: string }>(
    `insert into push (key, connection, kind, flow, mode, subject, revision, document_id, document_seq,
            order_connection, order_id, order_number, content, content_hash, previous)
     select key, connection, kind, flow, mode, subject, revision, "documentId", "documentSeq",
            "orderConnection", "orderId", "orderNumber", content, "contentHash", previous
       from jsonb_to_recordset($1::jsonb) as t(key text, connection text, kind text, flow text, mode text,
            subject text, revision int, "documentId" bigint, "documentSeq" int, "orderConnection" text,
            "orderId" text, "orderNumber" text, content jsonb, "contentHash" text, previous jsonb)
     returning id, key`,
    [JSON.stringify(pushes)],
  )
  return new Map(rows.map((r) => [r.key, r.id]))
}

/** What the planner must know of a document's pushes. */
export interface PushHead {
  id: number
  document_id: number
  connection: string
  kind: string
  flow: string
  subject: string
  revision: number
  state: PushState
  uncertain: boolean
  content_hash: string
  remote_id: string | null
  remote_number: string | null
}

/**
 * The pushes of these documents, oldest revision first, locked against changes of state until the
 * transaction ends: a push that becomes final meanwhile could not wake the document that waits for it.
 */
export async function pushesOf(tx: Queryable, documentIds: number[]): Promise<PushHead[]> {
  const { rows } = await tx.query<PushHead>(
    `select id, document_id, connection, kind, flow, subject, revision, state, uncertain, content_hash,
            remote_id, remote_number
       from push where document_id = any($1::bigint[]) order by id for share`,
    [documentIds],
  )
  return rows
}

/** Takes back what was not sent yet; answers the ids that were still free. */
export async function withdrawPushes(tx: Queryable, ids: number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set()
  const { rows } = await tx.query<{ id: number }>(
    `update push set state = 'withdrawn', fence = fence + 1, updated_at = now()
      where id = any($1::bigint[]) and (state = 'planned' or (state = 'parked' and not uncertain)) returning id`,
    [ids],
  )
  return new Set(rows.map((r) => r.id))
}

/** A push that a lane may work on. */
export interface DuePush {
  id: number
  connection: string
  key: string
  kind: string
  flow: string
  mode: 'live' | 'shadow'
  subject: string
  revision: number
  state: 'planned' | 'unknown' | 'accepted'
  attempt: number
  fence: number
  uncertain: boolean
  rewritten: boolean
  /** Seconds since this series of attempts began. */
  age: number
  document_id: number
  order_connection: string
  order_id: string
  order_number: string | null
  content: unknown
  body: Buffer | null
  check: { number: string | null; total: string | null; lines: number | null } | null
  previous: Remote | null
  /** After a restore: ask before the first write. */
  find_first: boolean
  /** The remote was asked and said that it has nothing. */
  asked: boolean
}

/**
 * What is due on one lane of a connection and not paused. Lanes share the pushes by id, so they never contend;
 * neighbours go to one lane, so that its batches are full. `held`: kinds that cannot be sent at present.
 * That no sibling of the same subject is under way is said by a unique index when the push is leased.
 */
export async function duePushes(
  db: Queryable,
  connection: string,
  lane: number,
  lanes: number,
  limit: number,
  held: readonly string[] = [],
): Promise<DuePush[]> {
  const { rows } = await db.query<DuePush>(
    `select p.id, p.connection, p.key, p.kind, p.flow, p.mode, p.subject, p.revision, p.state, p.attempt, p.fence, p.uncertain,
            p.rewritten, extract(epoch from now() - p.tried_since)::float8 as age, p.document_id,
            p.order_connection, p.order_id, p.order_number, coalesce(p.content, v.content) as content, p.body, p."check", p.previous,
            coalesce((select now() < find_first_until from installation), false) as find_first,
            coalesce(p.code = 'PUSH_ABSENT', false) as asked
       from (
        select * from push p
         where p.connection = $1 and p.due_at <= now() and p.state in ('planned', 'unknown', 'accepted')
           and p.id / $4 % $3 = $2 and p.kind <> all($5::text[])
           and not exists (select 1 from pause x where x.connection in ('', p.connection)
                             and x.flow in ('', p.flow) and x.kind in ('', p.kind))
         order by p.due_at limit $4) p
       join document_version v on v.document_id = p.document_id and v.seq = p.document_seq
      order by p.due_at`,
    [connection, lane, lanes, limit, held],
  )
  return rows
}

/** What is frozen when a push is sent for the first time. */
export interface Leased {
  id: number
  fence: number
  uncertain: boolean
  rewritten: boolean
  body: Buffer
  contentType: string
  mapping: string
  check: unknown
}

/**
 * Leases pushes for a write and freezes their bytes, committed before the call. Answers the new fences of
 * those that were won; the others were changed by somebody else meanwhile, or have a sibling under way.
 */
export async function leaseForWrite(
  db: Queryable,
  pushes: Leased[],
  seconds: number,
): Promise<Map<number, number>> {
  const won = new Map<number, number>()
  const blocked: number[] = []
  await bisect(
    pushes,
    async (part) => {
      for (const { id, fence } of await again(() => lease(db, part, seconds))) won.set(id, fence)
    },
    (one, error) => {
      if (sqlState(error) !== UNIQUE) throw error
      blocked.push(one.id)
    },
  )
  await putOff(db, blocked)
  return won
}

/** unique_violation: of push_in_flight, since nothing else unique changes here. */
const UNIQUE = '23505'
/** Seconds until a push whose sibling is under way is looked at again. */
const SIBLING = 5

async function putOff(db: Queryable, ids: number[]): Promise<void> {
  if (ids.length === 0) return
  await db.query(
    `update push set due_at = now() + make_interval(secs => $2) where id = any($1::bigint[]) and state = 'planned'`,
    [ids, SIBLING],
  )
}

async function lease(
  db: Queryable,
  pushes: Leased[],
  seconds: number,
): Promise<{ id: number; fence: number }[]> {
  let from = 1
  const rows = pushes.map(({ body, ...rest }) => {
    const row = { ...rest, from, len: body.length }
    from += body.length
    return row
  })
  const result = await db.query<{ id: number; fence: number }>(
    `update push p set state = 'sending', attempt = p.attempt + 1, fence = p.fence + 1, updated_at = now(),
            lease_until = now() + make_interval(secs => $3), due_at = now() + make_interval(secs => $3),
            uncertain = t.uncertain, rewritten = t.rewritten,
            tried_since = case when p.attempt = 0 then now() else p.tried_since end,
            body = coalesce(p.body, substring($2::bytea from t."from" for t.len)),
            content_type = coalesce(p.content_type, t."contentType"), mapping = coalesce(p.mapping, t.mapping),
            "check" = coalesce(p."check", t."check")
       from jsonb_to_recordset($1::jsonb) as t(id bigint, fence int, uncertain boolean, rewritten boolean,
            "contentType" text, mapping text, "check" jsonb, "from" int, len int)
      where p.id = any($4::bigint[]) and p.id = t.id and p.fence = t.fence and p.state in ('planned', 'unknown')
      returning p.id, p.fence`,
    [JSON.stringify(rows), Buffer.concat(pushes.map((p) => p.body)), seconds, pushes.map((p) => p.id)],
  )
  return result.rows
}

/** Leases one push in doubt for a find; it stays unknown. Answers the new fence, or null when it was lost. */
export async function leaseForFind(
  db: Queryable,
  id: number,
  fence: number,
  seconds: number,
): Promise<number | null> {
  try {
    const { rows } = await db.query<{ fence: number }>(
      `update push set state = 'unknown', fence = fence + 1, due_at = now() + make_interval(secs => $3),
            lease_until = now() + make_interval(secs => $3), updated_at = now()
      where id = $1 and fence = $2 and state in ('unknown', 'planned') returning fence`,
      [id, fence, seconds],
    )
    return rows[0]?.fence ?? null
  } catch (error) {
    if (sqlState(error) !== UNIQUE) throw error
    await putOff(db, [id])
    return null
  }
}

/** Connections (with kinds) that have something due, and when the next one is. */
export async function connectionsWithDuePushes(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ connection: string }>(
    `select distinct connection from push where due_at <= now() and state in ('planned', 'unknown', 'accepted')`,
  )
  return rows.map((r) => r.connection)
}

/**
 * Leases that ended without a result: whoever held them is dead or stuck, so the outcome is unknown. A find
 * counts as absent only `settle` after the lease's end.
 */
export async function lapseLeases(
  db: Queryable,
  connection: string,
  kind: string,
  settle: number,
): Promise<number> {
  if (sabotaged('lease-ignored')) return takeAway(db, connection, kind)
  const { rowCount } = await db.query(
    `update push set state = 'unknown', uncertain = true, code = 'PUSH_LEASE_LAPSED', message = null,
            due_at = lease_until + make_interval(secs => $3), updated_at = now()
      where connection = $1 and kind = $2 and state = 'sending' and due_at <= now()`,
    [connection, kind, settle],
  )
  return rowCount
}

/** What the fault tests must notice: a push is taken from whoever is sending it, as if nothing had been sent. */
async function takeAway(db: Queryable, connection: string, kind: string): Promise<number> {
  const { rowCount } = await db.query(
    `update push set state = 'planned', due_at = now() where connection = $1 and kind = $2 and state = 'sending'`,
    [connection, kind],
  )
  return rowCount
}
