/** Documents of every kind as people see them: pages of them, and one with its newest content. */
import type { Queryable } from './database.ts'
import { PUSH_FIELDS, type PushRow } from './push-list.ts'

export interface DocumentRow {
  id: number
  connection: string
  kind: string
  external_id: string
  number: string | null
  entity: string
  version: string
  seq: number
  plan_state: string
  created_at: Date
  updated_at: Date
}

export interface DocumentListFilter {
  connection?: string
  kind?: string
  /** Documents that are known by one of these terms (the order they belong to, a SKU), or have one as external id. */
  terms?: string[]
}

const FIELDS = `d.id, d.connection, d.kind, d.external_id, d.number, d.entity, d.version, d.seq, d.plan_state,
  d.created_at, d.updated_at`

/** One statement looks at this many documents at most; see order-list.ts. */
const WINDOW = 2000
const WINDOWS = 20

export interface DocumentPage {
  rows: DocumentRow[]
  next: number | null
}

/** One page below `before`, newest first. It may be short and still have a next one. */
export async function listDocuments(
  db: Queryable,
  filter: DocumentListFilter,
  before: number,
  limit: number,
): Promise<DocumentPage> {
  const { connection, kind, terms } = filter
  if (terms) return listByTerms(db, filter, terms, before, limit)
  const rows: DocumentRow[] = []
  let floor: number | null = before
  for (let window = 0; window < WINDOWS; window++) {
    const upper: number = floor
    floor = await windowFloor(db, upper)
    if (floor === null) return { rows, next: null }
    const wanted = limit - rows.length
    const found = await db.query<DocumentRow>(
      `select ${FIELDS} from document d
        where ($1::text is null or d.connection = $1) and ($2::text is null or d.kind = $2)
          and d.id < $3 and d.id >= $4 order by d.id desc limit $5`,
      [connection, kind, upper, floor, wanted + 1],
    )
    rows.push(...found.rows)
    if (found.rows.length > wanted) return page(rows, limit)
  }
  return { rows, next: floor }
}

/** Connections that ever sent anything: a loose index scan, one step per connection. */
const CONNECTIONS = `
with recursive c(connection) as (
  (select connection from document order by connection limit 1)
  union all
  select (select d.connection from document d where d.connection > c.connection order by d.connection limit 1)
    from c where c.connection is not null)
select connection from c where connection is not null`

async function listByTerms(
  db: Queryable,
  { connection, kind }: DocumentListFilter,
  terms: string[],
  before: number,
  limit: number,
): Promise<DocumentPage> {
  const { rows } = await db.query<DocumentRow>(
    `select ${FIELDS} from document d
      where d.id in (select id from document where terms && $1::text[]
                     union all
                     select o.id from (${CONNECTIONS}) c cross join unnest($6::text[]) as k(kind)
                       join document o on o.connection = c.connection and o.kind = k.kind
                        and o.external_id = any($1::text[]))
        and ($2::text is null or d.connection = $2) and ($3::text is null or d.kind = $3) and d.id < $4
      order by d.id desc limit $5`,
    [terms, connection, kind, before, limit + 1, await kinds(db)],
  )
  return page(rows, limit)
}

/** Kinds that any connection sent: a loose index scan, one step per connection and kind. */
async function kinds(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ kind: string }>(
    `with recursive k(connection, kind) as (
       (select connection, kind from document order by connection, kind limit 1)
       union all
       select n.connection, n.kind from k cross join lateral (
         select d.connection, d.kind from document d where (d.connection, d.kind) > (k.connection, k.kind)
          order by d.connection, d.kind limit 1) n)
     select distinct kind from k`,
  )
  return rows.map((r) => r.kind)
}

function page(rows: DocumentRow[], limit: number): DocumentPage {
  return rows.length > limit
    ? { rows: rows.slice(0, limit), next: rows[limit - 1]!.id }
    : { rows, next: null }
}

async function windowFloor(db: Queryable, before: number): Promise<number | null> {
  const { rows } = await db.query<{ id: number | null }>(
    `select min(id) as id from (select id from document where id < $1 order by id desc limit ${WINDOW}) w`,
    [before],
  )
  return rows[0]?.id ?? null
}

/** One document with the content of its newest version and the record that made it; null when there is none. */
export async function documentDetail(
  db: Queryable,
  connection: string,
  kind: string,
  externalId: string,
): Promise<(DocumentRow & { content: unknown; mapping: string; inbox_id: number }) | null> {
  const { rows } = await db.query<DocumentRow & { content: unknown; mapping: string; inbox_id: number }>(
    `select ${FIELDS}, v.content, v.mapping, v.inbox_id
       from document d join document_version v on v.document_id = d.id and v.seq = d.seq
      where d.connection = $1 and d.kind = $2 and d.external_id = $3`,
    [connection, kind, externalId],
  )
  return rows[0] ?? null
}

/** Pushes that were made of a document, oldest first; at most 500. */
export async function pushesOfDocument(db: Queryable, id: number): Promise<PushRow[]> {
  const { rows } = await db.query<PushRow>(
    `select ${PUSH_FIELDS} from push where document_id = $1 order by id limit 500`,
    [id],
  )
  return rows
}
