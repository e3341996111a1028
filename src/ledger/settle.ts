/** The result of an attempt, recorded: state, binding, journal, and the documents that waited for it. */
import { again, type Database, type Queryable } from './database.ts'
import { GroupCommit } from './group-commit.ts'
import { type Parked, park } from './parked.ts'
import type { PushState } from './push.ts'

export interface Settlement {
  id: number
  /** The fence that the lease gave; a settlement of an older lease changes nothing. */
  fence: number
  state: PushState
  uncertain: boolean
  rewritten: boolean
  /** Seconds from now (planned, unknown, accepted). */
  dueIn: number
  remoteId: string | null
  remoteNumber: string | null
  code: string | null
  message: string | null
  /** Journal event and its facts. */
  event: string
  data: Record<string, unknown>
  /** Set when a person must look at it. */
  parked?: Parked
  /** It is parked in doubt, and this ends the doubt: its parking is cleared too. */
  unparks?: boolean
}

/** Final states: whoever waits for the push may go on. */
const FINAL = ['confirmed', 'rejected', 'withdrawn', 'parked', 'shadowed']

export interface Settled {
  /** False: the lease was lost, and nothing changed. */
  held: boolean
  /** A document waited for this push and is to be planned again. */
  woke: boolean
}

/** Writes settlements, none of which parks; one answer per item, in order. */
export async function settleAll(db: Queryable, items: Settlement[]): Promise<Settled[]> {
  const { rows } = await db.query<{ id: number; woke: boolean }>(SETTLE, [
    JSON.stringify(items),
    FINAL,
    items.map((i) => i.id),
  ])
  const settled = new Map(rows.map((r) => [r.id, r.woke]))
  return items.map(({ id }) => ({ held: settled.has(id), woke: settled.get(id) ?? false }))
}

const SETTLE = `
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as t(id bigint, fence int, state text, uncertain boolean,
    rewritten boolean, "dueIn" float8, "remoteId" text, "remoteNumber" text, code text, message text,
    event text, data jsonb, unparks boolean)),
settled as (
  update push p set state = i.state, uncertain = i.uncertain, rewritten = i.rewritten, updated_at = now(),
         due_at = now() + make_interval(secs => i."dueIn"), code = i.code, message = i.message,
         remote_id = coalesce(i."remoteId", p.remote_id), remote_number = coalesce(i."remoteNumber", p.remote_number)
    from input i where p.id = any($3::bigint[]) and p.id = i.id and p.fence = i.fence
     and (p.state in ('planned', 'sending', 'unknown', 'accepted')
          or (i.unparks and p.state = 'parked' and p.uncertain))
  returning p.id, p.connection, p.kind, p.key, p.subject, p.state, p.remote_id, p.remote_number,
            p.document_id, p.order_connection, p.order_id, p.revision, p.attempt, i.event, i.data),
bound as (
  insert into binding (connection, kind, key, subject, push_id, remote_id, remote_number)
  select connection, kind, key, subject, id, remote_id, remote_number from settled where state = 'confirmed'
  order by connection, kind, key
  on conflict (connection, kind, key) do update
     set remote_id = excluded.remote_id, remote_number = excluded.remote_number),
told as (
  insert into journal (connection, subject, event, data)
  select order_connection, order_id, event,
         data || jsonb_build_object('push', id, 'to', connection, 'kind', kind, 'attempt', attempt)
    from settled),
unparked as (
  update parked set resolved_at = now(), resolution = s.event
    from settled s join input i on i.id = s.id and i.unparks
   where parked.what = 'push' and parked.ref = s.id and parked.resolved_at is null),
woken as (
  update document set plan_state = 'due', plan_after = now(), claimed_until = null
   where plan_state = 'waiting' and id in (select document_id from settled where state = any($2::text[]))
  returning id)
select id, document_id in (select id from woken) as woke from settled`

/**
 * Group commit of settlements: results that arrive while a statement runs share the next one. A data error
 * (a remote id that is bound to another push) fails only the settlement that caused it.
 */
export function settler(db: Database): GroupCommit<Settlement, Settled> {
  return new GroupCommit(
    async (items) => {
      if (!items.some((i) => i.parked)) return again(() => settleAll(db, items))
      return db.transaction(async (tx) => {
        const settled = await settleAll(tx, items)
        await park(
          tx,
          items.flatMap((i, n) => (i.parked && settled[n]!.held ? [i.parked] : [])),
        )
        return settled
      })
    },
    { most: 500, waiting: 100_000 },
  )
}
