/**
 * Pushes with the bytes that were frozen for them, newest first, page by page: what a changed outgoing mapping is
 * tried on. Read-only.
 */
import type { Remote } from '../core/outcome.ts'
import type { Queryable } from './database.ts'

export interface PushTarget {
  connection: string
  kind: string
}

export interface StoredPush {
  id: number
  connection: string
  kind: string
  key: string
  revision: number
  order_connection: string
  order_id: string
  order_number: string | null
  previous: Remote | null
  /** What was mapped out: the document, or what the planner made of it. */
  content: unknown
  /** The exact bytes; null where mapping out failed. */
  body: Buffer | null
  content_type: string | null
  mapping: string | null
  /** Why it is parked, where it has no bytes. */
  code: string | null
}

export interface PushPage {
  items: StoredPush[]
  /** Pushes of the targets that were passed, `items` among them. */
  looked: number
  /** Nothing was mapped out of them yet. */
  waiting: number
  /** A later revision was mapped out. */
  older: number
  next: number | null
}

export interface PushSelection {
  targets: PushTarget[]
  before: number | null
  /** Planned at or after; null: all. */
  since: Date | null
}

const WINDOW = 1000
const COUNT_WINDOW = 10_000
const MOST = 100
const MOST_BYTES = 512 * 1024
const LAST = Number.MAX_SAFE_INTEGER

const TARGETS = `target as materialized (
  select * from jsonb_to_recordset($1::jsonb) as t(connection text, kind text))`

interface Row {
  id: number
  size: number | null
  failed: boolean
  older: boolean
}

/** One page below `before`. It may be empty although there are more. */
export async function storedPushes(db: Queryable, selection: PushSelection): Promise<PushPage> {
  const { targets, since } = selection
  const before = selection.before ?? LAST
  const window = await windowBelow(db, targets, before, since, WINDOW)
  const { rows } = await db.query<Row>(PAGE, [JSON.stringify(targets), before, since, window.low])
  const page: PushPage = { items: [], looked: 0, waiting: 0, older: 0, next: window.next }
  const chosen: number[] = []
  let bytes = 0
  for (const { id, size, failed, older } of rows) {
    if (chosen.length >= MOST || (bytes + (size ?? 0) > MOST_BYTES && chosen.length > 0)) {
      page.next = rows[page.looked - 1]!.id
      break
    }
    page.looked += 1
    if (older) page.older += 1
    else if (size === null && !failed) page.waiting += 1
    else {
      chosen.push(id)
      bytes += size ?? 0
    }
  }
  page.items = await withContents(db, chosen)
  return page
}

// the limit tells the planner, which knows no parameters, how few rows it is about
const PAGE = `
with ${TARGETS},
p as materialized (
  select id, connection, kind, subject, revision, state, created_at, octet_length(body) as size
    from push where id < $2 and id >= $4 order by id desc limit ${WINDOW})
select p.id, p.size, p.size is null and p.state = 'parked' as failed,
       exists (select 1 from push q where q.connection = p.connection and q.kind = p.kind and q.subject = p.subject
                and q.revision > p.revision and q.body is not null) as older
  from p join target t on t.connection = p.connection and t.kind = p.kind
 where ($3::timestamptz is null or p.created_at >= $3) and (p.state <> 'withdrawn' or p.size is not null)
 order by p.id desc`

async function withContents(db: Queryable, ids: number[]): Promise<StoredPush[]> {
  const { rows } = await db.query<StoredPush>(
    `select p.id, p.connection, p.kind, p.key, p.revision, p.order_connection, p.order_id, p.order_number, p.previous,
            coalesce(p.content, v.content) as content, p.body, p.content_type, p.mapping, p.code
       from push p join document_version v on v.document_id = p.document_id and v.seq = p.document_seq
      where p.id = any($1::bigint[]) order by p.id desc`,
    [ids],
  )
  return rows
}

interface Window {
  low: number
  pushes: number
  next: number | null
}

async function windowBelow(
  db: Queryable,
  targets: PushTarget[],
  before: number,
  since: Date | null,
  size: number,
): Promise<Window> {
  const { rows } = await db.query<{ low: number | null; rows: number; newest: Date | null; pushes: number }>(
    `with ${TARGETS},
     seen as (select id, connection, kind, state, body is null as blank, created_at from push
               where id < $2 order by id desc limit ${size})
     select min(s.id) as low, count(*) as rows, max(s.created_at) as newest,
            count(t.connection) filter (where ($3::timestamptz is null or s.created_at >= $3)
              and (s.state <> 'withdrawn' or not s.blank)) as pushes
       from seen s left join target t on t.connection = s.connection and t.kind = s.kind`,
    [JSON.stringify(targets), before, since],
  )
  const { low, rows: seen, newest, pushes } = rows[0]!
  const tooOld = since !== null && newest !== null && newest < since
  return { low: low ?? before, pushes, next: seen < size || tooOld ? null : low }
}

/** How many pushes a whole run passes, for its progress. */
export async function countPushes(db: Queryable, targets: PushTarget[], since: Date | null): Promise<number> {
  let count = 0
  for (let before: number | null = LAST; before !== null; ) {
    const window: Window = await windowBelow(db, targets, before, since, COUNT_WINDOW)
    count += window.pushes
    before = window.next
  }
  return count
}
