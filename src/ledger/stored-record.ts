/**
 * Stored records beside what came of them, newest first, page by page: what a changed mapping is tried on. Read-only;
 * every statement looks at a bounded number of rows, found by their ids.
 */
import { unpack } from './block.ts'
import type { Queryable } from './database.ts'
import type { Origin } from './inbox.ts'

/** Records of one shape, and the kind of document that they become. */
export interface RecordTarget {
  connection: string
  stream: string
  shape: string
  document: string
}

/** What came of a record. */
export type Became =
  | {
      as: 'document'
      number: string | null
      /** Of the document's newest version, as `NewDocument` has them. */
      version: string
      hash: string
      content: unknown
      mapping: string
      /** False: that version was made from a record of another shape; this is the newest one of its own. */
      own: boolean
    }
  | { as: 'parked'; code: string; number: string | null }
  /** Done, but no document goes by its id. */
  | { as: 'nothing' }

export interface StoredRecord {
  id: number
  connection: string
  stream: string
  shape: string
  external_id: string | null
  origin: Origin
  content_type: string
  /** Null unless `bytes` is `kept`. */
  body: Buffer | null
  bytes: 'kept' | 'trimmed' | 'damaged'
  became: Became
}

export interface RecordPage {
  items: StoredRecord[]
  /** Records of the targets that were passed, `items` among them. */
  looked: number
  /** Not mapped yet. */
  waiting: number
  /** The newest document was made from a later record, or a person left it aside. */
  older: number
  /** `before` of the next page; null at the end. */
  next: number | null
}

export interface RecordSelection {
  targets: RecordTarget[]
  /** Ids below this one; null: from the newest on. */
  before: number | null
  /** Received at or after; null: all. */
  since: Date | null
}

/** Rows that one statement looks at, and what one page may hold. Bytes are of bodies. */
const WINDOW = 1000
const COUNT_WINDOW = 10_000
const MOST = 100
const MOST_BYTES = 512 * 1024

const LAST = Number.MAX_SAFE_INTEGER
const TARGETS = `target as materialized (
  select * from jsonb_to_recordset($1::jsonb) as t(connection text, stream text, shape text, document text))`

interface Row extends Omit<StoredRecord, 'body' | 'bytes' | 'became'> {
  state: string
  block: number | null
  start: number
  size: number
  document_id: number | null
  seq: number
  number: string | null
  version: string
  hash: string
  mapping: string
  maker: number | null
  made_by_target: boolean
  repeated: boolean
  code: string | null
}

/** One page below `before`. It may be empty although there are more: then nothing in its window was asked for. */
export async function storedRecords(db: Queryable, selection: RecordSelection): Promise<RecordPage> {
  const { targets, since } = selection
  const before = selection.before ?? LAST
  const window = await windowBelow(db, targets, before, since, WINDOW)
  const { rows } = await db.query<Row>(PAGE, [JSON.stringify(targets), before, since, window.low])
  const page: RecordPage = { items: [], looked: 0, waiting: 0, older: 0, next: window.next }
  const chosen: Row[] = []
  let bytes = 0
  for (const row of rows) {
    if (chosen.length >= MOST || (bytes + row.size > MOST_BYTES && chosen.length > 0)) {
      page.next = rows[page.looked - 1]!.id
      break
    }
    page.looked += 1
    if (row.state === 'new') page.waiting += 1
    else if (isOlder(row)) page.older += 1
    else {
      chosen.push(row)
      bytes += row.size
    }
  }
  page.items = await withContents(db, chosen)
  return page
}

function isOlder(row: Row): boolean {
  if (row.state !== 'done') return row.code === null
  return row.document_id !== null && row.maker !== row.id && (row.made_by_target || row.repeated)
}

// the limit tells the planner, which knows no parameters, how few rows it is about
const PAGE = `
with ${TARGETS},
s as materialized (select * from inbox where id < $2 and id >= $4 order by id desc limit ${WINDOW})
select s.id, s.connection, s.stream, s.shape, s.external_id, s.origin, s.content_type, s.state, s.block, s.start, s.size,
       d.id as document_id, d.number, v.seq, v.version, v.hash, v.mapping, v.inbox_id as maker, p.code,
       exists (select 1 from inbox m join target x on x.connection = m.connection and x.stream = m.stream
                and x.shape = m.shape and x.document = t.document where m.id = v.inbox_id) as made_by_target,
       v.inbox_id <> s.id and exists (select 1 from inbox j where j.connection = s.connection
                and j.external_id = s.external_id and j.stream = s.stream and j.shape = s.shape and j.id > s.id
                and j.state = 'done' and j.size is not null) as repeated
  from s join target t on t.connection = s.connection and t.stream = s.stream and t.shape = s.shape
  left join document d on d.connection = s.connection and d.kind = t.document and d.external_id = s.external_id
  left join document_version v on v.document_id = d.id and v.seq = d.seq
  left join parked p on p.what = 'record' and p.ref = s.id and p.resolved_at is null
 where s.size is not null and ($3::timestamptz is null or s.received_at >= $3)
 order by s.id desc`

interface Window {
  low: number
  /** Records of the targets in it. */
  records: number
  next: number | null
}

/** The next `size` rows of the inbox. Ids go up with the clock, so the last window is the first one wholly too old. */
async function windowBelow(
  db: Queryable,
  targets: RecordTarget[],
  before: number,
  since: Date | null,
  size: number,
): Promise<Window> {
  const { rows } = await db.query<{ low: number | null; rows: number; newest: Date | null; records: number }>(
    `with ${TARGETS},
     seen as (select id, connection, stream, shape, size, received_at from inbox
               where id < $2 order by id desc limit ${size})
     select min(s.id) as low, count(*) as rows, max(s.received_at) as newest,
            count(t.connection) filter (where s.size is not null
              and ($3::timestamptz is null or s.received_at >= $3)) as records
       from seen s left join target t on t.connection = s.connection and t.stream = s.stream and t.shape = s.shape`,
    [JSON.stringify(targets), before, since],
  )
  const { low, rows: seen, newest, records } = rows[0]!
  const tooOld = since !== null && newest !== null && newest < since
  return { low: low ?? before, records, next: seen < size || tooOld ? null : low }
}

/** How many records a whole run passes, for its progress. */
export async function countRecords(
  db: Queryable,
  targets: RecordTarget[],
  since: Date | null,
): Promise<number> {
  let count = 0
  for (let before: number | null = LAST; before !== null; ) {
    const window: Window = await windowBelow(db, targets, before, since, COUNT_WINDOW)
    count += window.records
    before = window.next
  }
  return count
}

async function withContents(db: Queryable, rows: Row[]): Promise<StoredRecord[]> {
  const compared = rows.filter((r) => r.code === null && r.document_id !== null)
  const { rows: versions } = await db.query<{ document_id: number; content: unknown }>(
    `select v.document_id, v.content from unnest($1::bigint[], $2::int[]) as t(id, seq)
       join document_version v on v.document_id = t.id and v.seq = t.seq`,
    [compared.map((r) => r.document_id), compared.map((r) => r.seq)],
  )
  const contents = new Map(versions.map((v) => [v.document_id, v.content]))
  const bodies = await bodiesOf(db, rows)
  return rows.map((row) => {
    const { id, connection, stream, shape, external_id, origin, content_type } = row
    const body = bodies.get(id) ?? null
    const bytes = body ? 'kept' : row.block === null ? 'trimmed' : 'damaged'
    const became = becameOf(row, contents)
    return { id, connection, stream, shape, external_id, origin, content_type, body, bytes, became }
  })
}

function becameOf(row: Row, contents: Map<number, unknown>): Became {
  const { number, version, hash, mapping } = row
  if (row.code !== null) return { as: 'parked', code: row.code, number }
  if (row.document_id === null) return { as: 'nothing' }
  const content = contents.get(row.document_id)
  return { as: 'document', number, version, hash, content, mapping, own: row.maker === row.id }
}

/** Each block is read and unpacked once; copies do not hold it in memory. */
async function bodiesOf(db: Queryable, rows: Row[]): Promise<Map<number, Buffer>> {
  const bodies = new Map<number, Buffer>()
  const wanted = Map.groupBy(
    rows.filter((r) => r.block !== null),
    (r) => r.block!,
  )
  const { rows: blocks } = await db.query<{ id: number; body: Buffer }>(
    'select id, body from inbox_block where id = any($1::bigint[])',
    [[...wanted.keys()]],
  )
  for (const { id: block, body } of blocks) {
    const bytes = await unpack(body)
    for (const { id, start, size } of wanted.get(block)!) {
      if (bytes && start + size <= bytes.length)
        bodies.set(id, Buffer.from(bytes.subarray(start, start + size)))
    }
  }
  return bodies
}
