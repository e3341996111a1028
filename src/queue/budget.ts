/** Budgets that processes share through Redis or Valkey: a hash per bucket, a script per take, by its own clock. */
import { Redis } from 'ioredis'
import { type BudgetLimit, type BudgetOf, type Budgets, COMES_BACK, LANES, SET_BACK } from '../core/budget.ts'
import type { QueueTrouble } from './queue.ts'

/** A bucket that nobody asks for so long is full again, or as good as. Milliseconds. */
const KEPT = 24 * 3600_000

/** Whoever paces calls must not hang: without an answer in this time the process paces itself. Milliseconds. */
const ANSWERS_WITHIN = 500

interface Scripted extends Redis {
  budgetTake(key: string, ...args: (string | number)[]): Promise<[taken: number, wait: string, left: string]>
  budgetHear(key: string, ...args: (string | number)[]): Promise<null>
}

/**
 * Buckets under `{tributary}:budget:…`. A Redis that is away is an error within half a second. `trouble` is told
 * when the connection fails.
 */
export function redisBudgets(url: string, trouble: QueueTrouble): Budgets {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWERS_WITHIN,
    scripts: {
      budgetTake: { numberOfKeys: 1, lua: TAKE },
      budgetHear: { numberOfKeys: 1, lua: HEAR },
    },
  }) as Scripted
  redis.on('error', (error) => trouble('budget', error))
  return {
    async take(of, limit, { cost, lane, patience }) {
      const { leaves, share } = LANES[lane]
      const asked = Math.min(cost, limit.capacity)
      const [taken, wait, left] = await redis.budgetTake(
        keyOf(of),
        ...earning(limit),
        asked,
        leaves * limit.capacity,
        share,
        patience,
        lane,
      )
      return { taken: taken === 1, wait: Number(wait), left: Number(left) }
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
local kept = redis.call('HMGET', KEYS[1], 'at', 'level', 'blocked', 'write', 'read', 'backfill',
  'wanted', 'wantedFor')
local at = tonumber(kept[1] or now)
local elapsed = math.max(0, now - at)
if now >= at or at - now > ${SET_BACK} then at = now end
local level = math.min(capacity, tonumber(kept[2] or capacity) + elapsed * earns)
local blocked = math.max(0, tonumber(kept[3] or 0) - elapsed)
local turns = {}
for i, lane in ipairs({'write', 'read', 'backfill'}) do
  turns[lane] = math.max(0, tonumber(kept[i + 3] or 0) - elapsed)
end
local wanted = tonumber(kept[7] or 0)
local wantedFor = math.max(0, tonumber(kept[8] or 0) - elapsed)
local function text(number) return string.format('%.17g', number) end
local function keep()
  redis.call('HSET', KEYS[1], 'at', text(at), 'level', text(level), 'blocked', text(blocked),
    'write', text(turns.write), 'read', text(turns.read), 'backfill', text(turns.backfill),
    'wanted', text(wanted), 'wantedFor', text(wantedFor))
  redis.call('PEXPIRE', KEYS[1], ${KEPT})
end
`

/** `takeFrom`. */
const TAKE = `${EARNED}
local cost, leaves, share, patience = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local lane = ARGV[7]
local function later(wait)
  if lane == 'write' and wait > patience then
    wanted = cost
    wantedFor = wait + ${COMES_BACK}
  end
  keep()
  return {0, text(wait), text(level)}
end
if blocked > 0 then return later(blocked) end
local sure = turns[lane] <= 0
local needs = leaves
if lane ~= 'write' and wantedFor > 0 then needs = math.max(needs, wanted + cost) end
if not sure and level < needs then
  local there = wantedFor
  if needs <= capacity then there = (needs - level) / earns end
  local again = math.min(turns[lane], there)
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
if lane == 'write' then
  wanted = 0
  wantedFor = 0
end
keep()
return {1, text(wait), text(level)}
`

/** `hearOf`. */
const HEAR = `${EARNED}
level = math.min(level + tonumber(ARGV[3]), tonumber(ARGV[4]))
blocked = math.max(blocked, tonumber(ARGV[5]))
keep()
return nil
`
