/**
 * When records came, by stream: minutes of hours, as bits. They are read out of the inbox step by step, so that
 * receiving costs nothing more; reading a record twice changes nothing.
 */
import type { Database, Queryable } from './database.ts'

export interface StreamName {
  connection: string
  stream: string
}

/** Records looked through by one statement. */
const STEP = 20_000
/** Steps of one look: a backlog is caught up with little by little. */
const STEPS = 10

/**
 * Notes the minutes in which records came that were not looked at before. What a record was read for by us alone
 * (a refresh, a replay) is no arrival. The first look begins with the records to come.
 */
export async function noteArrivals(db: Database): Promise<void> {
  const { rows } = await db.query<{ from: number }>('select inbox_id as "from" from arrival_mark')
  if (!rows[0]) return begin(db)
  let { from } = rows[0]
  for (let step = 0; step < STEPS; step++) {
    const next = await db.query<{ to: number | null }>(
      `select max(id) as "to" from (select id from inbox where id > $1 order by id limit ${STEP}) s`,
      [from],
    )
    const { to } = next.rows[0]!
    if (to === null) return
    await db.query(NOTE, [from, to])
    await db.query(MARK, [from, to])
    from = to
  }
}

// a record whose commit is still on its way may come before one that is there, so the newest are looked at again
const MARK = `
update arrival_mark set inbox_id = greatest(inbox_id, coalesce(
  (select max(id) from inbox where id > $1 and id <= $2 and received_at < now() - interval '1 minute'), 0))`

async function begin(db: Queryable): Promise<void> {
  await db.query(
    `insert into arrival_mark (inbox_id) select coalesce(max(id), 0) from inbox on conflict do nothing`,
  )
}

const NOTE = `
insert into arrival as a (connection, stream, hour, busy)
select connection, stream, date_trunc('hour', received_at, 'UTC'),
       bit_or(set_bit(repeat('0', 60)::bit(60), extract(minute from received_at at time zone 'UTC')::int, 1))
  from inbox where id > $1 and id <= $2 and origin in ('webhook', 'poll', 'file')
 group by 1, 2, 3 order by 1, 2, 3
on conflict (connection, stream, hour) do update set busy = a.busy | excluded.busy`

/** Notes that these streams were looked after in minutes of one hour. `minutes`: sixty digits, 1 for those. */
export async function noteWatched(
  db: Queryable,
  streams: StreamName[],
  hour: Date,
  minutes: string,
): Promise<void> {
  await db.query(
    `insert into arrival as a (connection, stream, hour, watched)
     select connection, stream, $2, $3::text::bit(60)
       from jsonb_to_recordset($1::jsonb) as t(connection text, stream text) order by 1, 2
     on conflict (connection, stream, hour) do update set watched = a.watched | excluded.watched`,
    [JSON.stringify(streams), hour, minutes],
  )
}

/** One hour of a stream, in minutes. */
export interface ArrivalHour extends StreamName {
  hour: Date
  busy: number
  watched: number
}

/** Hours of these streams from `since` on. */
export async function arrivals(db: Queryable, streams: StreamName[], since: Date): Promise<ArrivalHour[]> {
  const { rows } = await db.query<ArrivalHour>(
    `select connection, stream, hour, bit_count(busy) as busy, bit_count(watched) as watched from arrival
      where hour >= $2 and (connection, stream) in (
            select connection, stream from jsonb_to_recordset($1::jsonb) as t(connection text, stream text))`,
    [JSON.stringify(streams), since],
  )
  return rows
}

/** The newest hour of each stream in which something came; sixty digits each, first minute first. */
export async function lastArrivals(
  db: Queryable,
  streams: StreamName[],
): Promise<(StreamName & { hour: Date; busy: string; watched: string })[]> {
  const { rows } = await db.query<StreamName & { hour: Date; busy: string; watched: string }>(
    `select s.connection, s.stream, l.hour, l.busy::text as busy, l.watched::text as watched
       from jsonb_to_recordset($1::jsonb) as s(connection text, stream text)
       cross join lateral (select hour, busy, watched from arrival a
              where a.connection = s.connection and a.stream = s.stream and bit_count(a.busy) > 0
              order by hour desc limit 1) l`,
    [JSON.stringify(streams)],
  )
  return rows
}

/** Ten weeks are kept: four are compared with, and a silence may last. */
export async function trimArrivals(db: Queryable): Promise<void> {
  await db.query(`delete from arrival where hour < now() - interval '70 days'`)
}
