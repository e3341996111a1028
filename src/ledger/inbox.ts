/** The inbox: what systems sent us, untouched, under a unique key. */
import { createHash } from 'node:crypto'
import type { Database, Queryable } from './database.ts'

export type Origin = 'webhook' | 'poll' | 'fetch' | 'file' | 'replay'

export interface InboxRow {
  connection: string
  stream: string
  shape: string
  externalId: string | null
  origin: Origin
  contentType: string
  body: Buffer
  /** A hint is fetched by `externalId`; everything else is normalized. */
  hint: boolean
  /** See `deliveryKey`, `recordKey`. */
  key: string
  hash: string
}

/** One claimed record, to be normalized. */
export interface ClaimedRecord {
  id: number
  connection: string
  stream: string
  shape: string
  external_id: string | null
  origin: Origin
  content_type: string
  body: Buffer
  attempts: number
}

/** How long one batch may be mapped before another worker takes it. */
export const NORMALIZE_LEASE = 30

/** A body's hash: base64url SHA-256. */
export function bodyHash(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url')
}

/**
 * Key of a webhook delivery. With a delivery id a repeat is never taken twice. Without one the body's hash
 * counts, but only while the earlier delivery is unprocessed: otherwise a real change A → B → A would be
 * lost.
 */
export function deliveryKey(
  deliveryId: string | null,
  topic: string,
  body: Buffer,
): { key: string; hash: string } {
  return deliveryId === null
    ? { key: `body:${topic}:${bodyHash(body)}`, hash: '' }
    : { key: `id:${topic}:${deliveryId}`, hash: '' }
}

/** Key of a polled or fetched record: taken again only when its bytes differ from the last ones. */
export function recordKey(
  stream: string,
  shape: string,
  id: string,
  body: Buffer,
): { key: string; hash: string } {
  return { key: `record:${stream}:${shape}:${id}`, hash: bodyHash(body) }
}

/**
 * Appends records in one statement; rows whose key is known are left out. Answers, per row in order, the
 * inbox id or null for a duplicate. Bodies travel as one value and are cut apart by the database, which
 * spares a text encoding of each.
 */
export async function appendRecords(db: Queryable, rows: InboxRow[]): Promise<(number | null)[]> {
  if (rows.length === 0) return []
  const meta: object[] = []
  const seen = new Map<string, number>()
  let offset = 1
  rows.forEach((row, n) => {
    const { body, ...rest } = row
    // the last of equal keys in one batch wins, as it would in two
    seen.set(`${row.connection} ${row.key}`, n)
    meta.push({ ...rest, n, from: offset, len: body.length })
    offset += body.length
  })
  const unique = meta.filter((_, n) => seen.get(`${rows[n]!.connection} ${rows[n]!.key}`) === n)
  const result = await db.query<{ n: number; id: number }>(APPEND, [
    JSON.stringify(unique),
    Buffer.concat(rows.map((r) => r.body)),
  ])
  const ids: (number | null)[] = rows.map(() => null)
  for (const { n, id } of result.rows) ids[n] = id
  return ids
}

const APPEND = `
with input as materialized (
  select * from jsonb_to_recordset($1::jsonb) as t(n int, connection text, stream text, shape text,
    "externalId" text, origin text, "contentType" text, hint boolean, key text, hash text, "from" int, len int)),
taken as (
  insert into inbox_key as k (connection, key, hash, inbox_id)
  select connection, key, hash, nextval('inbox_id') from input order by connection, key
  on conflict (connection, key) do update set inbox_id = excluded.inbox_id, hash = excluded.hash
   where k.hash is distinct from excluded.hash
      or (k.key like 'body:%' and not exists (
            select 1 from inbox i where i.id = k.inbox_id and i.state in ('new', 'hint')))
  returning connection, key, inbox_id)
insert into inbox (id, connection, stream, shape, external_id, origin, content_type, body, state)
select t.inbox_id, i.connection, i.stream, i.shape, i."externalId", i.origin, i."contentType",
       substring($2::bytea from i."from" for i.len), case when i.hint then 'hint' else 'new' end
  from taken t join input i using (connection, key)
returning (select n from input i where i.connection = inbox.connection and i.key =
            (select key from taken where inbox_id = inbox.id)) as n, id`

/**
 * Leases records to be normalized: a batch of those never tried, else one that was being mapped when its
 * worker died (alone, so that a record which kills its worker harms nobody else). Of those, the one that saw
 * the fewest deaths goes first: who is killed for other reasons again and again must not lay each death on the
 * same innocent record.
 */
export async function claimRecords(db: Database, limit: number): Promise<ClaimedRecord[]> {
  const fresh = await db.query<ClaimedRecord>(claim('claimed_until is null', 'id', limit))
  if (fresh.rows.length > 0) return fresh.rows.sort((a, b) => a.id - b.id)
  return (await db.query<ClaimedRecord>(claim('claimed_until < now()', 'attempts, id', 1))).rows
}

const claim = (which: string, order: string, limit: number) => `
update inbox set claimed_until = now() + interval '${NORMALIZE_LEASE} s', attempts = attempts + 1
 where id = any(array(select id from inbox where state = 'new' and ${which} order by ${order} limit ${limit}
                      for update skip locked))
returning id, connection, stream, shape, external_id, origin, content_type, body, attempts`

/** Gives leased records back untried, on a graceful stop or when the database refused the whole batch. */
export async function releaseRecords(db: Queryable, ids: number[]): Promise<void> {
  await db.query(
    `update inbox set claimed_until = null, attempts = greatest(attempts - 1, 0) where id = any($1::bigint[]) and state = 'new'`,
    [ids],
  )
}

export interface Hint {
  id: number
  stream: string
  /** `doubt`: two copies of one version disagree, so the answer counts even if its bytes are known. */
  shape: 'hint' | 'doubt'
  external_id: string
}

/** Hints of one connection, oldest first; a lane works alone, so they need no lease. */
export async function dueHints(db: Queryable, connection: string, limit: number): Promise<Hint[]> {
  const { rows } = await db.query<Hint>(
    `select id, stream, shape, external_id from inbox
      where connection = $1 and state = 'hint' and (claimed_until is null or claimed_until < now()) order by id limit $2`,
    [connection, limit],
  )
  return rows
}

/** Ends hints: done, or put off for `seconds` when the source could not be read. */
export async function endHints(db: Queryable, ids: number[], putOff?: number): Promise<void> {
  if (putOff === undefined) {
    await db.query(`update inbox set state = 'done', done_at = now() where id = any($1::bigint[])`, [ids])
    return
  }
  await db.query(
    `update inbox set attempts = attempts + 1, claimed_until = now() + make_interval(secs => $2) where id = any($1::bigint[])`,
    [ids, putOff],
  )
}

/** Bodies older than the retention time go; keys and journal stay. Returns how many. */
export async function trimInbox(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `update inbox set body = null where state = 'done' and body is not null and done_at < now() - make_interval(days => $1)`,
    [days],
  )
  return rowCount
}
