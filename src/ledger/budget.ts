/** Budgets that processes share through PostgreSQL: a row per bucket, a statement per take, by its own clock. */
import {
  type BudgetLimit,
  type BudgetOf,
  type Budgets,
  COMES_BACK,
  LANES,
  type Lane,
  SET_BACK,
} from '../core/budget.ts'
import type { Queryable } from './database.ts'

/** Budgets in table `budget`. The database stays whose it is: `close` leaves it open. */
export function ledgerBudgets(db: Queryable): Budgets {
  return {
    async take(of, limit, { cost, lane, patience }) {
      const params = [
        ...bucketOf(of, limit),
        Math.min(cost, limit.capacity),
        LANES[lane].leaves * limit.capacity,
        LANES[lane].share,
        patience,
      ]
      for (;;) {
        const { rows } = await db.query<{ taken: boolean; wait: number; left: number }>(TAKE[lane], params)
        if (rows[0]) return rows[0]
        await db.query(NEW_BUCKET, bucketOf(of, limit).slice(0, 3))
      }
    },
    async hear(of, limit, { unused = 0, available = limit.capacity, blockedFor = 0 }) {
      await db.query(HEAR, [...bucketOf(of, limit), unused, Math.min(available, limit.capacity), blockedFor])
    },
    async close() {},
  }
}

const bucketOf = ({ connection, class: name }: BudgetOf, { capacity, perSecond }: BudgetLimit) => [
  connection,
  name,
  capacity,
  perSecond / 1000,
]

const NEW_BUCKET = `insert into budget (connection, class, level, at) values ($1, $2, $3, clock_timestamp())
on conflict do nothing`

/** The row `b` as of now: `passed` and `earn` of core/budget.ts. A volatile call in a subquery is made once. */
const EARNED = `(select clock_timestamp() as now) c
  cross join lateral (
    select case when c.now < b.at and c.now >= b.at - interval '${SET_BACK} ms' then b.at else c.now end as at,
           greatest(0, extract(epoch from c.now - b.at)::float8 * 1000) as elapsed) t
  cross join lateral (
    select least($3::float8, b.level + t.elapsed * $4::float8) as level,
           greatest(0, b.blocked - t.elapsed) as blocked,
           greatest(0, b.turn_write - t.elapsed) as turn_write,
           greatest(0, b.turn_read - t.elapsed) as turn_read,
           greatest(0, b.turn_backfill - t.elapsed) as turn_backfill,
           b.wanted, greatest(0, b.wanted_for - t.elapsed) as wanted_for) e`

const EARNED_COLUMNS = 'level, at, blocked, turn_write, turn_read, turn_backfill, wanted, wanted_for'

/** `takeFrom`. $5 cost, $6 what the lane leaves, $7 its share of the rate, $8 patience. */
function takeOf(lane: Lane): string {
  const write = lane === 'write'
  const turnAfter = (other: Lane) =>
    other === lane
      ? `case when d.taken then $5::float8 / ($4::float8 * $7::float8) else e.turn_${other} end`
      : `e.turn_${other}`
  const wanted = write
    ? `case when d.taken then 0 when d.wait > $8::float8 then $5::float8 else e.wanted end,
       case when d.taken then 0 when d.wait > $8::float8 then d.wait + ${COMES_BACK} else e.wanted_for end`
    : 'e.wanted, e.wanted_for'
  return `
update budget b set (${EARNED_COLUMNS}, taken, wait) = (
  select e.level - case when d.taken then $5::float8 else 0 end, t.at, e.blocked,
         ${turnAfter('write')}, ${turnAfter('read')}, ${turnAfter('backfill')}, ${wanted}, d.taken, d.wait
    from ${EARNED}
    cross join lateral (
      select e.turn_${lane} <= 0 as sure,
             greatest($6::float8, ${write ? '0' : 'case when e.wanted_for > 0 then e.wanted + $5::float8 end'}) as needs) n
    cross join lateral (
      select case when not n.sure and e.level < n.needs
                  then least(e.turn_${lane}, case when n.needs > $3::float8 then e.wanted_for
                                                  else (n.needs - e.level) / $4::float8 end) end as again,
             ($5::float8 - e.level) / $4::float8 as earned,
             greatest(0, case when n.sure then 0 else least($6::float8, $3::float8 - $5::float8) end
                         + $5::float8 - e.level) / $4::float8 as wait) w
    cross join lateral (
      select case when e.blocked > 0 then e.blocked
                  when w.again is not null and greatest(w.again, w.earned) > $8::float8
                  then greatest(w.again, w.earned)
                  else w.again end as later) l
    cross join lateral (
      select l.later is null and w.wait <= $8::float8 as taken, coalesce(l.later, w.wait) as wait) d)
 where b.connection = $1 and b.class = $2
returning taken, wait, level as left`
}

const TAKE: Record<Lane, string> = {
  write: takeOf('write'),
  read: takeOf('read'),
  backfill: takeOf('backfill'),
}

/** `hearOf`. $5 unused, $6 available, $7 blocked for. */
const HEAR = `
insert into budget as b (connection, class, level, at, blocked)
values ($1, $2, least($3::float8, $6::float8), clock_timestamp(), $7::float8)
on conflict (connection, class) do update
   set (${EARNED_COLUMNS}) = (
  select least(e.level + $5::float8, $6::float8), t.at, greatest(e.blocked, $7::float8),
         e.turn_write, e.turn_read, e.turn_backfill, e.wanted, e.wanted_for
    from ${EARNED})`
