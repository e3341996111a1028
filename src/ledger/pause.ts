/** Pauses: who stopped what and why. They survive restarts and act on the next look at what is due. */
import type { Queryable } from './database.ts'

export interface Pause {
  /** '' means every one. */
  connection: string
  flow: string
  kind: string
  why: string
  who: string
  since: Date
  /** Tributary stopped it by itself. */
  automatic: boolean
}

export async function pause(db: Queryable, p: Omit<Pause, 'since'>): Promise<void> {
  await db.query(
    `insert into pause (connection, flow, kind, why, who, automatic) values ($1, $2, $3, $4, $5, $6)
     on conflict (connection, flow, kind)
     do update set why = excluded.why, who = excluded.who, automatic = excluded.automatic`,
    [p.connection, p.flow, p.kind, p.why, p.who, p.automatic],
  )
}

/** Stops a connection as a whole, for instance because its credentials are refused. */
export function pauseConnection(db: Queryable, connection: string, why: string, who: string): Promise<void> {
  return pause(db, { connection, flow: '', kind: '', why: why.slice(0, 500), who, automatic: true })
}

/** Answers whether there was such a pause. */
export async function resume(
  db: Queryable,
  at: Pick<Pause, 'connection' | 'flow' | 'kind'>,
): Promise<boolean> {
  const { rowCount } = await db.query('delete from pause where connection = $1 and flow = $2 and kind = $3', [
    at.connection,
    at.flow,
    at.kind,
  ])
  return rowCount > 0
}

export async function pauses(db: Queryable): Promise<Pause[]> {
  const { rows } = await db.query<Pause>('select * from pause order by since')
  return rows
}

/** True while a connection is stopped as a whole: it is not read either. */
export async function isPaused(db: Queryable, connection: string): Promise<boolean> {
  const { rows } = await db.query(
    `select 1 from pause where connection in ('', $1) and flow = '' and kind = '' limit 1`,
    [connection],
  )
  return rows.length > 0
}
