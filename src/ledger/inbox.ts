/** The inbox: what systems sent us, untouched, under a unique key. */
import { createHash } from 'node:crypto'
import { pack, unpack } from './block.ts'
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
  /** Null when the stored bytes are damaged. */
  body: Buffer | null
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
 * inbox id or null for a duplicate. The last of equal keys in one batch wins, as it would in two.
 */
export async function appendRecords(db: Queryable, rows: InboxRow[]): Promise<(number | null)[]> {
  if (rows.length === 0) return []
  const last = new Map(rows.map((row, n) => [`${row.connection} ${row.key}`, n]))
  const unique = [...last.values()]
  // a hint's external id says all that its body does
  const { places, blocks } = await pack(unique.map((n) => (rows[n]!.hint ? null : rows[n]!.body)))
  const records = unique.map((n, i) => {
    const { body: _, ...row } = rows[n]!
    return { ...row, ...places[i], n }
  })
  const result = await db.query<{ n: number; id: number }>(APPEND, [
    JSON.stringify(records),
    blocks.map((b) => b.length),
    Buffer.concat(blocks),
  ])
  const ids: (number | null)[] = rows.map(() => null)
  for (const { n, id } of result.rows) ids[n] = id
  return ids
}

// Bytes travel as one value and are cut apart by the database, which spares a text encoding of each.
const APPEND = `
with input as materialized (
  select nextval('inbox_id') as id, t.* from json_to_recordset($1::json) as t(n int, connection text, stream text, shape text,
    "externalId" text, origin text, "contentType" text, hint boolean, key text, hash text,
    block int, start int, size int)),
packed as materialized (
  select n - 1 as block, nextval('inbox_block_id') as id, sum(size) over (order by n) - size + 1 as "from", size
    from unnest($2::int[]) with ordinality as t(size, n)),
taken as (
  insert into inbox_key as k (connection, key, hash, inbox_id)
  select connection, key, hash, id from input order by connection, key
  on conflict (connection, key) do update set inbox_id = excluded.inbox_id, hash = excluded.hash
   where k.hash is distinct from excluded.hash
      or (k.key like 'body:%' and not exists (
            select 1 from inbox i where i.id = k.inbox_id and i.state in ('new', 'hint')))
  returning inbox_id as id),
placed as materialized (
  select i.*, p.id as block_id from taken join input i using (id) left join packed p using (block)),
kept as (
  insert into inbox_block (id, first, last, body)
  select id, first, last, substring($3::bytea from "from"::int for size)
    from packed join (select block_id as id, min(id) as first, max(id) as last
                        from placed group by block_id) used using (id)),
stored as (
  insert into inbox (id, connection, stream, shape, external_id, origin, content_type, block, start, size, state)
  select id, connection, stream, shape, "externalId", origin, "contentType", block_id, start, size,
         case when hint then 'hint' else 'new' end
    from placed)
select n, id from placed`

/**
 * Leases records to be normalized: a batch of those never tried, else one that was being mapped when its
 * worker died (alone, so that a record which kills its worker harms nobody else). Of those, the one that saw
 * the fewest deaths goes first: who is killed for other reasons again and again must not lay each death on the
 * same innocent record.
 */
export async function claimRecords(db: Database, limit: number): Promise<ClaimedRecord[]> {
  const fresh = await db.query<LeasedRecord>(claim('claimed_until is null', 'id', limit))
  if (fresh.rows.length > 0) return withBodies(fresh.rows)
  return withBodies((await db.query<LeasedRecord>(claim('claimed_until < now()', 'attempts, id', 1))).rows)
}

/** Each block comes once, with the first of its records. */
interface LeasedRecord extends Omit<ClaimedRecord, 'body'> {
  block: number | null
  start: number
  size: number
  packed: Buffer | null
}

const claim = (which: string, order: string, limit: number) => `
with leased as (
  update inbox set claimed_until = now() + interval '${NORMALIZE_LEASE} s', attempts = attempts + 1
   where id = any(array(select id from inbox where state = 'new' and ${which} order by ${order} limit ${limit}
                        for update skip locked))
  returning id, connection, stream, shape, external_id, origin, content_type, block, start, size, attempts),
firsts as (select min(id) as id, block from leased group by block)
select l.*, b.body as packed
  from leased l left join firsts f on f.id = l.id left join inbox_block b on b.id = f.block
 order by l.id`

/** Cuts the bodies out of their blocks, one block at a time: a body's copy does not hold its block in memory. */
async function withBodies(leased: LeasedRecord[]): Promise<ClaimedRecord[]> {
  const bodies = new Map<number, Buffer | null>()
  for (const [block, records] of Map.groupBy(leased, (r) => r.block)) {
    const packed = records.find((r) => r.packed)?.packed
    const bytes = block === null || !packed ? null : await unpack(packed)
    for (const { id, start, size } of records)
      bodies.set(id, bytes && Buffer.from(bytes.subarray(start, start + size)))
  }
  return leased.map(({ block, start, size, packed, ...record }) => ({
    ...record,
    body: bodies.get(record.id) ?? null,
  }))
}

/**
 * Gives leased records back untried, on a graceful stop or when the database refused the whole batch. `after`: seconds
 * until anybody takes them again; at once without.
 */
export async function releaseRecords(db: Queryable, ids: number[], after?: number): Promise<void> {
  await db.query(
    `update inbox set claimed_until = now() + make_interval(secs => $2), attempts = greatest(attempts - 1, 0)
      where id = any($1::bigint[]) and state = 'new'`,
    [ids, after],
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

/**
 * Bytes older than the retention time go, block by block, once all of a block's records are that old and done;
 * keys and journal stay. Returns how many blocks.
 */
export async function trimInbox(db: Queryable, days: number): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `with old as (
       delete from inbox_block b where received_at < now() - make_interval(days => $1) and not exists (
         select 1 from inbox i where i.id between b.first and b.last and i.block = b.id
            and (i.state not in ('done', 'discarded') or i.done_at >= now() - make_interval(days => $1)))
       returning id, first, last),
     emptied as (
       update inbox i set block = null from old where i.id between old.first and old.last and i.block = old.id)
     select count(*) as n from old`,
    [days],
  )
  return rows[0]!.n
}
