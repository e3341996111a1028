/**
 * Messages about alerts: each is told on one channel, once. The ledger owns attempts and due times; a message
 * whose sender died between sending and noting it down is sent again (at least once).
 */
import type { AlertDetail, AlertEvent, AlertKind, AlertLevel, DeliveryState } from '../core/alerts.ts'
import type { Phrase } from '../core/errors/error.ts'
import type { Queryable } from './database.ts'

/** What a message is about, and to whom; unique. */
export interface DeliveryKey {
  alertId: number
  channel: string
  event: AlertEvent
  /** Which reminder; 0 for the others. */
  round: number
}

export interface DeliveryRow extends DeliveryKey {
  id: number
  state: DeliveryState
  attempts: number
  code: string | null
  createdAt: Date
  dueAt: Date
  sentAt: Date | null
}

const FIELDS = `d.id, d.alert_id as "alertId", d.channel, d.event, d.round, d.state, d.attempts, d.code,
  d.created_at as "createdAt", d.due_at as "dueAt", d.sent_at as "sentAt"`

/** All messages about these alerts. */
export async function deliveriesOf(db: Queryable, alertIds: number[]): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `select ${FIELDS} from alert_delivery d where alert_id = any($1::bigint[]) order by d.id`,
    [alertIds],
  )
  return rows
}

/** Notes messages to be sent; those that are known already stay as they are. Answers how many are new. */
export async function addDeliveries(db: Queryable, keys: DeliveryKey[]): Promise<number> {
  if (keys.length === 0) return 0
  const { rowCount } = await db.query(
    `insert into alert_delivery (alert_id, channel, event, round)
     select "alertId", channel, event, round
       from jsonb_to_recordset($1::jsonb) as t("alertId" bigint, channel text, event text, round int)
      order by 1, 2, 3, 4
     on conflict do nothing`,
    [JSON.stringify(keys)],
  )
  return rowCount
}

/** One message, claimed: nobody else sends it until the lease ends. */
export interface ClaimedDelivery {
  id: number
  attempts: number
  event: AlertEvent
  round: number
  alertId: number
  cause: string
  kind: AlertKind
  connection: string | null
  level: AlertLevel
  say: Phrase
  fix: Phrase
  detail: AlertDetail
  openedAt: Date
  lastSeen: Date
  closedAt: Date | null
}

/**
 * Leases due messages of one channel for `seconds`, oldest first. Those whose story a later message tells are
 * dropped before.
 */
export async function claimDeliveries(
  db: Queryable,
  channel: string,
  limit: number,
  seconds: number,
): Promise<ClaimedDelivery[]> {
  await db.query(SUPERSEDE, [channel])
  const { rows } = await db.query<ClaimedDelivery>(CLAIM, [channel, limit, seconds])
  return rows.sort((a, b) => a.id - b.id)
}

const SUPERSEDE = `
update alert_delivery d set state = 'dropped'
 where d.channel = $1 and d.state = 'due' and d.event <> 'closed' and exists (
       select 1 from alert_delivery l where l.alert_id = d.alert_id and l.channel = d.channel and l.state = 'due'
          and (l.event = 'closed' or (d.event = 'reminder' and l.event = 'reminder' and l.round > d.round)))`

const CLAIM = `
with claimed as (
  update alert_delivery set state = 'sending', attempts = attempts + 1,
         lease_until = now() + make_interval(secs => $3)
   where id = any(array(
         select id from alert_delivery
          where channel = $1 and (state = 'due' and due_at <= now() or state = 'sending' and lease_until < now())
          order by id limit $2 for update skip locked))
  returning id, attempts, event, round, alert_id)
select c.id, c.attempts, c.event, c.round, a.id as "alertId", a.cause, a.kind, a.connection, a.level, a.say,
       a.fix, a.detail, a.opened_at as "openedAt", a.last_seen as "lastSeen", a.closed_at as "closedAt"
  from claimed c join alert a on a.id = c.alert_id`

type Claimed = Pick<ClaimedDelivery, 'id' | 'attempts'>

const HELD = `jsonb_to_recordset($1::jsonb) as c(id bigint, attempts int)
 where d.id = c.id and d.attempts = c.attempts and d.state = 'sending'`

/** They were taken by the channel. */
export async function deliveriesSent(db: Queryable, claimed: Claimed[]): Promise<void> {
  await db.query(
    `update alert_delivery d set state = 'sent', sent_at = now(), code = null, lease_until = null from ${HELD}`,
    [JSON.stringify(claimed.map(({ id, attempts }) => ({ id, attempts })))],
  )
}

/** They were not taken: again in `seconds`, unless they are older than `patience` seconds; null: never again. */
export async function deliveriesRefused(
  db: Queryable,
  claimed: Claimed[],
  code: string,
  seconds: number | null,
  patience: number,
): Promise<void> {
  await db.query(
    `update alert_delivery d set code = $2, lease_until = null,
            state = case when $3::float8 is null or d.created_at + make_interval(secs => $4) < now()
                         then 'failed' else 'due' end,
            due_at = now() + make_interval(secs => coalesce($3::float8, 0)) from ${HELD}`,
    [JSON.stringify(claimed.map(({ id, attempts }) => ({ id, attempts }))), code, seconds, patience],
  )
}

/** Messages to channels that are configured no more. */
export async function dropDeliveries(db: Queryable, channels: string[]): Promise<void> {
  await db.query(
    `update alert_delivery set state = 'dropped' where state = 'due' and channel <> all($1::text[])`,
    [channels],
  )
}

export interface ChannelTrouble {
  channel: string
  /** Messages that it did not take, and since when. */
  count: number
  since: Date
  attempts: number
  code: string | null
}

/**
 * Channels that have taken nothing since they refused a message: three times, or two minutes ago. What was dropped
 * meanwhile counts too: that nothing waits any more does not mean that the channel works.
 */
export async function channelTroubles(db: Queryable, channels: string[]): Promise<ChannelTrouble[]> {
  const { rows } = await db.query<ChannelTrouble>(
    `select d.channel, count(*) as count, min(d.created_at) as since, max(d.attempts) as attempts,
            (array_agg(d.code order by d.id desc))[1] as code
       from alert_delivery d
      where d.channel = any($1::text[]) and d.created_at > now() - interval '2 days'
        and d.state <> 'sent' and d.code is not null
        and not exists (select 1 from alert_delivery s where s.channel = d.channel and s.state = 'sent'
                           and s.sent_at > d.created_at)
      group by d.channel
     having max(d.attempts) >= 3 or min(d.created_at) < now() - interval '2 minutes' or bool_or(d.state = 'failed')
      order by d.channel`,
    [channels],
  )
  return rows
}
