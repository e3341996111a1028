/**
 * sweep: rebuilds from the ledger whatever the queue has lost. It turns lapsed leases into `unknown`, wakes
 * every lane that has something due, and keeps the tables small. With an emptied Redis it is all that is
 * needed; in good times it finds nothing.
 */
import type { Database } from '../ledger/database.ts'
import { dueJobs } from '../ledger/held-job.ts'
import { trimInbox } from '../ledger/inbox.ts'
import { connectionsWithDuePushes, lapseLeases } from '../ledger/push.ts'
import { replanStep } from '../ledger/replan.ts'
import { lapseStreams, trimTicks } from '../ledger/stream.ts'
import { redriveCodes } from './codes.ts'
import { BACKFILL, COMPLETENESS, FETCH, NORMALIZE, type Pipe, PLAN, POLL, wakeDelivery } from './pipe.ts'
import { pollLane } from './schedule.ts'

const EVERY = 1_000
const TIDY_EVERY = 5_000
const CODES_EVERY = 5_000
const TRIM_EVERY = 3600_000

export interface Sweeper {
  /** The configuration may state codes that something waits for: they are looked at in the next round. */
  lookAtCodes(): void
  stop(): Promise<void>
}

/** Starts sweeping once a second. `retentionDays`: how long raw records keep their bodies, asked for each time. */
export function startSweeper(pipe: Pipe, retentionDays: () => number): Sweeper {
  let running: Promise<void> = Promise.resolve()
  let busy = false
  // what the configuration states may have changed while nothing ran
  let restated = true
  const [tidyDue, codesDue, trimDue] = [every(TIDY_EVERY, Date.now()), every(CODES_EVERY), every(TRIM_EVERY)]
  const redrive = async () => {
    const always = restated
    restated = false
    await redriveCodes(pipe, always).catch((error) => {
      restated ||= always
      throw error
    })
  }
  const run = async () => {
    await sweep(pipe)
    await replan(pipe)
    if (tidyDue()) await pipe.db.tidy()
    if (restated || codesDue()) await redrive()
    if (!trimDue()) return
    await trimInbox(pipe.db, retentionDays())
    await trimTicks(pipe.db)
  }
  const timer = setInterval(() => {
    // a slow database must not pile up sweeps
    if (busy) return
    busy = true
    running = run()
      .catch((error) => pipe.log('warn', 'sweep failed', { error }))
      .finally(() => {
        busy = false
      })
  }, EVERY)
  return {
    lookAtCodes() {
      restated = true
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

/** True when so much time has passed since it was last true. Milliseconds; without `from`, at once. */
function every(milliseconds: number, from = 0): () => boolean {
  let last = from
  return () => {
    if (Date.now() - last <= milliseconds) return false
    last = Date.now()
    return true
  }
}

/** One round: lapse leases, then wake what is due. */
export async function sweep(pipe: Pipe): Promise<void> {
  for (const connection of pipe.connections.values()) {
    for (const op of connection.writes) {
      const settle = op.class === 'find' ? op.settle / 1000 : 0
      const lapsed = await lapseLeases(pipe.db, connection.id, op.kind, settle)
      if (lapsed > 0)
        pipe.log('warn', 'leases lapsed', { connection: connection.id, kind: op.kind, count: lapsed })
    }
  }
  // whose reader died between two pages is read on at once, not at the next tick, which may be a day away
  for (const { connection, stream } of await lapseStreams(pipe.db)) {
    pipe.log('warn', 'reading lapsed', { connection, stream })
    await pipe.queue.wake(POLL, pollLane(connection, stream))
  }
  const due = await whatIsDue(pipe.db)
  if (due.records) await pipe.queue.wake(NORMALIZE, '0')
  if (due.documents) await pipe.queue.wake(PLAN, '0')
  for (const connection of due.hints)
    if (pipe.connections.has(connection)) await pipe.queue.wake(FETCH, connection)
  for (const connection of await connectionsWithDuePushes(pipe.db)) await wakeDelivery(pipe, connection)
  await wakeHistory(pipe)
}

/** Backfills and checks: planned while nobody ran, to be tried again, or left by a worker that died. */
async function wakeHistory(pipe: Pipe): Promise<void> {
  for (const { connection } of await dueJobs(pipe.db, 'backfill'))
    if (pipe.connections.has(connection)) await pipe.queue.wake(BACKFILL, connection)
  for (const { connection, stream } of await dueJobs(pipe.db, 'completeness'))
    if (pipe.connections.has(connection)) await pipe.queue.wake(COMPLETENESS, pollLane(connection, stream))
}

/** Longest that one round marks orders to be planned again. Milliseconds. */
const REPLAN_TURN = 500

/** Orders that the present configuration asks to be planned again, as many as a short turn allows. */
async function replan(pipe: Pipe): Promise<void> {
  const { id } = pipe.configuration
  if (id === null) return
  const end = Date.now() + REPLAN_TURN
  for (let due: number | null = 0; due !== null && Date.now() < end; ) {
    due = await replanStep(pipe.db, id)
    if (due) await pipe.queue.wake(PLAN, '0')
  }
}

async function whatIsDue(db: Database): Promise<{ records: boolean; documents: boolean; hints: string[] }> {
  // a document that waits for a push which is final already was missed by a hair: it is due again
  await db.query(
    `update document d set plan_state = 'due', plan_after = now() where plan_state = 'waiting'
        and not exists (select 1 from push p where p.document_id = d.id and p.state in ('sending', 'unknown', 'accepted'))`,
  )
  const { rows } = await db.query<{ records: boolean; documents: boolean; hints: string[] }>(
    `select exists (select 1 from inbox where state = 'new' and (claimed_until is null or claimed_until < now())) as records,
            exists (select 1 from document where plan_state = 'due' and plan_after <= now()
                       and (claimed_until is null or claimed_until < now())) as documents,
            coalesce((select array_agg(distinct connection) from inbox where state = 'hint'
                         and (claimed_until is null or claimed_until < now())), '{}') as hints`,
  )
  return rows[0]!
}
