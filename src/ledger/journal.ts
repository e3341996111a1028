/** The journal: the story of each order in one table, written in the same transaction as what it tells. */
import type { Queryable } from './database.ts'

/**
 * What a document's story is told under. An order's external id alone; of any other kind the kind before it, for a
 * system may well give an order and a refund the same id.
 */
export function journalSubject(kind: string, externalId: string): string {
  return kind === 'order' ? externalId : `${kind} ${externalId}`
}

/** `subject`: see `journalSubject`; `data` never holds personal data. */
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

/** Which of these stories, `<connection> <subject>`, have such an event. */
export async function toldOf(
  db: Queryable,
  event: string,
  of: { connection: string; subject: string }[],
): Promise<Set<string>> {
  if (of.length === 0) return new Set()
  const { rows } = await db.query<{ connection: string; subject: string }>(
    `select t.connection, t.subject from jsonb_to_recordset($1::jsonb) as t(connection text, subject text)
      where exists (select 1 from journal j
                     where j.connection = t.connection and j.subject = t.subject and j.event = $2)`,
    [JSON.stringify(of.map(({ connection, subject }) => ({ connection, subject }))), event],
  )
  return new Set(rows.map((r) => `${r.connection} ${r.subject}`))
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
