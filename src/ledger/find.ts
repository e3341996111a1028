/** Finding an order by what people have at hand. Every lookup is an index lookup with a limit. */
import type { Queryable } from './database.ts'

export type FoundBy = 'number' | 'external-id' | 'bill' | 'tracking' | 'phone' | 'key'

export interface Found {
  by: FoundBy
  /** Document id of the order. */
  id: number
}

const MOST = 50

/** Connections that ever sent anything: a loose index scan, one step per connection. */
const CONNECTIONS = `
with recursive c(connection) as (
  (select connection from document order by connection limit 1)
  union all
  select (select d.connection from document d where d.connection > c.connection order by d.connection limit 1)
    from c where c.connection is not null)
select connection from c where connection is not null`

/** The order under `<connection>/<externalId>`. */
async function byKey(db: Queryable, term: string): Promise<number[]> {
  const slash = term.indexOf('/')
  if (slash < 1) return []
  return ids(db, `select id from document where connection = $1 and kind = 'order' and external_id = $2`, [
    term.slice(0, slash),
    term.slice(slash + 1),
  ])
}

/** The order whose push has this key. */
function byPushKey(db: Queryable, term: string): Promise<number[]> {
  return orderOf(db, 'select order_connection, order_id from push where key = $1', [term])
}

/** The platform's number, with or without its `#`. */
function byNumber(db: Queryable, term: string): Promise<number[]> {
  return ids(
    db,
    `select id from document where number = any($1::text[]) and kind = 'order' order by id desc limit ${MOST}`,
    [[term, `#${term}`]],
  )
}

function byExternalId(db: Queryable, term: string): Promise<number[]> {
  return ids(
    db,
    `select d.id from (${CONNECTIONS}) c
       join document d on d.connection = c.connection and d.kind = 'order' and d.external_id = $1 limit ${MOST}`,
    [term],
  )
}

/** What the remote calls its document: number or id. */
function byBill(db: Queryable, term: string): Promise<number[]> {
  return orderOf(
    db,
    `(select order_connection, order_id from push where remote_number = $1 limit ${MOST})
     union all
     (select p.order_connection, p.order_id from (select distinct connection, kind from (${TARGETS}) x) t
        join binding b on b.connection = t.connection and b.kind = t.kind and b.remote_id = $1
        join push p on p.id = b.push_id limit ${MOST})`,
    [term],
  )
}

/** Targets and kinds that anything is bound in: a loose index scan as above. */
const TARGETS = `
with recursive t(connection, kind) as (
  (select connection, kind from binding order by connection, kind limit 1)
  union all
  select n.connection, n.kind from t cross join lateral (
    select b.connection, b.kind from binding b where (b.connection, b.kind) > (t.connection, t.kind)
     order by b.connection, b.kind limit 1) n)
select connection, kind from t`

/** A parcel names its order by the push key that the ERP kept. */
function byTracking(db: Queryable, term: string): Promise<number[]> {
  return orderOf(
    db,
    `select p.order_connection, p.order_id
       from (select terms from document where terms @> array[$1::text] and kind = 'shipment' limit ${MOST}) s
       join push p on p.key = any(s.terms) and p.kind = 'order'`,
    [term],
  )
}

/** The last four to seven digits. */
async function byPhone(db: Queryable, term: string): Promise<number[]> {
  const digits = term.replace(/\D/g, '')
  if (digits.length < 4 || !/^[+\d\s()./-]+$/.test(term)) return []
  const tail = [...digits.slice(-7)].reverse().join('')
  // ':' follows '9', so this is the range of everything that begins with these digits
  return ids(
    db,
    `with many as materialized (
       select id, kind from document where phone_tail is not null
          and reverse(phone_tail) collate "C" >= $1 and reverse(phone_tail) collate "C" < $2 limit 10000)
     select id from many where kind = 'order' order by id desc limit ${MOST}`,
    [tail, `${tail}:`],
  )
}

/** Connections of which anything was ever parked: a loose index scan as above. */
const PARKED_OF = `
with recursive c(connection) as (
  (select connection from parked order by connection limit 1)
  union all
  select (select k.connection from parked k where k.connection > c.connection order by k.connection limit 1)
    from c where c.connection is not null)
select connection from c where connection is not null`

/**
 * Open parked things of an order, by the order's id or `<connection>/<externalId>`: its record may have
 * become no document yet. At most 50 ids, oldest first.
 */
export async function findParked(db: Queryable, term: string): Promise<number[]> {
  const slash = term.indexOf('/')
  return ids(
    db,
    `select k.id from (${PARKED_OF}) c
       join parked k on k.connection = c.connection and k.resolved_at is null
        and (k.order_id = $1 or (k.connection = $2 and k.order_id = $3)) order by k.id limit ${MOST}`,
    [term, slash < 1 ? null : term.slice(0, slash), slash < 1 ? null : term.slice(slash + 1)],
  )
}

/** Orders that a push is about. */
async function orderOf(db: Queryable, sql: string, params: unknown[]): Promise<number[]> {
  return ids(
    db,
    `select distinct d.id from (${sql}) o
       join document d on d.connection = o.order_connection and d.kind = 'order' and d.external_id = o.order_id
      limit ${MOST}`,
    params,
  )
}

async function ids(db: Queryable, sql: string, params: unknown[]): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>(sql, params)
  return rows.map((r) => r.id)
}

/** Best first: what names exactly one order before what many may share. */
const WAYS: [FoundBy, (db: Queryable, term: string) => Promise<number[]>][] = [
  ['key', byKey],
  ['key', byPushKey],
  ['number', byNumber],
  ['external-id', byExternalId],
  ['bill', byBill],
  ['tracking', byTracking],
  ['phone', byPhone],
]

/** At most 50 orders, each once, by the best way that found it. */
export async function findOrders(db: Queryable, term: string): Promise<Found[]> {
  const found = new Map<number, FoundBy>()
  for (const [by, look] of WAYS) {
    for (const id of await look(db, term)) if (!found.has(id)) found.set(id, by)
    if (found.size >= MOST) break
  }
  return [...found].slice(0, MOST).map(([id, by]) => ({ id, by }))
}
