/** Figures about the ledger as a whole; each statement is bounded whatever the ledger's size. */
import type { Queryable } from './database.ts'
import { Tally, tallyKey } from './tally.ts'

/** What counts need to be kept between two looks; made once per process. */
export interface Tallies {
  inbox: Tally
  document: Tally
  push: Tally
}

export function createTallies(): Tallies {
  return {
    inbox: new Tally({
      table: 'inbox',
      by: ["shape = 'hint'", 'state'],
      final: `state in ('done', 'discarded')`,
    }),
    document: new Tally({ table: 'document', by: ['kind'], final: 'true' }),
    // a confirmed, withdrawn or shadowed push stays what it is
    push: new Tally({
      table: 'push',
      by: ['connection', 'kind', 'state'],
      final: `state in ('confirmed', 'withdrawn', 'shadowed')`,
    }),
  }
}

export interface Counts {
  received: number
  normalized: number
  inbox: number
  fetch: number
  /** Documents that are still to be planned, those in hand included. */
  documents: number
  orders: number
  parked: number
  /** Connection → state → pushes. */
  pushes: Map<string, { [state: string]: number }>
}

export async function countAll(db: Queryable, tallies: Tallies): Promise<Counts> {
  const counts: Counts = {
    received: 0,
    normalized: 0,
    inbox: 0,
    fetch: 0,
    documents: 0,
    orders: 0,
    parked: 0,
    pushes: new Map(),
  }
  for (const [key, n] of await tallies.inbox.count(db)) {
    const [hint, state] = tallyKey(key)
    if (state === 'hint') counts.fetch += n
    if (hint === 'true') continue
    counts.received += n
    if (state === 'new') counts.inbox += n
    if (state === 'done') counts.normalized += n
  }
  counts.orders = (await tallies.document.count(db)).get('order') ?? 0
  for (const [key, n] of await tallies.push.count(db)) {
    const [connection, , state] = tallyKey(key) as [string, string, string]
    const states = counts.pushes.get(connection) ?? {}
    states[state] = (states[state] ?? 0) + n
    counts.pushes.set(connection, states)
  }
  const { rows } = await db.query<{ parked: number; documents: number }>(
    `select (select count(*) from parked where resolved_at is null) as parked,
            (select count(*) from document where plan_state = 'due') as documents`,
  )
  Object.assign(counts, rows[0])
  return counts
}

/** Events after which a push is confirmed. */
const CONFIRMED = ['confirmed', 'found', 'adopted', 'acknowledged']

/** Pushes confirmed per second over the last minute, or over what the newest 5,000 events cover of it. */
export async function confirmedRate(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ n: number; seconds: number; all: boolean }>(
    `with newest as (select at, event, data from journal order by id desc limit 5000)
     select count(*) filter (where at > now() - interval '1 minute'
                               and (event = any($1::text[]) or (event = 'resolved' and data->>'as' = 'written'))) as n,
            least(60, extract(epoch from now() - min(at)))::float8 as seconds, count(*) < 5000 as "all" from newest`,
    [CONFIRMED],
  )
  const { n, seconds, all } = rows[0]!
  const span = all ? 60 : Math.max(1, seconds ?? 60)
  return Math.round((n / span) * 100) / 100
}

export interface StreamRow {
  connection: string
  stream: string
  watermark: Date | null
  polled_at: Date | null
  error: string | null
  /** Seconds between the two newest ticks of its schedule; null before there were two. */
  interval: number | null
  /** Seconds since it was read to its end; null when it never was. */
  silent: number | null
}

/** Every stream that was ever read. */
export async function streams(db: Queryable): Promise<StreamRow[]> {
  const { rows } = await db.query<StreamRow>(
    `select s.connection, s.stream, s.watermark, s.polled_at, s.error,
            extract(epoch from now() - s.polled_at)::float8 as silent,
            (select extract(epoch from max(t.tick) - min(t.tick))::float8 from (
               select tick from schedule_tick where schedule = s.connection || '/' || s.stream
                order by tick desc limit 2) t having count(*) = 2) as interval
       from stream s order by s.connection, s.stream limit 1000`,
  )
  return rows
}

export interface LastError {
  connection: string
  at: Date
  code: string
  message: string | null
}

/** The newest trouble of each of these connections, looked for among what is open. */
export async function lastErrors(db: Queryable, connections: string[]): Promise<Map<string, LastError>> {
  const open = ['rejected', 'parked', 'unknown'].map(
    (state) => `(select connection, updated_at as at, code, message from push
                  where state = '${state}' and code is not null order by document_id desc limit 500)`,
  )
  const { rows } = await db.query<LastError>(
    `select distinct on (connection) connection, at, code, message from (
       ${open.join(' union all ')}
       union all
       select p.connection, p.updated_at, p.code, p.message from unnest($1::text[]) c(id) cross join lateral (
         select connection, updated_at, code, message from push
          where connection = c.id and state in ('planned', 'sending', 'unknown', 'accepted')
          order by due_at desc limit 20) p where p.code is not null) e
      where connection = any($1::text[]) order by connection, at desc`,
    [connections],
  )
  return new Map(rows.map((r) => [r.connection, r]))
}
