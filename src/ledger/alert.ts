/** Alerts: what is wrong, from when on, until when. One row is open per cause. */
import type { AlertDetail, AlertKind, AlertLevel, Cause } from '../core/alerts.ts'
import type { Phrase } from '../core/errors/error.ts'
import type { Database, Queryable } from './database.ts'

export interface AlertRow {
  id: number
  cause: string
  kind: AlertKind
  connection: string | null
  level: AlertLevel
  say: Phrase
  fix: Phrase
  detail: AlertDetail
  opened_at: Date
  last_seen: Date
  closed_at: Date | null
}

const FIELDS = 'id, cause, kind, connection, level, say, fix, detail, opened_at, last_seen, closed_at'

/** What a look at everything changed. */
export interface Turned {
  opened: string[]
  closed: string[]
}

/**
 * Takes over what a look at everything found: causes not seen before are noted, those seen long enough open,
 * those away long enough close. A level only rises while the alert is open. Two processes that look at the same
 * time do no harm: the open row is unique.
 */
export function turnAlerts(db: Database, causes: Cause[]): Promise<Turned> {
  const sorted = [...causes].sort((a, b) => (a.cause < b.cause ? -1 : 1))
  return db.transaction(async (tx) => {
    await tx.query(SEE, [JSON.stringify(sorted)])
    const opened = await tx.query<{ cause: string }>(OPEN, [JSON.stringify(sorted)])
    await tx.query(MISS, [sorted.map((c) => c.cause)])
    const closed = await tx.query<{ cause: string }>(
      `update alert set closed_at = now() where closed_at is null and opened_at is not null
          and away_since + make_interval(secs => closes_after) <= now() returning cause`,
    )
    return { opened: opened.rows.map((r) => r.cause), closed: closed.rows.map((r) => r.cause) }
  })
}

const INPUT = `jsonb_to_recordset($1::jsonb) as c(cause text, kind text, connection text, level text, say jsonb,
  fix jsonb, detail jsonb, opens float8, closes float8)`

const SEE = `
insert into alert as a (cause, kind, connection, level, say, fix, detail, closes_after)
select cause, kind, connection, level, say, fix, detail, closes from ${INPUT}
on conflict (cause) where closed_at is null do update
   set say = excluded.say, fix = excluded.fix, detail = excluded.detail, last_seen = now(), away_since = null,
       level = case when a.opened_at is not null and a.level = 'red' then 'red' else excluded.level end`

const OPEN = `
update alert a set opened_at = now() from ${INPUT}
 where a.cause = c.cause and a.closed_at is null and a.opened_at is null
   and a.first_seen + make_interval(secs => c.opens) <= now()
returning a.cause`

// what was never told need not be told to be over
const MISS = `
with missed as (
  update alert set away_since = coalesce(away_since, now())
   where closed_at is null and opened_at is not null and cause <> all($1::text[]))
delete from alert where closed_at is null and opened_at is null and cause <> all($1::text[])`

/** Those that are open, and those closed less than two days ago: what messages may be about. */
export async function currentAlerts(db: Queryable): Promise<AlertRow[]> {
  const { rows } = await db.query<AlertRow>(
    `select ${FIELDS} from alert where opened_at is not null and closed_at is null
     union all
     select ${FIELDS} from alert where closed_at > now() - interval '2 days' order by id`,
  )
  return rows
}

/** The one that is open for each of these causes, with the instant it was first seen. */
export async function openSince(db: Queryable, kind: AlertKind): Promise<Map<string, Date>> {
  const { rows } = await db.query<{ cause: string; first_seen: Date }>(
    `select cause, first_seen from alert where closed_at is null and opened_at is not null and kind = $1`,
    [kind],
  )
  return new Map(rows.map((r) => [r.cause, r.first_seen]))
}

export interface AlertFilter {
  /** Closed ones too. */
  all: boolean
  kind?: string
  connection?: string
}

/** One page below `before`, newest first. */
export async function listAlerts(
  db: Queryable,
  { all, kind, connection }: AlertFilter,
  before: number,
  limit: number,
): Promise<{ rows: AlertRow[]; next: number | null }> {
  const { rows } = await db.query<AlertRow>(
    `select ${FIELDS} from alert
      where opened_at is not null and id < $1 and ($2 or closed_at is null)
        and ($3::text is null or kind = $3) and ($4::text is null or connection = $4)
      order by id desc limit $5`,
    [before, all, kind ?? null, connection ?? null, limit + 1],
  )
  const more = rows.length > limit
  return { rows: rows.slice(0, limit), next: more ? rows[limit - 1]!.id : null }
}

/** By id, or the newest one of a cause. */
export async function findAlert(db: Queryable, ref: string): Promise<AlertRow | null> {
  const byId = /^\d{1,15}$/.test(ref)
  const { rows } = await db.query<AlertRow>(
    `select ${FIELDS} from alert where opened_at is not null and ${byId ? 'id = $1::bigint' : 'cause = $1'}
      order by id desc limit 1`,
    [ref],
  )
  return rows[0] ?? null
}

/** How many are open, by level. */
export async function countAlerts(db: Queryable): Promise<Record<AlertLevel, number>> {
  const { rows } = await db.query<{ level: AlertLevel; n: number }>(
    'select level, count(*) as n from alert where opened_at is not null and closed_at is null group by level',
  )
  const of = (level: AlertLevel) => rows.find((r) => r.level === level)?.n ?? 0
  return { red: of('red'), yellow: of('yellow') }
}

/** What was over three months ago is forgotten, with its messages. */
export async function trimAlerts(db: Queryable): Promise<void> {
  await db.query(`delete from alert where closed_at < now() - interval '90 days'`)
  await db.query(`delete from alert_mute where until < now() - interval '7 days'`)
}
