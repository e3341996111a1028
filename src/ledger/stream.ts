/** Where each stream's reading stands. A cursor belongs to (connection, stream), never to a configuration. */
import type { Queryable } from './database.ts'

export interface StreamState {
  watermark: Date | null
  /** End of the window that was begun and not finished. */
  window_until: Date | null
  resume: unknown
}

/** Takes the stream for `seconds`; null when another process reads it. */
export async function leaseStream(
  db: Queryable,
  connection: string,
  stream: string,
  seconds: number,
): Promise<StreamState | null> {
  const { rows } = await db.query<StreamState>(
    `insert into stream as s (connection, stream, lease_until) values ($1, $2, now() + make_interval(secs => $3))
     on conflict (connection, stream) do update set lease_until = excluded.lease_until
      where s.lease_until is null or s.lease_until < now()
     returning watermark, window_until, resume`,
    [connection, stream, seconds],
  )
  return rows[0] ?? null
}

/** In the same transaction as the page's records: where to go on. */
export async function keepPage(
  tx: Queryable,
  connection: string,
  stream: string,
  until: Date,
  resume: unknown,
  records: number,
  seconds: number,
): Promise<void> {
  await tx.query(
    `update stream set window_until = $3, resume = $4::jsonb, records = records + $5, error = null,
            lease_until = now() + make_interval(secs => $6) where connection = $1 and stream = $2`,
    [connection, stream, until, JSON.stringify(resume), records, seconds],
  )
}

/** The window is read: the watermark moves to its end. */
export async function closeWindow(
  tx: Queryable,
  connection: string,
  stream: string,
  until: Date,
  records: number,
): Promise<void> {
  await tx.query(
    `update stream set watermark = greatest(watermark, $3), window_until = null, resume = null, lease_until = null,
            records = records + $4, polled_at = now(), error = null where connection = $1 and stream = $2`,
    [connection, stream, until, records],
  )
}

/** Gives the stream back after a failure; the resume token stays, so nothing is read twice or skipped. */
export async function failPoll(
  db: Queryable,
  connection: string,
  stream: string,
  error: unknown,
): Promise<void> {
  const code = (error as { code?: unknown }).code
  await db.query(`update stream set lease_until = null, error = $3 where connection = $1 and stream = $2`, [
    connection,
    stream,
    typeof code === 'string' ? code : 'INTERNAL',
  ])
}

/** Gives the stream back without an error, on a graceful stop between two pages. */
export async function releaseStream(db: Queryable, connection: string, stream: string): Promise<void> {
  await db.query('update stream set lease_until = null where connection = $1 and stream = $2', [
    connection,
    stream,
  ])
}

/**
 * One winner per tick over all processes: the row is unique. A winner that died is followed by another
 * once its lease has passed.
 */
export async function winTick(
  db: Queryable,
  schedule: string,
  tick: Date,
  seconds: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into schedule_tick as t (schedule, tick, lease_until) values ($1, $2, now() + make_interval(secs => $3))
     on conflict (schedule, tick) do update set lease_until = excluded.lease_until
      where t.finished_at is null and t.lease_until < now()
     returning 1`,
    [schedule, tick, seconds],
  )
  return rowCount > 0
}

export async function finishTick(db: Queryable, schedule: string, tick: Date): Promise<void> {
  await db.query('update schedule_tick set finished_at = now() where schedule = $1 and tick = $2', [
    schedule,
    tick,
  ])
}

/** The newest tick of a schedule, finished or not. */
export async function lastTick(db: Queryable, schedule: string): Promise<Date | null> {
  const { rows } = await db.query<{ tick: Date | null }>(
    'select max(tick) as tick from schedule_tick where schedule = $1',
    [schedule],
  )
  return rows[0]?.tick ?? null
}

/** Ticks of the past are forgotten after a week. */
export async function trimTicks(db: Queryable): Promise<void> {
  await db.query(`delete from schedule_tick where tick < now() - interval '7 days'`)
}
