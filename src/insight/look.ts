/**
 * look: one look at everything that can be wrong. Reads facts, makes causes of them and turns the alerts of the
 * ledger accordingly. One process looks at a time; a look that fails changes nothing.
 */
import type { Cause } from '../core/alerts.ts'
import { openSince, type Turned, turnAlerts } from '../ledger/alert.ts'
import { channelTroubles } from '../ledger/alert-delivery.ts'
import {
  databaseClock,
  doubtHeaps,
  fetchBacklogs,
  inboxBacklog,
  parkedHeaps,
  pushBacklogs,
  taskHeaps,
} from '../ledger/alert-facts.ts'
import type { StreamName } from '../ledger/arrival.ts'
import type { Database } from '../ledger/database.ts'
import { type Pause, pauses } from '../ledger/pause.ts'
import { type StreamRow, streams } from '../ledger/stats.ts'
import * as of from './causes.ts'
import { createSilenceWatch, type SilenceWatch } from './silence-watch.ts'

/** What is looked at, and what only the process itself can answer. */
export interface Surroundings {
  db: Database
  /** The company's. */
  zone: string
  connections: string[]
  /** Streams that a flow wants; `polled`: read by schedule. */
  streams: (StreamName & { polled: boolean })[]
  /** Names of the configured channels. */
  channels: string[]
  /** How far apart looks are. Milliseconds. */
  every: number
  queueAnswers(): Promise<boolean>
  /** What platforms were found to have forgotten. */
  subscriptions(): of.SubscriptionTrouble[]
  /** Bytes where the embedded ledger lies; null where it does not. */
  freeDisk(): Promise<number | null>
}

export interface Lookout {
  look(): Promise<Turned>
}

/** Made once per process; keeps what it has read of past hours. */
export function createLookout(around: Surroundings): Lookout {
  const silence = createSilenceWatch(around.db, around.zone)
  return {
    async look() {
      const causes = await findCauses(around, silence)
      // the same cause twice would be two rows for one
      return turnAlerts(around.db, [...new Map(causes.map((c) => [c.cause, c])).values()])
    },
  }
}

async function findCauses(around: Surroundings, silence: SilenceWatch): Promise<Cause[]> {
  const { db, zone, connections } = around
  const { now, ahead } = await databaseClock(db)
  const at = { now, zone }
  const paused = await pauses(db)
  const read = (await streams(db)).filter((row) => isRead(around, paused, row))
  return [
    ...of.silences(at, await silence.look(now, expected(around, paused, read), around.every)),
    ...of.pauses(at, paused),
    ...of.pollTroubles(at, read, await openSince(db, 'poll-failed')),
    ...of.subscriptionTroubles(around.subscriptions().filter((t) => !isStopped(paused, t.connection))),
    ...of.backlogs(at, await pushBacklogs(db, connections)),
    ...of.inboxWaits(at, await inboxBacklog(db)),
    ...of.fetchWaits(at, await fetchBacklogs(db, connections)),
    ...of.doubts(at, await doubtHeaps(db, of.DOUBT)),
    ...of.parkings(await parkedHeaps(db)),
    ...of.tasks(await taskHeaps(db)),
    ...of.clockTrouble(ahead),
    ...of.queueTrouble(await around.queueAnswers()),
    ...of.diskTrouble(await around.freeDisk()),
    ...of.channels(await channelTroubles(db, around.channels)),
  ]
}

const isStopped = (paused: Pause[], connection: string): boolean =>
  paused.some((p) => p.flow === '' && p.kind === '' && ['', connection].includes(p.connection))

/** Nobody reads a paused connection, nor a stream that no flow wants any more. */
function isRead({ streams: wanted }: Surroundings, paused: Pause[], row: StreamRow): boolean {
  const found = wanted.some((s) => s.polled && s.connection === row.connection && s.stream === row.stream)
  return found && !isStopped(paused, row.connection)
}

/** While a connection is paused or a stream cannot be read nothing can come from it. */
function expected({ streams: wanted }: Surroundings, paused: Pause[], read: StreamRow[]) {
  return wanted.map(({ connection, stream }) => {
    const failing = read.some((r) => r.connection === connection && r.stream === stream && r.error !== null)
    return { connection, stream, watched: !failing && !isStopped(paused, connection) }
  })
}
