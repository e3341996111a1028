/** The arithmetic of rate budgets: what a remote would count, whatever is asked in which order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryBudgets } from '../../src/connector/budget-memory.ts'
import {
  type Bucket,
  type BudgetLimit,
  earn,
  fullBucket,
  hearOf,
  LANES,
  type Lane,
  LOOK,
  passed,
  type Request,
  SET_BACK,
  takeFrom,
} from '../../src/core/budget.ts'

const lanes = Object.keys(LANES) as Lane[]
const limit = fc.record({
  capacity: fc.integer({ min: 1, max: 50 }),
  perSecond: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.01, max: 5, noNaN: true })),
})
/** Who of several processes asks. */
const step = fc.record({
  who: fc.integer({ min: 0, max: 2 }),
  lane: fc.constantFrom(...lanes),
  cost: fc.integer({ min: 0, max: 60 }),
  /** Before it asks. Milliseconds. */
  later: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
  patience: fc.constantFrom(0, 500, 1e9),
})

/** The tickets of those who were told to ask again. */
function ticketBox() {
  const held = new Map<string, number | null>()
  return {
    take(bucket: Bucket, of: BudgetLimit, { who = 0, ...asked }: Omit<Request, 'ticket'> & { who?: number }) {
      const key = `${asked.lane} ${who}`
      const answer = takeFrom(bucket, of, { ...asked, ticket: held.get(key) ?? null })
      held.set(key, answer.turn.ticket)
      return answer
    },
  }
}

/** The bucket of the remote itself: refuses what it has not got. Answers the least it ever held. */
function remote({ capacity, perSecond }: BudgetLimit, calls: { at: number; cost: number }[]): number {
  let [level, at, least] = [capacity, 0, capacity]
  for (const call of calls.toSorted((a, b) => a.at - b.at)) {
    level = Math.min(capacity, level + ((call.at - at) * perSecond) / 1000) - call.cost
    at = call.at
    least = Math.min(least, level)
  }
  return least
}

describe('a budget', () => {
  it('never grants more than the remote has: the bucket and what it earned', () => {
    fc.assert(
      fc.property(limit, fc.array(step, { maxLength: 60 }), (of, steps) => {
        let [bucket, now] = [fullBucket(of), 0]
        const box = ticketBox()
        const sent: { at: number; cost: number }[] = []
        for (const { later, ...request } of steps) {
          now += later
          const asked = box.take(earn(bucket, of, later), of, request)
          bucket = asked.bucket
          if (asked.turn.taken)
            sent.push({ at: now + asked.turn.wait, cost: Math.min(request.cost, of.capacity) })
        }
        expect(remote(of, sent)).toBeGreaterThan(-1e-6)
      }),
      { numRuns: 2_000 },
    )
  })

  it('grants whoever comes back as often as told, however dear', () => {
    fc.assert(
      fc.property(limit, fc.array(step, { maxLength: 20 }), step, (of, before, last) => {
        // of a bucket that earns less, lost tickets of writes are waited for too long for a test
        of.perSecond = Math.max(1, of.perSecond)
        let bucket = fullBucket(of)
        const box = ticketBox()
        for (const { later, ...request } of before)
          bucket = box.take(earn(bucket, of, later), of, request).bucket
        const request = { ...last, patience: 1e12 }
        let [waited, tries] = [0, 0]
        // those before it are gone: their tickets lapse, and lanes above wait no more
        for (;;) {
          const { bucket: after, turn } = box.take(bucket, of, request)
          if (turn.taken) break
          waited += turn.wait
          expect(++tries).toBeLessThan(20_000)
          bucket = earn(after, of, turn.wait + 0.001)
        }
        const whole = (60 * 1000) / of.perSecond
        expect(waited).toBeLessThan(10 * whole + 20 * LOOK)
      }),
    )
  })

  it('takes nothing when it says no', () => {
    const of = { capacity: 4, perSecond: 1 }
    const turns = { write: 9e9, read: 9e9, backfill: 9e9 }
    const empty: Bucket = { ...fullBucket(of), level: 0.5, turns }
    for (const lane of lanes) {
      const { bucket, turn } = takeFrom(empty, of, { cost: 2, lane, patience: 1_000, ticket: null })
      expect(turn.taken).toBe(false)
      expect(bucket).toMatchObject({ level: 0.5, blocked: 0, turns })
    }
  })

  it('counts no stretch of time twice when the clock jumps back, and does not stand still when it was set right', () => {
    const jumps = fc.array(fc.integer({ min: -SET_BACK, max: 5_000 }), { maxLength: 40 })
    fc.assert(
      fc.property(jumps, (steps) => {
        let [at, now, counted] = [0, 0, 0]
        let latest = 0
        for (const jump of steps) {
          now = Math.max(latest - SET_BACK, now + jump)
          latest = Math.max(latest, now)
          const time = passed(at, now)
          counted += time.elapsed
          at = time.at
        }
        expect(counted).toBe(latest)
      }),
    )
    expect(passed(1e9, 1e9 - SET_BACK - 1)).toEqual({ elapsed: 0, at: 1e9 - SET_BACK - 1 })
  })

  it('believes an announced rest only downwards, gives back what was not used, and is shut while it is blocked', () => {
    const of = { capacity: 100, perSecond: 10 }
    const half = { ...fullBucket(of), level: 50 }
    expect(hearOf(half, of, { available: 80 }).level).toBe(50)
    expect(hearOf(half, of, { available: 20 }).level).toBe(20)
    expect(hearOf(half, of, { unused: 30 }).level).toBe(80)
    expect(hearOf(half, of, { unused: 90, available: 100 }).level).toBe(100)
    expect(hearOf(half, of, { unused: -10 }).level).toBe(40)
    const shut = hearOf(half, of, { blockedFor: 2_000 })
    for (const lane of lanes)
      expect(takeFrom(shut, of, { cost: 0, lane, patience: 9e9, ticket: null }).turn).toMatchObject({
        taken: false,
        wait: 2_000,
      })
    expect(hearOf(shut, of, { blockedFor: 500 }).blocked).toBe(2_000)
    expect(
      takeFrom(earn(shut, of, 2_000), of, { cost: 1, lane: 'read', patience: 0, ticket: null }).turn.taken,
    ).toBe(true)
  })
})

/** Lanes that always want more, asked in turn each millisecond; what each got and how long a call waited at most. */
function contest(
  of: BudgetLimit,
  wanted: Partial<Record<Lane, number>>,
  seconds: number,
  start = of.capacity,
) {
  let bucket: Bucket = { ...fullBucket(of), level: start }
  const got: Record<Lane, number> = { write: 0, read: 0, backfill: 0 }
  const longest: Record<Lane, number> = { write: 0, read: 0, backfill: 0 }
  const waiting: Partial<Record<Lane, { since: number; until: number; taken: boolean }>> = {}
  const box = ticketBox()
  // the lower lanes come first: priority must not rest on who asks first
  const order = lanes.toReversed().filter((lane) => wanted[lane])
  for (let now = 0; now < seconds * 1000; now++) {
    bucket = earn(bucket, of, 1)
    for (const lane of order) {
      const mine = waiting[lane] ?? { since: now, until: now, taken: false }
      waiting[lane] = mine
      if (now < mine.until) continue
      if (!mine.taken) {
        const asked = box.take(bucket, of, { cost: wanted[lane]!, lane, patience: 1e9 })
        bucket = asked.bucket
        mine.until = now + asked.turn.wait
        mine.taken = asked.turn.taken
        if (!mine.taken || asked.turn.wait > 0) continue
      }
      got[lane] += wanted[lane]!
      longest[lane] = Math.max(longest[lane], now - mine.since)
      delete waiting[lane]
    }
  }
  return { got, longest }
}

describe('lanes', () => {
  const of = { capacity: 40, perSecond: 10 }
  const total = 10 * 100 + 40

  it('give each lane its share of the rate when all want everything, and waste nothing', () => {
    const { got } = contest(of, { write: 1, read: 1, backfill: 1 }, 100)
    expect(got.write + got.read + got.backfill).toBeGreaterThan(total * 0.97)
    expect(got.read).toBeGreaterThanOrEqual(0.2 * 1000 * 0.95)
    expect(got.backfill).toBeGreaterThanOrEqual(0.1 * 1000 * 0.95)
    expect(got.write).toBeGreaterThanOrEqual(0.65 * 1000)
  })

  it.each(lanes)('give %s everything when nobody else wants any', (lane) => {
    const { got } = contest(of, { [lane]: 1 }, 100)
    expect(got[lane]).toBeGreaterThan(1000 * 0.97)
  })

  it('let a write in at once while history is read as fast as it goes', () => {
    let bucket = fullBucket(of)
    const box = ticketBox()
    for (let now = 0; now < 60_000; now++) {
      bucket = box.take(earn(bucket, of, 1), of, { cost: 1, lane: 'backfill', patience: 0 }).bucket
      if (now % 500 === 499) {
        const { turn } = box.take(bucket, of, { cost: 4, lane: 'write', patience: 0 })
        expect(turn).toMatchObject({ taken: true, wait: 0 })
      }
    }
  })

  it('leave a fifth to writes and a half to what is new', () => {
    for (const [lane, left] of [
      ['read', 8],
      ['backfill', 20],
    ] as const) {
      let bucket = fullBucket(of)
      for (;;) {
        const { bucket: after, turn } = takeFrom(bucket, of, { cost: 1, lane, patience: 0, ticket: null })
        if (!turn.taken) break
        bucket = after
      }
      expect(bucket.level).toBe(left)
    }
  })

  it('keep what is earned for a write that could not wait for it, but for what they are sure of', () => {
    const slow = { capacity: 1, perSecond: 1 / 60 }
    let [bucket, reads] = [{ ...fullBucket(slow), level: 0 }, 0]
    const writes: number[] = []
    let back = 0
    const box = ticketBox()
    // reads try every second, a write only when it was told to, a second late
    for (let second = 0; second < 3600; second++) {
      bucket = earn(bucket, slow, 1_000)
      const read = box.take(bucket, slow, { cost: 1, lane: 'read', patience: 15_000 })
      if (read.turn.taken) reads++
      bucket = read.bucket
      if (second < back) continue
      const write = box.take(bucket, slow, { cost: 1, lane: 'write', patience: 1_000 })
      if (write.turn.taken) writes.push(second)
      else back = second + Math.ceil(write.turn.wait / 1000) + 1
      bucket = write.bucket
    }
    expect(reads).toBeGreaterThanOrEqual(60 * 0.15)
    expect(writes.length).toBeGreaterThan(60 * 0.6)
  })

  it('serve those of one lane in the order in which they came, dear or cheap', () => {
    const box = ticketBox()
    const costs = [1, 30, 2, 10, 5]
    const got = costs.map(() => 0)
    const until = costs.map(() => 0)
    let bucket: Bucket = { ...fullBucket(of), level: 0 }
    for (let now = 0; now < 600_000; now++) {
      bucket = earn(bucket, of, 1)
      for (const [who, cost] of costs.entries()) {
        if (now < until[who]!) continue
        const asked = box.take(bucket, of, { who, cost, lane: 'read', patience: 1e9 })
        bucket = asked.bucket
        until[who] = now + Math.min(asked.turn.wait, LOOK)
        if (asked.turn.taken) got[who]!++
      }
    }
    expect(Math.max(...got) - Math.min(...got)).toBeLessThanOrEqual(2)
    expect(got.reduce((sum, n, who) => sum + n * costs[who]!, 0)).toBeGreaterThan(6000 * 0.95)
  })

  it('are not held up for long by a ticket that nobody shows again', () => {
    let bucket: Bucket = { ...fullBucket(of), level: -100 }
    bucket = takeFrom(bucket, of, { cost: 1, lane: 'read', patience: 1e9, ticket: null }).bucket
    bucket = takeFrom(bucket, of, { cost: 1, lane: 'read', patience: 1e9, ticket: null }).bucket
    bucket = { ...bucket, level: 40 }
    const others = () => takeFrom(bucket, of, { cost: 1, lane: 'read', patience: 0, ticket: 7 }).turn.taken
    expect(others()).toBe(false)
    bucket = earn(bucket, of, 2 * LOOK)
    expect(others()).toBe(true)
  })

  it('starve no dear call of the same or of another lane by cheap ones', () => {
    const { longest } = contest(of, { write: 1, read: 40, backfill: 40 }, 400)
    // its whole bucket, earned at its share: 20 s, and what others owe meanwhile
    expect(longest.read).toBeLessThan(30_000)
    expect(longest.backfill).toBeLessThan(60_000)
    const above = contest(of, { write: 40, read: 1, backfill: 1 }, 400)
    expect(above.longest.write).toBeLessThan(10_000)
  })
})

describe('budgets in memory', () => {
  it('keep one bucket for each connection and class, by a clock that may jump', async () => {
    let now = 0
    const budgets = memoryBudgets(() => now)
    const of = { capacity: 1, perSecond: 1 }
    const take = (connection: string, name: string) =>
      budgets.take({ connection, class: name }, of, { cost: 1, lane: 'write', patience: 0, ticket: null })
    expect((await take('a', 'default')).taken).toBe(true)
    expect((await take('a', 'default')).taken).toBe(false)
    expect((await take('a', 'orders')).taken).toBe(true)
    expect((await take('b', 'default')).taken).toBe(true)
    now = -SET_BACK / 2
    expect((await take('a', 'default')).taken).toBe(false)
    now = 9_000
    expect((await take('a', 'default')).taken).toBe(true)
    await budgets.hear({ connection: 'new', class: 'default' }, of, { blockedFor: 5_000 })
    expect(await take('new', 'default')).toMatchObject({ taken: false, wait: 5_000 })
  })
})
