/**
 * What every hop of the pipe works with; made once by `src/runtime/start.ts`. Connections, flows and company are those
 * of the present configuration: they are read from here each time, never kept.
 */
import type { Connection } from '../core/ports.ts'
import type { CodeView } from '../ledger/code-view.ts'
import type { Database, Queryable } from '../ledger/database.ts'
import type { GroupCommit } from '../ledger/group-commit.ts'
import type { Settled, Settlement } from '../ledger/settle.ts'
import type { Queue } from '../queue/queue.ts'

/** One line per event; fields are order key, connection, codes and counts, never payloads. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  fields?: Record<string, unknown>,
) => void

/** Which connections feed which, from when on, and whether anything is really sent. */
export interface Flow {
  id: string
  shops: string[]
  erp: string
  /** Orders paid before this instant are history and never pushed. */
  from: Date
  mode: 'off' | 'shadow' | 'live'
  /** Document kinds that travel back to the shops. */
  back: string[]
  /** How the tool used before numbered its ERP documents, for orders paid until then; null: nobody wrote before. */
  adopt: { number(order: unknown): string | null; until: Date | null } | null
}

/** Which configuration this process works by. */
export interface Activation {
  /** Its number in the ledger; null: a file that is not stored there. */
  readonly id: number | null
  /**
   * To be asked first thing in a transaction, which then holds off the next activation. False: another configuration
   * became active, and nothing must be decided by this one.
   */
  isActive(tx: Queryable): Promise<boolean>
  /** Takes the active configuration over. False: it could not, and another process that could goes on by it. */
  catchUp(): Promise<boolean>
}

export interface Pipe {
  db: Database
  queue: Queue
  readonly connections: Map<string, Connection>
  readonly flows: Flow[]
  readonly company: { zone: string; currency: string }
  configuration: Activation
  /** Part of every push key. */
  installation: string
  settler: GroupCommit<Settlement, Settled>
  /** The code tables that the connections' mappings read: which import they are of, and a way to read on. */
  codes: Pick<CodeView, 'revision' | 'refresh' | 'stated'>
  log: Log
}

/** Queue names and lanes. */
export const NORMALIZE = 'normalize'
export const PLAN = 'plan'
export const POLL = 'poll'
export const FETCH = 'fetch'
/** Lanes: connections. */
export const BACKFILL = 'backfill'
/** Lanes: streams, as those of POLL. */
export const COMPLETENESS = 'completeness'
export const deliverQueue = (connection: string): string => `deliver-${connection}`

/** How many pushes a lane takes at a time. */
export function batchOf(connection: Connection): number {
  return Math.max(1, ...connection.writes.map((w) => w.batch))
}

/** Wakes a connection's delivery lanes: those of these pushes (`duePushes` says which is whose), or all. */
export async function wakeDelivery(pipe: Pipe, id: string, pushes?: number[]): Promise<void> {
  const connection = pipe.connections.get(id)
  if (!connection) return
  const lanes = pushes
    ? new Set(pushes.map((push) => Math.floor(push / batchOf(connection)) % connection.concurrency))
    : Array.from({ length: connection.concurrency }, (_, lane) => lane)
  await Promise.all([...lanes].map((lane) => pipe.queue.wake(deliverQueue(id), String(lane))))
}

/** A lane hands over to a new run of itself after this long, so that a stop never waits for a whole backlog. */
export const LANE_TURN = 5_000

/**
 * A record or document that was in hand at this many deaths is parked. The first may be those of its whole batch, and
 * whoever is killed for other reasons again and again (power, memory, an impatient supervisor) has an innocent one in hand.
 */
export const DEATHS = 6

/** True when the process is asked to stop; lanes end after the batch in hand. */
export interface Stopping {
  readonly asked: boolean
}
