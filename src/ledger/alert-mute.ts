/** Mutes: causes that nobody wants to be told of for a while. */
import type { Queryable } from './database.ts'

export interface Mute {
  /** A cause, or the beginning of some and `*`. */
  cause: string
  until: Date
  who: string
  why: string
  since: Date
}

/** Mutes for `seconds` from now; a mute of the same cause is replaced. */
export async function mute(
  db: Queryable,
  { cause, who, why }: Pick<Mute, 'cause' | 'who' | 'why'>,
  seconds: number,
): Promise<Mute> {
  const { rows } = await db.query<Mute>(
    `insert into alert_mute (cause, until, who, why) values ($1, now() + make_interval(secs => $2), $3, $4)
     on conflict (cause) do update set until = excluded.until, who = excluded.who, why = excluded.why, since = now()
     returning *`,
    [cause, seconds, who, why],
  )
  return rows[0]!
}

/** Ends a mute; null when there is none. */
export async function unmute(db: Queryable, cause: string): Promise<Mute | null> {
  const { rows } = await db.query<Mute>(
    'delete from alert_mute where cause = $1 and until > now() returning *',
    [cause],
  )
  return rows[0] ?? null
}

/** Those in force. */
export async function mutes(db: Queryable): Promise<Mute[]> {
  const { rows } = await db.query<Mute>('select * from alert_mute where until > now() order by cause')
  return rows
}
