/** Documents: one row per thing with a pointer to its newest version; versions are immutable. */
import type { Queryable } from './database.ts'
import { type JournalEntry, tell } from './journal.ts'
import { type Parked, park, unpark } from './parked.ts'

/** A normalized record, ready to be written. */
export interface NewDocument {
  inboxId: number
  stream: string
  connection: string
  kind: string
  externalId: string
  entity: string
  number: string | null
  /** Comparable as bytes: a UTC instant with milliseconds, or a zero-padded counter. */
  version: string
  hash: string
  /** A read by id settles what two copies of one version disagree about. */
  authoritative: boolean
  phoneTail: string | null
  terms: string[] | null
  mapping: string
  /** Seconds until it is read again; null when it is final or its source's clock can be trusted. */
  refreshAfter: number | null
  content: unknown
}

/** What became of one record. */
export type Written = 'written' | 'unchanged' | 'stale' | 'conflicting'

export interface NormalizeResult {
  documents: NewDocument[]
  parked: Parked[]
  /** Records that need no document: their newer copy came in the same batch. */
  done: NewDocument[]
  journal: JournalEntry[]
}

/**
 * Writes one batch of normalized records: documents, versions, parked records and journal, and ends the
 * inbox rows. To be called inside a transaction. Answers what became of each document, in order.
 * `conflicting`: same version, other content, and no way to tell which is right; the caller fetches by id.
 */
export async function writeDocuments(tx: Queryable, batch: NormalizeResult): Promise<Written[]> {
  const { rows } = await tx.query<{ n: number; outcome: Written }>(UPSERT, [
    JSON.stringify(batch.documents.map((d, n) => ({ ...d, n }))),
  ])
  const outcomes: Written[] = batch.documents.map(() => 'unchanged')
  for (const row of rows) outcomes[row.n] = row.outcome
  await endRecords(tx, batch)
  if (batch.parked.length > 0) await parkRecords(tx, batch.parked)
  await tell(tx, batch.journal)
  await unparkReplaced(tx, batch.documents, outcomes)
  return outcomes
}

/** Ends the records; those that came without the source's id are known by it from now on. */
async function endRecords(tx: Queryable, { documents, done }: NormalizeResult): Promise<void> {
  const ids = [...documents, ...done].map((d) => d.inboxId)
  await tx.query(
    `update inbox i set state = 'done', done_at = now(), claimed_until = null,
            external_id = coalesce(i.external_id, t.external_id)
       from unnest($1::bigint[], $2::text[]) as t(id, external_id) where i.id = t.id`,
    [ids, [...documents, ...done].map((d) => d.externalId)],
  )
}

/**
 * Of several copies of one thing that cannot be used, the newest is for a person to look at. Copies of one thing
 * come by one stream: a refund may have the id of an order of the same shop.
 */
async function parkRecords(tx: Queryable, parked: Parked[]): Promise<void> {
  const ids = parked.map((p) => p.ref)
  // who looks for the order finds its records, also those that came without the source's id
  const { rows: ended } = await tx.query<{ id: number; stream: string }>(
    `update inbox i set state = 'parked', claimed_until = null,
            external_id = coalesce(i.external_id, t.external_id)
       from unnest($1::bigint[], $2::text[]) as t(id, external_id) where i.id = t.id returning i.id, i.stream`,
    [ids, parked.map((p) => p.orderId)],
  )
  const streams = new Map(ended.map((r) => [r.id, r.stream]))
  const things = parked.map(({ ref, connection, orderId }) => ({
    connection,
    orderId,
    stream: streams.get(ref),
  }))
  const newest = new Map(
    parked.map((p) => [JSON.stringify([p.connection, streams.get(p.ref), p.orderId ?? p.ref]), p]),
  )
  const { rows } = await tx.query<{ ref: number }>(
    `select p.ref from parked p join inbox i on i.id = p.ref
       join jsonb_to_recordset($1::jsonb) as t(connection text, "orderId" text, stream text)
         on p.connection = t.connection and p.order_id = t."orderId" and i.stream = t.stream
      where p.what = 'record' and p.resolved_at is null and p.ref <> all($2::bigint[])`,
    [JSON.stringify(things), ids],
  )
  const older = [
    ...rows.map((r) => r.ref),
    ...ids.filter((id) => ![...newest.values()].some((p) => p.ref === id)),
  ]
  await unpark(tx, 'record', older, 'a newer copy is parked')
  if (older.length > 0) {
    await tx.query(`update inbox set state = 'discarded' where id = any($1::bigint[])`, [older])
  }
  await park(tx, [...newest.values()])
}

/** A record that was parked is settled when a newer copy of the same thing comes through. */
async function unparkReplaced(tx: Queryable, documents: NewDocument[], outcomes: Written[]): Promise<void> {
  const { rows: open } = await tx.query(
    `select 1 from parked where what = 'record' and resolved_at is null limit 1`,
  )
  if (open.length === 0) return
  const written = documents.filter((_, i) => outcomes[i] === 'written' || outcomes[i] === 'unchanged')
  const { rows } = await tx.query<{ ref: number }>(
    `select p.ref from parked p join inbox i on i.id = p.ref
       join jsonb_to_recordset($1::jsonb) as t(connection text, "externalId" text, "inboxId" bigint, stream text)
         on p.connection = t.connection and p.order_id = t."externalId" and p.ref < t."inboxId" and i.stream = t.stream
      where p.what = 'record' and p.resolved_at is null`,
    [
      JSON.stringify(
        written.map(({ connection, externalId, inboxId, stream }) => ({
          connection,
          externalId,
          inboxId,
          stream,
        })),
      ),
    ],
  )
  await unpark(
    tx,
    'record',
    rows.map((r) => r.ref),
    'a newer copy came through',
  )
}

const UPSERT = `
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as t(n int, "inboxId" bigint, connection text, kind text,
    "externalId" text, entity text, number text, version text, hash text, authoritative boolean,
    "phoneTail" text, terms text[], mapping text, "refreshAfter" float8, content jsonb)),
before as materialized (
  select i.n, d.version, d.hash from input i
    left join document d on d.connection = i.connection and d.kind = i.kind and d.external_id = i."externalId"),
head as (
  insert into document as d (connection, kind, external_id, entity, number, version, hash, phone_tail, terms, refresh_at)
  select connection, kind, "externalId", entity, number, version, hash, "phoneTail", terms,
         now() + make_interval(secs => "refreshAfter")
    from input order by connection, kind, "externalId"
  on conflict (connection, kind, external_id) do update
    set entity = excluded.entity, number = excluded.number, version = excluded.version, hash = excluded.hash,
        phone_tail = excluded.phone_tail, terms = excluded.terms,
        refresh_at = excluded.refresh_at, seq = d.seq + 1, updated_at = now(),
        plan_state = 'due', plan_after = now(), attempts = 0, claimed_until = null
    where excluded.version collate "C" > d.version
       or (excluded.version = d.version and excluded.hash <> d.hash
           and (select i.authoritative from input i where i.connection = d.connection and i.kind = d.kind
                   and i."externalId" = d.external_id))
  returning d.id, d.connection, d.kind, d.external_id, d.seq),
written as (
  insert into document_version (document_id, seq, version, hash, content, mapping, inbox_id)
  select h.id, h.seq, i.version, i.hash, i.content, i.mapping, i."inboxId"
    from head h join input i on i.connection = h.connection and i.kind = h.kind and i."externalId" = h.external_id
  returning inbox_id)
select i.n, case when w.inbox_id is not null then 'written'
                 when b.version collate "C" > i.version then 'stale'
                 when b.hash = i.hash then 'unchanged'
                 when b.version = i.version then 'conflicting'
                 else 'stale' end as outcome
  from input i join before b using (n) left join written w on w.inbox_id = i."inboxId"`

/** A document leased for planning, with the content of its newest version. */
export interface DueDocument {
  id: number
  connection: string
  kind: string
  external_id: string
  entity: string
  number: string | null
  seq: number
  attempts: number
  content: unknown
}

/**
 * Leases documents that are due to be planned; after a crash one at a time, those that saw the fewest deaths
 * first, like records.
 */
export async function claimDocuments(db: Queryable, limit: number): Promise<DueDocument[]> {
  const fresh = await db.query<DueDocument>(claim('claimed_until is null', 'id', limit))
  if (fresh.rows.length > 0) return fresh.rows.sort((a, b) => a.id - b.id)
  return (await db.query<DueDocument>(claim('claimed_until < now()', 'attempts, id', 1))).rows
}

const claim = (which: string, order: string, limit: number) => `
with due as (
  select id from document where plan_state = 'due' and plan_after <= now() and ${which}
   order by ${order} limit ${limit} for update skip locked),
leased as (
  update document d set claimed_until = now() + interval '30 s', attempts = attempts + 1
   where d.id in (select id from due) returning d.*)
select l.id, l.connection, l.kind, l.external_id, l.entity, l.number, l.seq, l.attempts, v.content
  from leased l join document_version v on v.document_id = l.id and v.seq = l.seq`

/** What planning decided for one document: it changes only the version that was planned. */
export interface PlannedDocument {
  id: number
  seq: number
  state: 'done' | 'waiting' | 'parked' | 'due'
  /** For `due`: seconds until it is planned again. */
  after?: number
}

/** Ends the planning lease. A newer version that came meanwhile stays due. */
export async function endPlanning(tx: Queryable, planned: PlannedDocument[]): Promise<void> {
  await tx.query(
    `update document d set plan_state = t.state, claimed_until = null, attempts = 0,
            plan_after = now() + make_interval(secs => coalesce(t.after, 0))
       from jsonb_to_recordset($1::jsonb) as t(id bigint, seq int, state text, after float8)
      where d.id = any($2::bigint[]) and d.id = t.id and d.seq = t.seq and d.plan_state = 'due'`,
    [JSON.stringify([...planned].sort((a, b) => a.id - b.id)), planned.map((p) => p.id)],
  )
}

/** Documents that waited for a push to become final are planned again. */
export async function wakeDocuments(tx: Queryable, ids: number[]): Promise<number> {
  if (ids.length === 0) return 0
  const { rowCount } = await tx.query(
    `update document set plan_state = 'due', plan_after = now(), claimed_until = null
      where id = any($1::bigint[]) and plan_state = 'waiting'`,
    [ids],
  )
  return rowCount
}

/**
 * Documents whose source must be read again now; each is put off by `every` seconds at least, longer as it
 * grows old. Returns their external ids.
 */
export async function dueRefreshes(
  db: Queryable,
  connection: string,
  kind: string,
  every: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ external_id: string }>(
    `update document set refresh_at = case when created_at < now() - interval '90 days' then null else
            now() + make_interval(secs => greatest($3, extract(epoch from now() - created_at) / 20)) end
      where id in (select id from document where connection = $1 and kind = $2 and refresh_at <= now()
                    order by refresh_at limit $4 for update skip locked)
      returning external_id`,
    [connection, kind, every, limit],
  )
  return rows.map((r) => r.external_id)
}
