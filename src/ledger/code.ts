/**
 * Code tables in the ledger: key → value of one table of one connection. An import is one transaction under the
 * lock of `code_revision`; it tells every process (CODES_CHANGED), and each reads on from the newest revision that
 * it knows (code-view.ts). What waited for a key is found by code-waiting.ts.
 */
import type { Database, Queryable } from './database.ts'

/** The channel on which an import tells its revision. */
export const CODES_CHANGED = 'tributary_codes'

export interface CodeKey {
  connection: string
  table: string
  key: string
}

export interface CodeEntry extends CodeKey {
  value: string
  /** Decimal text; null: none. Left out: one that is there stays. */
  factor?: string | null | undefined
}

export interface CodeRow extends CodeKey {
  value: string
  factor: string | null
  revision: number
  changed_by: string
  changed_at: Date
}

export interface CodesImported {
  /** Of the tables after it; the same as before when nothing changed. */
  revision: number
  added: number
  changed: number
  unchanged: number
}

/** Entries that one statement writes. */
const BATCH = 5000

/**
 * Writes entries, all or none; one that is there is replaced. No key may come twice. `dry`: only says what it would
 * do. Throws what the database throws.
 */
export function importCodes(
  db: Database,
  entries: CodeEntry[],
  by: string,
  dry = false,
): Promise<CodesImported> {
  return db.transaction(async (tx) => {
    const before = dry ? await codeRevision(tx) : await lockRevision(tx)
    const count = await compare(tx, entries)
    const { added, changed } = count
    if (dry || added + changed === 0) return { ...count, revision: before }
    const revision = before + 1
    const [factored, plain] = [entries.filter(hasFactor), entries.filter((e) => !hasFactor(e))]
    await write(tx, factored, by, revision, 'excluded.factor')
    await write(tx, plain, by, revision, 'c.factor')
    await tx.query('update code_revision set revision = $1, changed_at = now()', [revision])
    await tx.query('select pg_notify($1, $2)', [CODES_CHANGED, String(revision)])
    return { ...count, revision }
  })
}

const hasFactor = (entry: CodeEntry) => entry.factor !== undefined

/** Importers come one after another, so no revision becomes visible before a smaller one. */
async function lockRevision(tx: Queryable): Promise<number> {
  await tx.query('insert into code_revision (revision) values (0) on conflict do nothing')
  const { rows } = await tx.query<{ revision: number }>('select revision from code_revision for update')
  return rows[0]!.revision
}

const GIVEN = `jsonb_to_recordset($1::jsonb) as g(connection text, "table" text, key text, value text, factor numeric,
  keep boolean)`

const toGiven = (entries: CodeEntry[]) => JSON.stringify(entries.map((e) => ({ ...e, keep: !hasFactor(e) })))

async function compare(tx: Queryable, entries: CodeEntry[]): Promise<Omit<CodesImported, 'revision'>> {
  const count = { added: 0, changed: 0, unchanged: 0 }
  for (const part of parts(entries)) {
    const { rows } = await tx.query<typeof count>(
      `select count(*) filter (where c.key is null) as added,
              count(*) filter (where c.key is not null and differs) as changed,
              count(*) filter (where c.key is not null and not differs) as unchanged
         from ${GIVEN} left join code_entry c using (connection, "table", key)
        cross join lateral (select c.value is distinct from g.value
                                or (not g.keep and c.factor is distinct from g.factor) as differs) d`,
      [toGiven(part)],
    )
    for (const name of ['added', 'changed', 'unchanged'] as const) count[name] += rows[0]![name]
  }
  return count
}

async function write(
  tx: Queryable,
  entries: CodeEntry[],
  by: string,
  revision: number,
  factor: string,
): Promise<void> {
  for (const part of parts(entries)) {
    await tx.query(
      `insert into code_entry as c (connection, "table", key, value, factor, revision, changed_by)
       select connection, "table", key, value, factor, $2, $3 from ${GIVEN}
       on conflict (connection, "table", key) do update
          set value = excluded.value, factor = ${factor}, revision = excluded.revision,
              changed_by = excluded.changed_by, changed_at = now()
        where c.value is distinct from excluded.value or c.factor is distinct from ${factor}`,
      [toGiven(part), revision, by],
    )
  }
}

function parts(entries: CodeEntry[]): CodeEntry[][] {
  return Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, i) =>
    entries.slice(i * BATCH, (i + 1) * BATCH),
  )
}

/** The newest revision; 0 before the first import. */
export async function codeRevision(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ revision: number }>('select revision from code_revision')
  return rows[0]?.revision ?? 0
}

export interface CodeFilter {
  /** Only what has changed after this revision. */
  since?: number | undefined
  connection?: string | undefined
  table?: string | undefined
  key?: string | undefined
}

/** One page of entries after `after`, in the order of connection, table and key (byte by byte). */
export async function listCodes(
  db: Queryable,
  { since = 0, connection, table, key }: CodeFilter,
  after: CodeKey | null,
  limit: number,
): Promise<CodeRow[]> {
  const { rows } = await db.query<CodeRow>(
    `select * from code_entry
      where ($1::text is null or connection = $1) and ($2::text is null or "table" = $2)
        and ($3::text is null or key = $3)
        and ($4::text is null or (connection, "table", key) > ($4, $5, $6)) and revision > $8
      order by connection, "table", key limit $7`,
    [connection, table, key, after?.connection, after?.table, after?.key, limit, since],
  )
  return rows
}

/** Of these keys, those that the ledger has: `connection`, `table` and `key` as they were given. */
export async function knownCodes(db: Queryable, keys: CodeKey[]): Promise<CodeKey[]> {
  if (keys.length === 0) return []
  const { rows } = await db.query<CodeKey>(
    `select connection, "table", key from code_entry
       join jsonb_to_recordset($1::jsonb) as g(connection text, "table" text, key text)
      using (connection, "table", key)`,
    [JSON.stringify(keys)],
  )
  return rows
}

export interface CodeTableRow {
  connection: string
  table: string
  entries: number
  changed_at: Date
}

/** The tables that the ledger has, with the number of their entries. */
export async function codeTables(db: Queryable): Promise<CodeTableRow[]> {
  const { rows } = await db.query<CodeTableRow>(
    `select connection, "table", count(*) as entries, max(changed_at) as changed_at
       from code_entry group by 1, 2 order by 1, 2`,
  )
  return rows
}
