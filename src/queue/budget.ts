/** Budgets that processes share through Redis or Valkey: a hash per bucket, a script per take, by its own clock. */
import { Redis } from 'ioredis'
import {
  type BudgetLimit,
  type BudgetOf,
  type Budgets,
  COMES_BACK,
  LANES,
  LOOK,
  SET_BACK,
  SOON,
} from '../core/budget.ts'
import type { QueueTrouble } from './queue.ts'

/** A bucket that nobody asks for so long is full again, or as good as. Milliseconds. */
const KEPT = 24 * 3600_000

interface Scripted extends Redis {
  budgetTake(
    key: string,
    ...args: (string | number)[]
  ): Promise<[taken: number, wait: string, left: string, ticket: string]>
  budgetHear(key: string, ...args: (string | number)[]): Promise<null>
}

/**
 * Buckets under `{tributary}:budget:…`. Whoever asks must not wait for a Redis that is away for longer than it
 * likes. `trouble` is told when the connection fails.
 */
export function redisBudgets(url: string, trouble: QueueTrouble): Budgets {
  const redis = new Redis(url, {
    // asked again elsewhere; and no time limit here, which would count for making the connection, too
    maxRetriesPerRequest: 1,
    scripts: {
      budgetTake: { numberOfKeys: 1, lua: TAKE },
      budgetHear: { numberOfKeys: 1, lua: HEAR },
    },
  }) as Scripted
  redis.on('error', (error) => trouble('budget', error))
  return {
    async take(of, limit, { cost, lane, patience, ticket }) {
      const { leaves, share } = LANES[lane]
      const asked = Math.min(cost, limit.capacity)
      const [taken, wait, left, next] = await redis.budgetTake(
        keyOf(of),
        ...earning(limit),
        asked,
        leaves * limit.capacity,
        share,
        patience,
        lane,
        ticket ?? '',
      )
      return {
        taken: taken === 1,
        wait: Number(wait),
        left: Number(left),
        ticket: next === '' ? null : Number(next),
      }
    },
    async hear(of, limit, { unused = 0, available = limit.capacity, blockedFor = 0 }) {
      const most = Math.min(available, limit.capacity)
      await redis.budgetHear(keyOf(of), ...earning(limit), unused, most, blockedFor)
    },
    async close() {
      redis.disconnect()
    },
  }
}

/** The part in braces keeps all of them in one slot of a cluster. */
const keyOf = (of: BudgetOf): string => `{tributary}:budget:${of.connection}:${of.class}`

const earning = ({ capacity, perSecond }: BudgetLimit) => [capacity, perSecond / 1000]

/** The bucket as of now: `fullBucket`, `passed` and `earn` of core/budget.ts. */
const EARNED = `
local capacity, earns = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local kept = {}
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do kept[fields[i]] = tonumber(fields[i + 1]) end
local at = kept.at or now
local elapsed = math.max(0, now - at)
if now >= at or at - now > ${SET_BACK} then at = now end
local level = math.min(capacity, (kept.level or capacity) + elapsed * earns)
local blocked = math.max(0, (kept.blocked or 0) - elapsed)
local turns, heads, tails, lapses = {}, {}, {}, {}
for _, lane in ipairs({'write', 'read', 'backfill'}) do
  turns[lane] = math.max(0, (kept['turn:' .. lane] or 0) - elapsed)
  heads[lane] = kept['head:' .. lane] or 0
  tails[lane] = kept['tail:' .. lane] or 0
  lapses[lane] = math.max(0, (kept['lapse:' .. lane] or 0) - elapsed)
end
local function text(number) return string.format('%.17g', number) end
local function keep()
  local all = {'at', text(at), 'level', text(level), 'blocked', text(blocked)}
  for _, lane in ipairs({'write', 'read', 'backfill'}) do
    for name, of in pairs({turn = turns, head = heads, tail = tails, lapse = lapses}) do
      all[#all + 1] = name .. ':' .. lane
      all[#all + 1] = text(of[lane])
    end
  end
  redis.call('HSET', KEYS[1], unpack(all))
  redis.call('PEXPIRE', KEYS[1], ${KEPT})
end
`

/** `takeFrom`. */
const TAKE = `${EARNED}
local cost, leaves, share, patience = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local lane, ticket = ARGV[7], tonumber(ARGV[8])
if lapses[lane] <= 0 then heads[lane] = tails[lane] end
local head, tail = heads[lane], tails[lane]
local mine = nil
if ticket and ticket >= head and ticket < tail then mine = ticket end
local before = (mine or tail) - head
local function later(wait)
  if not mine then tails[lane] = tail + 1 end
  if before == 0 then
    lapses[lane] = ${2 * LOOK}
    if lane == 'write' and wait > patience then lapses[lane] = wait + ${COMES_BACK} end
  end
  keep()
  return {0, text(wait), text(level), text(mine or tail)}
end
if blocked > 0 then return later(blocked) end
local function waits(other) return lapses[other] > 0 and heads[other] < tails[other] end
local above = (lane ~= 'write' and waits('write')) or (lane == 'backfill' and waits('read'))
local sure = turns[lane] <= 0
local again = nil
if before > 0 then again = math.min(${LOOK}, math.max(${SOON}, (leaves + before * cost - level) / earns))
elseif not sure and above then again = math.min(${LOOK}, math.max(${SOON}, turns[lane]))
elseif not sure and level < leaves then again = math.min(turns[lane], (leaves - level) / earns) end
if again then
  local soonest = math.max(again, (cost - level) / earns)
  if soonest > patience then return later(soonest) end
  return later(again)
end
local rest = 0
if not sure then rest = math.min(leaves, capacity - cost) end
local wait = math.max(0, rest + cost - level) / earns
if wait > patience then return later(wait) end
level = level - cost
turns[lane] = cost / (earns * share)
if mine then heads[lane] = head + 1 end
lapses[lane] = ${2 * LOOK}
keep()
return {1, text(wait), text(level), ''}
`

/** `hearOf`. */
const HEAR = `${EARNED}
level = math.min(level + tonumber(ARGV[3]), tonumber(ARGV[4]))
blocked = math.max(blocked, tonumber(ARGV[5]))
keep()
return nil
`
