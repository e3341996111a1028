/** Who reads a stream: a short lease, renewed while its holder lives, taken over soon after its holder died. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, Page, ReadStream } from '../../src/core/ports.ts'
import { leaseStream, renewStream } from '../../src/ledger/stream.ts'
import { whileLeased } from '../../src/pipeline/heartbeat.ts'
import { type Pipe, POLL } from '../../src/pipeline/pipe.ts'
import { POLL_LEASE, pollStream } from '../../src/pipeline/poll.ts'
import { sweep } from '../../src/pipeline/sweep.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

/** Milliseconds; long enough that a busy machine does not stand still for as long. */
const LEASE = 3_000
const GO_ON = { asked: false }

describe.each(LEDGERS)('reading a stream on $name', (kind) => {
  let at: TestLedger
  beforeAll(async () => {
    if (!kind.missing) at = await kind.open()
  }, 60_000)
  afterAll(() => at?.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  const shop = { id: 'shop' } as Connection
  const page = (id: string, next: unknown = null): Page => ({
    records: [{ id, body: Buffer.from(`{"id":"${id}"}`), contentType: 'application/json', shape: 'a' }],
    next,
  })
  function stream(name: string, read: (signal: AbortSignal, resume: unknown) => Promise<Page>): ReadStream {
    const times = { lag: 0, overlap: 0, every: '* * * * *' }
    return {
      ...{ name, document: 'order', mappings: {}, ...times },
      identify: () => null,
      peek: () => null,
      page: (request, signal) => read(signal, request.resume),
    }
  }
  function process(): { pipe: Pipe; woken: string[] } {
    const woken: string[] = []
    const pipe = {
      db: at.db,
      queue: { wake: async (queue: string, lane: string) => void (queue === POLL && woken.push(lane)) },
      connections: new Map(),
      flows: [{ mode: 'live', shops: ['shop'], erp: 'nc', from: new Date(Date.now() - 3_600_000) }],
      log: () => undefined,
    } as unknown as Pipe
    return { pipe, woken }
  }
  const row = async (name: string) =>
    (
      await at.db.query<{
        watermark: Date | null
        lease_until: Date | null
        records: number
        error: string | null
      }>(`select watermark, lease_until, records, error from stream where stream = $1`, [name])
    ).rows[0]!

  it('a slow page is not read by a second process, however long it takes', async () => {
    let at = 0
    let together = 0
    const slow = stream('slow', async () => {
      together = Math.max(together, ++at)
      await sleep(LEASE * 1.7)
      at -= 1
      return page('1')
    })
    const reading = pollStream(process().pipe, shop, slow, GO_ON, LEASE)
    let over = false
    void reading.finally(() => {
      over = true
    })
    const other = process()
    while (!over) {
      await sweep(other.pipe)
      if (!over) expect(other.woken).toEqual([])
      await pollStream(other.pipe, shop, slow, GO_ON, LEASE)
      await sleep(50)
    }
    await reading
    expect(together).toBe(1)
    expect(await row('slow')).toMatchObject({ lease_until: null, watermark: expect.any(Date) })
  }, 20_000)

  it('who died is followed within one lease, at the page where it stood', async () => {
    const dead = { connection: 'shop', stream: 'dead', holder: 'a process that is no more' }
    await leaseStream(at.db, dead, LEASE / 1000)
    await at.db.query(`update stream set window_until = now(), resume = '"page 2"' where stream = 'dead'`)
    const died = Date.now()
    const heir = process()
    const resumed: unknown[] = []
    const rest = stream('dead', async (_, resume) => {
      resumed.push(resume)
      return page('2')
    })
    while (heir.woken.length === 0 && Date.now() - died < LEASE * 3) {
      await pollStream(heir.pipe, shop, rest, GO_ON, LEASE)
      if (resumed.length > 0) break
      await sweep(heir.pipe)
      await sleep(20)
    }
    const waited = Date.now() - died
    expect(waited).toBeGreaterThan(LEASE - 200)
    expect(waited).toBeLessThan(LEASE * 2)
    if (resumed.length === 0) {
      expect(heir.woken).toEqual(['shop/dead'])
      await pollStream(heir.pipe, shop, rest, GO_ON, LEASE)
    }
    expect(resumed).toEqual(['page 2'])
    expect(POLL_LEASE).toBeLessThanOrEqual(15_000)
  }, 20_000)

  it('who lost its stream commits nothing and leaves the other alone', async () => {
    let stop: unknown
    const robbed = stream('robbed', async (signal) => {
      await at.db.query(
        `update stream set holder = 'another', lease_until = now() + interval '1 hour' where stream = 'robbed'`,
      )
      stop = await new Promise((told) => signal.addEventListener('abort', () => told(signal.reason)))
      return page('stolen')
    })
    await expect(pollStream(process().pipe, shop, robbed, GO_ON, LEASE)).rejects.toMatchObject({
      code: 'LEDGER_LEASE_LOST',
    })
    expect(stop).toMatchObject({ code: 'LEASE_LOST' })
    expect(await row('robbed')).toMatchObject({ watermark: null, records: 0, error: null })
    const kept = { connection: 'shop', stream: 'robbed', holder: 'another' }
    expect(await renewStream(at.db, kept, 1)).toBe(true)
    const { rows } = await at.db.query(`select 1 from inbox where external_id = 'stolen'`)
    expect(rows).toEqual([])
  }, 20_000)
})

describe('work under a lease', () => {
  it('is told to stop before the lease ends when it cannot be renewed', async () => {
    const began = performance.now()
    let asked = 0
    const renew = async (): Promise<boolean> => {
      asked += 1
      throw new Error('the database is away')
    }
    const told = await whileLeased(
      { milliseconds: 1_200, renew },
      (lost) => new Promise<number>((done) => lost.addEventListener('abort', () => done(performance.now()))),
    )
    expect(told - began).toBeLessThan(1_200)
    expect(told - began).toBeGreaterThan(800)
    expect(asked).toBeGreaterThanOrEqual(2)
  })

  it('is told so too when the renewal never answers', async () => {
    const began = performance.now()
    let late: (held: boolean) => void = () => undefined
    const renew = () =>
      new Promise<boolean>((done) => {
        late = done
      })
    const told = await whileLeased({ milliseconds: 1_200, renew }, (lost) =>
      new Promise<number>((done) => lost.addEventListener('abort', () => done(performance.now()))).finally(
        () => late(false),
      ),
    )
    expect(told - began).toBeLessThan(1_200)
  })

  it('goes on while it is renewed, and throws what the work throws', async () => {
    let renewed = 0
    const renew = async () => {
      renewed += 1
      return true
    }
    const work = whileLeased({ milliseconds: 300, renew }, async (lost) => {
      await sleep(1_000)
      expect(lost.aborted).toBe(false)
      throw new Error('of its own')
    })
    await expect(work).rejects.toThrow('of its own')
    expect(renewed).toBeGreaterThanOrEqual(5)
    const after = renewed
    await sleep(300)
    expect(renewed).toBe(after)
  })
})
