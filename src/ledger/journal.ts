/** The journal: the story of each order in one table, written in the same transaction as what it tells. */
import type { Queryable } from './database.ts'

/** `subject` is the order's external id (or another document's); `data` never holds personal data. */
export interface JournalEntry {
  connection: string
  subject: string
  event: string
  data?: Record<string, unknown>
}

export async function tell(db: Queryable, entries: JournalEntry[]): Promise<void> {
  if (entries.length === 0) return
  await db.query(
    `insert into journal (connection, subject, event, data)
     select connection, subject, event, data
       from jsonb_to_recordset($1::jsonb) as t(connection text, subject text, event text, data jsonb)`,
    [JSON.stringify(entries)],
  )
}

export interface JournalRow {
  id: number
  at: Date
  connection: string
  subject: string
  event: string
  data: Record<string, unknown> | null
}

/** One order's story, oldest first. */
export async function story(
  db: Queryable,
  connection: string,
  subject: string,
  limit = 500,
): Promise<JournalRow[]> {
  const { rows } = await db.query<JournalRow>(
    'select * from journal where connection = $1 and subject = $2 order by id limit $3',
    [connection, subject, limit],
  )
  return rows
}
