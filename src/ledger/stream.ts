/** Where each stream's reading stands. A cursor belongs to (connection, stream), never to a configuration. */
import type { Queryable } from './database.ts'

export interface StreamState {
  watermark: Date | null
  /** End of the window that was begun and not finished. */
  window_until: Date | null
  resume: unknown
}

/** One process's hold on a stream: nobody else reads it until the lease ends. */
export interface StreamHold {
  connection: string
  stream: string
  /** Unique to this reading. */
  holder: string
}

/** Takes the stream for `seconds`; null when another process reads it. */
export async function leaseStream(
  db: Queryable,
  { connection, stream, holder }: StreamHold,
  seconds: number,
): Promise<StreamState | null> {
  const { rows } = await db.query<StreamState>(
    `insert into stream as s (connection, stream, holder, lease_until)
     values ($1, $2, $3, now() + make_interval(secs => $4))
     on conflict (connection, stream) do update set holder = excluded.holder, lease_until = excluded.lease_until
      where s.lease_until is null or s.lease_until < now()
     returning watermark, window_until, resume`,
    [connection, stream, holder, seconds],
  )
  return rows[0] ?? null
}

/** Holds the stream for `seconds` more; false when the lease has ended. */
export async function renewStream(
  db: Queryable,
  { connection, stream, holder }: StreamHold,
  seconds: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update stream set lease_until = now() + make_interval(secs => $4)
      where connection = $1 and stream = $2 and holder = $3 and lease_until >= now()`,
    [connection, stream, holder, seconds],
  )
  return rowCount > 0
}

/** In the same transaction as the page's records: where to go on. False: the stream is not ours any more. */
export async function keepPage(
  tx: Queryable,
  { connection, stream, holder }: StreamHold,
  { until, resume, records }: { until: Date; resume: unknown; records: number },
  seconds: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update stream set window_until = $4, resume = $5::jsonb, records = records + $6, error = null,
            lease_until = now() + make_interval(secs => $7)
      where connection = $1 and stream = $2 and holder = $3`,
    [connection, stream, holder, until, JSON.stringify(resume), records, seconds],
  )
  return rowCount > 0
}

/** The window is read: the watermark moves to its end. False: the stream is not ours any more. */
export async function closeWindow(
  tx: Queryable,
  { connection, stream, holder }: StreamHold,
  until: Date,
  records: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update stream set watermark = greatest(watermark, $4), window_until = null, resume = null, lease_until = null,
            holder = null, records = records + $5, polled_at = now(), error = null
      where connection = $1 and stream = $2 and holder = $3`,
    [connection, stream, holder, until, records],
  )
  return rowCount > 0
}

/** Gives the stream back after a failure; the resume token stays, so nothing is read twice or skipped. */
export async function failPoll(
  db: Queryable,
  { connection, stream, holder }: StreamHold,
  error: unknown,
): Promise<void> {
  const code = (error as { code?: unknown }).code
  await db.query(
    `update stream set lease_until = null, holder = null, error = $4
      where connection = $1 and stream = $2 and holder = $3`,
    [connection, stream, holder, typeof code === 'string' ? code : 'INTERNAL'],
  )
}

/**
 * A page of the window cannot be had any more: it is read anew, and only half as far (each window begins at the
 * watermark). Keeps no page; gives the stream back. False when it was the shortest already (seconds).
 */
export async function cutWindow(
  db: Queryable,
  { connection, stream, holder }: StreamHold,
  shortest: number,
): Promise<boolean> {
  const { rows } = await db.query<{ cut: boolean }>(
    `update stream set resume = null, lease_until = null, holder = null, error = 'CONNECTOR_PAGE_EXPIRED',
            window_until = window_until - (window_until - coalesce(watermark, window_until - interval '1 day')) / 2
      where connection = $1 and stream = $2 and holder = $3
      returning window_until - coalesce(watermark, window_until - interval '1 day') > make_interval(secs => $4) as cut`,
    [connection, stream, holder, shortest],
  )
  return rows[0]?.cut === true
}

/** Gives the stream back without an error, on a graceful stop between two pages. */
export async function releaseStream(
  db: Queryable,
  { connection, stream, holder }: StreamHold,
): Promise<void> {
  await db.query(
    `update stream set lease_until = null, holder = null
      where connection = $1 and stream = $2 and holder = $3`,
    [connection, stream, holder],
  )
}

/** Ends leases whose holders died in the middle of a window; answers whose reading is to be gone on with. */
export async function lapseStreams(db: Queryable): Promise<{ connection: string; stream: string }[]> {
  const { rows } = await db.query<{ connection: string; stream: string }>(
    `update stream set lease_until = null, holder = null where lease_until < now() returning connection, stream`,
  )
  return rows
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
