/** The ledger's own tables as the database describes them, for backup and restore. */
import type { Queryable } from './database.ts'

export interface Table {
  name: string
  columns: { name: string; type: string }[]
  /** Columns of the primary key. */
  key: string[]
  /** It refers to itself, so all its rows must arrive in one statement. */
  whole: boolean
}

interface Reference {
  from: string
  to: string
}

/** All tables but the list of migrations and what may be lost (unlogged), those that others refer to first. */
export async function ledgerTables(db: Queryable): Promise<Table[]> {
  const { rows } = await db.query<Omit<Table, 'whole'>>(TABLES)
  const { rows: references } = await db.query<Reference>(REFERENCES)
  const tables = rows.map((t) => ({
    ...t,
    whole: references.some((r) => r.from === t.name && r.to === t.name),
  }))
  return ordered(
    tables,
    references.filter((r) => r.from !== r.to),
  )
}

const TABLES = `
select c.relname as name,
       (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       coalesce((select jsonb_agg(a.attname order by array_position(i.indkey::int2[], a.attnum))
          from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
         where i.indrelid = c.oid and i.indisprimary), '[]'::jsonb) as key
  from pg_class c
 where c.relnamespace = 'tributary'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p'
   and c.relname <> 'ledger_migration'
 order by c.relname`

const REFERENCES = `
select f.relname as "from", t.relname as "to"
  from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_class t on t.oid = k.confrelid
 where k.contype = 'f' and k.connamespace = 'tributary'::regnamespace`

function ordered(tables: Table[], references: Reference[]): Table[] {
  const out: Table[] = []
  const placed = new Set<string>()
  while (out.length < tables.length) {
    const ready = tables.filter(
      (t) => !placed.has(t.name) && references.every((r) => r.from !== t.name || placed.has(r.to)),
    )
    if (ready.length === 0) throw new Error('the ledger has tables that refer to each other in a circle')
    for (const t of ready) placed.add(t.name)
    out.push(...ready)
  }
  return out
}
