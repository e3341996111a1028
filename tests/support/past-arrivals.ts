/** A stream's past, as if Tributary had watched it for weeks. */
import type { StreamName } from '../../src/ledger/arrival.ts'
import type { Database } from '../../src/ledger/database.ts'

const HOUR = 3_600_000

/** The beginning of the hour so many hours before `from`. */
export function instantBefore(from: Date, hours: number): Date {
  return new Date((Math.floor(from.getTime() / HOUR) - hours) * HOUR)
}

/** Watched hours up to `until` (not included), each with so many busy minutes, its first ones. */
export async function fillHours(
  db: Database,
  { connection, stream }: StreamName,
  {
    until,
    weeks = 0,
    hours = weeks * 168,
    busy,
  }: { until: Date; weeks?: number; hours?: number; busy: number },
): Promise<void> {
  await db.query(
    `insert into arrival (connection, stream, hour, busy, watched)
     select $1, $2, $3::timestamptz - n * interval '1 hour', $5::text::bit(60), repeat('1', 60)::bit(60)
       from generate_series(1, $4) n
     on conflict (connection, stream, hour) do update set busy = excluded.busy, watched = excluded.watched`,
    [connection, stream, until, hours, '1'.repeat(busy).padEnd(60, '0')],
  )
}
