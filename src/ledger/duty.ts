/** Work that one process does for all: who has it holds a lease, and whoever comes after it ends takes over. */
import type { Queryable } from './database.ts'

/** Takes or keeps the duty for `seconds`; false while another process has it. `holder`: unique to this process. */
export async function holdDuty(
  db: Queryable,
  name: string,
  holder: string,
  seconds: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into duty as d (name, holder, lease_until) values ($1, $2, now() + make_interval(secs => $3))
     on conflict (name) do update set holder = excluded.holder, lease_until = excluded.lease_until
      where d.holder = excluded.holder or d.lease_until < now()
     returning 1`,
    [name, holder, seconds],
  )
  return rowCount > 0
}

/** Lets it go at once, on a graceful stop. */
export async function leaveDuty(db: Queryable, name: string, holder: string): Promise<void> {
  await db.query('delete from duty where name = $1 and holder = $2', [name, holder])
}
