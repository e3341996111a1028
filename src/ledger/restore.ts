/** Restore: a backup (backup.ts) into an empty, migrated ledger of either kind, all or nothing. */
import fs from 'node:fs'
import readline from 'node:readline'
import { createGunzip } from 'node:zlib'
import { ledgerError } from '../core/errors/ledger.ts'
import { BACKUP_FORMAT, BACKUP_VERSION, type BackupHead } from './backup.ts'
import { type Database, isDataError, type Queryable } from './database.ts'
import { ledgerTables, type Table } from './tables.ts'

export interface Restored {
  installation: string
  /** When the backup was made, RFC 3339. */
  at: string
  rows: Record<string, number>
}

/** Characters of one statement's rows. */
const BATCH = 1_000_000

/**
 * How long first attempts ask before they write: what was sent between backup and loss is in the remote but
 * not in the ledger. Days.
 */
const FIND_FIRST = 30

/**
 * Fills an empty ledger from a backup and keeps its installation id, so that the same orders get the same
 * keys. Pushes that were being sent are in doubt. Throws LEDGER_BACKUP_UNREADABLE, LEDGER_NOT_EMPTY.
 */
export async function restoreBackup(db: Database, file: string): Promise<Restored> {
  if (!fs.existsSync(file)) throw unreadable(file, 'there is no such file')
  try {
    return await db.transaction((tx) => restoreInto(tx, file))
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? '')
    if (code.startsWith('Z_')) throw unreadable(file, 'it is cut off or no gzip file', error)
    if (error instanceof SyntaxError) throw unreadable(file, 'a line is no JSON', error)
    if (isDataError(error)) throw unreadable(file, `the database refuses a row (SQLSTATE ${code})`, error)
    throw error
  }
}

function unreadable(file: string, problem: string, cause?: unknown) {
  return ledgerError('LEDGER_BACKUP_UNREADABLE', { file, problem }, cause)
}

async function restoreInto(tx: Queryable, file: string): Promise<Restored> {
  await tx.query('set local search_path = tributary')
  const tables = new Map((await ledgerTables(tx)).map((t) => [t.name, t]))
  await refuseFull(tx, tables)
  await tx.query('delete from installation')
  const { head, rows } = await loadLines(tx, file, tables)
  await resetSequences(tx, head)
  await afterRestore(tx)
  return { installation: head.installation, at: head.at, rows }
}

async function refuseFull(tx: Queryable, tables: Map<string, Table>): Promise<void> {
  for (const name of tables.keys()) {
    if (name === 'installation') continue
    const { rows } = await tx.query(`select 1 from "${name}" limit 1`)
    if (rows.length > 0) throw ledgerError('LEDGER_NOT_EMPTY', { table: name })
  }
}

async function loadLines(
  tx: Queryable,
  file: string,
  tables: Map<string, Table>,
): Promise<{ head: BackupHead; rows: Record<string, number> }> {
  let head: BackupHead | null = null
  let loader: Loader | null = null
  let end: Record<string, number> | null = null
  const rows: Record<string, number> = {}
  for await (const line of readLines(file)) {
    const value = JSON.parse(line)
    if (!head) head = await checkHead(tx, file, value)
    else if (Array.isArray(value)) {
      if (!loader) throw unreadable(file, 'rows before a table')
      await loader.add(value, line.length)
    } else {
      if (loader) rows[loader.table.name] = await loader.finish()
      loader = value.table ? new Loader(tx, file, tables.get(value.table), value.columns) : null
      if (value.end) end = value.end
    }
  }
  if (!head || !end) throw unreadable(file, 'it is cut off')
  for (const [name, n] of Object.entries(end)) {
    if (rows[name] !== n) throw unreadable(file, `table ${name} has ${rows[name] ?? 0} rows instead of ${n}`)
  }
  return { head, rows }
}

/** Lines of the gzipped text. A broken stream throws its zlib error from the loop. */
async function* readLines(file: string): AsyncGenerator<string> {
  const source = fs.createReadStream(file)
  const text = createGunzip()
  source.on('error', (error) => text.destroy(error))
  source.pipe(text)
  const lines = readline.createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })
  let failed: Error | null = null
  text.on('error', (error) => {
    failed = error
    lines.close()
  })
  for await (const line of lines) if (line !== '') yield line
  if (failed) throw failed
}

async function checkHead(tx: Queryable, file: string, head: BackupHead): Promise<BackupHead> {
  if (head?.format !== BACKUP_FORMAT) throw unreadable(file, 'it is no backup of a ledger')
  if (head.version !== BACKUP_VERSION) throw unreadable(file, `its format ${head.version} is not known`)
  const { rows } = await tx.query<{ n: number }>('select max(number) as n from ledger_migration')
  const own = rows[0]?.n ?? 0
  if (head.migration !== own) {
    throw unreadable(
      file,
      `it is of migration ${head.migration} and this ledger of ${own}: restore it with the version that wrote it, then migrate`,
    )
  }
  return head
}

/** Inserts one table's rows, many per statement. */
class Loader {
  readonly table: Table
  #tx: Queryable
  #insert: string
  #rows: unknown[] = []
  #size = 0
  #count = 0

  constructor(tx: Queryable, file: string, table: Table | undefined, columns: string[]) {
    if (!table) throw unreadable(file, 'it has a table that this ledger has not')
    const types = columns.map((c) => table.columns.find((own) => own.name === c)?.type)
    if (types.includes(undefined)) throw unreadable(file, `table ${table.name} has other columns`)
    this.table = table
    this.#tx = tx
    const names = columns.map((c) => `"${c}"`).join(', ')
    const values = types.map((type, i) => `(r->>${i})::${type}`).join(', ')
    this.#insert = `insert into "${table.name}" (${names}) overriding system value
      select ${values} from jsonb_array_elements($1::jsonb) r`
  }

  async add(row: unknown[], size: number): Promise<void> {
    this.#rows.push(row)
    this.#size += size
    this.#count++
    if (this.#size > BATCH && !this.table.whole) await this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#rows.length > 0) await this.#tx.query(this.#insert, [JSON.stringify(this.#rows)])
    this.#rows = []
    this.#size = 0
  }

  /** Inserts what is left; answers how many rows there were. */
  async finish(): Promise<number> {
    await this.#flush()
    return this.#count
  }
}

/** Identities and sequences go on behind everything that was ever given. */
async function resetSequences(tx: Queryable, head: BackupHead): Promise<void> {
  const { rows } = await tx.query<{ name: string; table: string; column: string }>(
    `select s.relname as name, t.relname as table, a.attname as column
       from pg_class s join pg_depend d on d.objid = s.oid and d.deptype in ('i', 'a') and d.refobjsubid > 0
       join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
      where s.relkind = 'S' and s.relnamespace = 'tributary'::regnamespace`,
  )
  for (const { name, table, column } of rows) {
    const last = Math.max(0, Math.floor(Number(head.sequences[name] ?? 0)))
    await tx.query(
      `select setval('tributary."${name}"', greatest(1, $1::bigint, (select coalesce(max("${column}"), 0) from "${table}")),
                     greatest($1::bigint, (select coalesce(max("${column}"), 0) from "${table}")) > 0)`,
      [last],
    )
  }
}

async function afterRestore(tx: Queryable): Promise<void> {
  await tx.query(`update installation set find_first_until = now() + interval '${FIND_FIRST} days'`)
  // whoever sent them belonged to the ledger that was lost
  await tx.query(
    `update push set state = 'unknown', uncertain = true, fence = fence + 1, code = 'PUSH_LEASE_LAPSED',
            due_at = greatest(now(), lease_until) + interval '2 minutes', updated_at = now()
      where state = 'sending'`,
  )
  await tx.query('update inbox set claimed_until = null where claimed_until is not null')
  await tx.query('update document set claimed_until = null where claimed_until is not null')
  for (const table of ['stream', 'backfill', 'completeness'])
    await tx.query(`update ${table} set lease_until = null, holder = null where lease_until is not null`)
  await tx.query('delete from process')
}
