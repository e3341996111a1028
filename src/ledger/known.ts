/** What is known of a source's things, by its clock, by its ids and by its numbers. Every statement is short. */
import type { Queryable } from './database.ts'

/** What a stream's records become. */
export interface Kept {
  connection: string
  stream: string
  /** Kind of document. */
  kind: string
}

const HOUR = 3_600_000
const BATCH = 1000

/** Documents whose newest version is an instant in [since, until). */
export async function countByVersion(db: Queryable, of: Kept, since: Date, until: Date): Promise<number> {
  let sum = 0
  for (const [from, to] of hours(since, until)) {
    const { rows } = await db.query<{ n: number }>(
      `select count(*) as n from document_version v join document d on d.id = v.document_id and d.seq = v.seq
        where v.version collate "C" >= $1 and v.version collate "C" < $2 and d.connection = $3 and d.kind = $4`,
      [from, to, of.connection, of.kind],
    )
    sum += rows[0]!.n
  }
  return sum
}

/** Ids of the documents whose newest version is an instant in [since, until). */
export function idsByVersion(db: Queryable, of: Kept, since: Date, until: Date): Promise<string[]> {
  return valuesByVersion(db, of, 'external_id', { since, until })
}

/** Numbers or ids of those among them that were placed in it, too. */
export function placedBetween(
  db: Queryable,
  of: Kept,
  field: 'externalId' | 'number',
  since: Date,
  until: Date,
): Promise<string[]> {
  return valuesByVersion(db, of, field === 'number' ? 'number' : 'external_id', { since, until }, since)
}

async function valuesByVersion(
  db: Queryable,
  of: Kept,
  column: 'number' | 'external_id',
  { since, until }: { since: Date; until: Date },
  placed?: Date,
): Promise<string[]> {
  const young = placed ? `and coalesce(v.content->>'placedAt', v.version)::timestamptz >= $5` : ''
  const found: string[] = []
  for (const [from, to] of hours(since, until)) {
    const { rows } = await db.query<{ value: string | null }>(
      `select d.${column} as value
         from document_version v join document d on d.id = v.document_id and d.seq = v.seq
        where v.version collate "C" >= $1 and v.version collate "C" < $2 and d.connection = $3 and d.kind = $4 ${young}`,
      [from, to, of.connection, of.kind, ...(placed ? [placed] : [])],
    )
    found.push(...rows.flatMap(({ value }) => (value === null ? [] : [value])))
  }
  return found
}

/** The window in steps of an hour, as versions are written. */
function* hours(since: Date, until: Date): Generator<[string, string]> {
  for (let at = since.getTime(); at < until.getTime(); at += HOUR) {
    yield [new Date(at).toISOString(), new Date(Math.min(at + HOUR, until.getTime())).toISOString()]
  }
}

/** Which of these ids are known, as documents or as records that did not become one yet. */
export async function knownIds(db: Queryable, of: Kept, ids: string[]): Promise<Set<string>> {
  const known = new Set<string>()
  for (let i = 0; i < ids.length; i += BATCH) {
    const { rows } = await db.query<{ id: string }>(
      `select external_id as id from document where connection = $1 and kind = $3 and external_id = any($4::text[])
       union
       select external_id from inbox where connection = $1 and stream = $2 and external_id = any($4::text[])
          and state in ('new', 'done', 'parked', 'discarded') and shape <> 'hint' and shape <> 'doubt'`,
      [of.connection, of.stream, of.kind, ids.slice(i, i + BATCH)],
    )
    for (const { id } of rows) known.add(id)
  }
  return known
}

/** Which of these ids are documents. */
export async function documentIds(db: Queryable, of: Kept, ids: string[]): Promise<Set<string>> {
  const known = new Set<string>()
  for (let i = 0; i < ids.length; i += BATCH) {
    const { rows } = await db.query<{ id: string }>(
      `select external_id as id from document where connection = $1 and kind = $2 and external_id = any($3::text[])`,
      [of.connection, of.kind, ids.slice(i, i + BATCH)],
    )
    for (const { id } of rows) known.add(id)
  }
  return known
}

/** Which of these numbers are those of documents, or of what is parked. */
export async function knownNumbers(db: Queryable, of: Kept, numbers: string[]): Promise<Set<string>> {
  const known = new Set<string>()
  for (let i = 0; i < numbers.length; i += BATCH) {
    const { rows } = await db.query<{ number: string }>(
      `select number from document where number = any($3::text[]) and connection = $1 and kind = $2
       union
       select order_number from parked where connection = $1 and order_number = any($3::text[])`,
      [of.connection, of.kind, numbers.slice(i, i + BATCH)],
    )
    for (const { number } of rows) known.add(number)
  }
  return known
}

/** How many records of these ids wait to be mapped. */
export async function waitingRecords(db: Queryable, of: Kept, ids: string[]): Promise<number> {
  let sum = 0
  for (let i = 0; i < ids.length; i += BATCH) {
    const { rows } = await db.query<{ n: number }>(
      `select count(*) as n from inbox where connection = $1 and stream = $2 and external_id = any($3::text[])
          and state = 'new'`,
      [of.connection, of.stream, ids.slice(i, i + BATCH)],
    )
    sum += rows[0]!.n
  }
  return sum
}
