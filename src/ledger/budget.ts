/** Budgets that processes share through PostgreSQL: a row per bucket, a statement per take, by its own clock. */
import {
  ABOVE,
  type BudgetLimit,
  type BudgetOf,
  type Budgets,
  COMES_BACK,
  LANES,
  type Lane,
  LOOK,
  SET_BACK,
  SOON,
  type Turn,
} from '../core/budget.ts'
import type { Queryable } from './database.ts'

/** Budgets in table `budget`. The database stays whose it is: `close` leaves it open. */
export function ledgerBudgets(db: Queryable): Budgets {
  return {
    async take(of, limit, { cost, lane, patience, ticket }) {
      const params = [
        ...bucketOf(of, limit),
        Math.min(cost, limit.capacity),
        LANES[lane].leaves * limit.capacity,
        LANES[lane].share,
        patience,
        ticket,
      ]
      for (;;) {
        const { rows } = await db.query<Turn>(TAKE[lane], params)
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

const LANE_NAMES = Object.keys(LANES) as Lane[]

/** A column of each lane. */
const each = (column: (lane: Lane) => string): string => LANE_NAMES.map(column).join(', ')

/**
 * One step of a sum, which later ones refer to by its name. Without the fence the planner would put each step's
 * text in place of its name, and the steps' steps in those: 4 ms to plan and, compiled, 300 ms to run.
 */
const step = (name: string, columns: string): string =>
  `cross join lateral (select ${columns} offset 0) ${name}`

/** The row `b` as of now: `passed` and `earn` of core/budget.ts. */
const EARNED = `(select clock_timestamp() as now offset 0) c
  ${step(
    't',
    `case when c.now < b.at and c.now >= b.at - interval '${SET_BACK} ms' then b.at else c.now end as at,
     greatest(0, extract(epoch from c.now - b.at)::float8 * 1000) as elapsed`,
  )}
  ${step(
    'e',
    `least($3::float8, b.level + t.elapsed * $4::float8) as level,
     greatest(0, b.blocked - t.elapsed) as blocked,
     ${each((lane) => `greatest(0, b.turn_${lane} - t.elapsed) as turn_${lane}`)},
     ${each((lane) => `greatest(0, b.lapse_${lane} - t.elapsed) as lapse_${lane}`)}`,
  )}`

const EARNED_COLUMNS = `level, at, blocked, ${each((lane) => `turn_${lane}`)}, ${each((lane) => `lapse_${lane}`)}`

/** `decide`, over the row as of now: `d` says whether the cost is taken. */
function decisionOf(lane: Lane): string {
  const above = ABOVE[lane].map((of) => `(e.lapse_${of} > 0 and b.head_${of} < b.tail_${of})`)
  const steps: [name: string, columns: string][] = [
    ['h', `case when e.lapse_${lane} > 0 then b.head_${lane} else b.tail_${lane} end as head`],
    ['m', `case when $9::float8 >= h.head and $9::float8 < b.tail_${lane} then $9::float8 end as mine`],
    ['q', `coalesce(m.mine, b.tail_${lane}) - h.head as before, e.turn_${lane} <= 0 as sure`],
    [
      'w',
      `case when q.before > 0
            then least(${LOOK}, greatest(${SOON}, ($6::float8 + q.before * $5::float8 - e.level) / $4::float8))
            when not q.sure and (${above.join(' or ') || 'false'})
            then least(${LOOK}, greatest(${SOON}, e.turn_${lane}))
            when not q.sure and e.level < $6::float8
            then least(e.turn_${lane}, ($6::float8 - e.level) / $4::float8) end as again,
       ($5::float8 - e.level) / $4::float8 as earned,
       greatest(0, case when q.sure then 0 else least($6::float8, $3::float8 - $5::float8) end
                   + $5::float8 - e.level) / $4::float8 as wait`,
    ],
    [
      'l',
      `case when e.blocked > 0 then e.blocked
            when w.again is not null and greatest(w.again, w.earned) > $8::float8
            then greatest(w.again, w.earned)
            else w.again end as later`,
    ],
    ['d', 'l.later is null and w.wait <= $8::float8 as taken, coalesce(l.later, w.wait) as wait'],
  ]
  return [EARNED, ...steps.map(([name, columns]) => step(name, columns))].join('\n    ')
}

/** `takeFrom`. $5 cost, $6 what the lane leaves, $7 its share of the rate, $8 patience, $9 ticket. */
function takeOf(lane: Lane): string {
  const own = (of: Lane, mine: string, other: string) => (of === lane ? mine : other)
  const sentAway = lane === 'write' ? `when d.wait > $8::float8 then d.wait + ${COMES_BACK}` : ''
  const turn = `case when d.taken then $5::float8 / ($4::float8 * $7::float8) else e.turn_${lane} end`
  const lapse = `case when d.taken then ${2 * LOOK} when q.before > 0 then e.lapse_${lane} ${sentAway} else ${2 * LOOK} end`
  return `
update budget b set (${EARNED_COLUMNS}, head_${lane}, tail_${lane}, taken, wait, ticket) = (
  select e.level - case when d.taken then $5::float8 else 0 end, t.at, e.blocked,
         ${each((of) => own(of, turn, `e.turn_${of}`))},
         ${each((of) => own(of, lapse, `e.lapse_${of}`))},
         case when d.taken and m.mine is not null then h.head + 1 else h.head end,
         case when not d.taken and m.mine is null then b.tail_${lane} + 1 else b.tail_${lane} end,
         d.taken, d.wait, case when not d.taken then coalesce(m.mine, b.tail_${lane}) end
    from ${decisionOf(lane)})
 where b.connection = $1 and b.class = $2
returning taken, wait, level as left, ticket`
}

const TAKE: Record<Lane, string> = {
  write: takeOf('write'),
  read: takeOf('read'),
  backfill: takeOf('backfill'),
}

/** `hearOf`. $5 unused, $6 available, $7 blocked for. */
const HEAR = `
insert into budget as b (connection, class, level, at, blocked)
values ($1, $2, least($3::float8 + $5::float8, $6::float8), clock_timestamp(), $7::float8)
on conflict (connection, class) do update
   set (${EARNED_COLUMNS}) = (
  select least(e.level + $5::float8, $6::float8), t.at, greatest(e.blocked, $7::float8),
         ${each((lane) => `e.turn_${lane}`)}, ${each((lane) => `e.lapse_${lane}`)}
    from ${EARNED})`
