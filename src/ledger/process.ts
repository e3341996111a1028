/** Which processes run on this ledger, and by which activation. A row is renewed while its process lives. */
import type { Queryable } from './database.ts'

/** A process that was not seen for so long counts as dead. Seconds. */
export const DEAD_AFTER = 15

export interface NewProcess {
  id: string
  role: 'all' | 'serve' | 'work'
  host: string
  pid: number
  version: string
  /** See migration 0008. */
  activation: number | null
  fileHash: string | null
}

export interface ProcessRow {
  id: string
  role: NewProcess['role']
  host: string
  pid: number
  version: string
  started_at: Date
  seen_at: Date
  activation_id: number | null
  file_hash: string | null
  refused_id: number | null
  /** A TributaryError as it travels: code and detail. */
  problem: { code: string; detail: Record<string, unknown> } | null
}

/** Called once at start; rows of processes long dead go. */
export async function addProcess(db: Queryable, p: NewProcess): Promise<void> {
  await db.query(`delete from process where seen_at < now() - interval '1 day'`)
  await db.query(
    `insert into process (id, role, host, pid, version, activation_id, file_hash)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [p.id, p.role, p.host, p.pid, p.version, p.activation, p.fileHash],
  )
}

/** What changes of a process while it lives. */
export interface ProcessState {
  activation: number | null
  refused: number | null
  problem: ProcessRow['problem']
}

/** It lives, and runs by this. A row that is gone (a restored ledger) is made anew. */
export async function renewProcess(db: Queryable, p: NewProcess, state: ProcessState): Promise<void> {
  await db.query(
    `insert into process (id, role, host, pid, version, activation_id, file_hash, refused_id, problem)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)
     on conflict (id) do update set seen_at = now(), activation_id = excluded.activation_id,
            refused_id = excluded.refused_id, problem = excluded.problem`,
    [
      ...[p.id, p.role, p.host, p.pid, p.version, state.activation, p.fileHash, state.refused],
      state.problem && JSON.stringify(state.problem),
    ],
  )
}

export async function removeProcess(db: Queryable, id: string): Promise<void> {
  await db.query('delete from process where id = $1', [id])
}

/** Those that live, oldest first. */
export async function livingProcesses(db: Queryable): Promise<ProcessRow[]> {
  const { rows } = await db.query<ProcessRow>(
    `select * from process where seen_at > now() - interval '${DEAD_AFTER} s' order by started_at, id`,
  )
  return rows
}

/** True where another living process that plans has followed this activation, or has not said yet that it cannot. */
export async function isLeftToOthers(db: Queryable, activation: number, own: string): Promise<boolean> {
  const { rows } = await db.query(
    `select 1 from process where role <> 'serve' and id <> $2 and seen_at > now() - interval '${DEAD_AFTER} s'
        and (activation_id >= $1 or coalesce(refused_id, 0) < $1) limit 1`,
    [activation, own],
  )
  return rows.length > 0
}
