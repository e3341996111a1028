/** What the operations of every area work with. */
import type { Connection } from '../core/ports.ts'
import type { Database } from '../ledger/database.ts'
import type { Hand, RuleOf } from '../ledger/push-change.ts'
import { BACKFILL, COMPLETENESS, deliverQueue, FETCH, NORMALIZE, PLAN } from '../pipeline/pipe.ts'
import type { Queue } from '../queue/queue.ts'
import type { Config } from './config.ts'
import type { Actor } from './operations.ts'

/** What the operations stand on; a `Pipe` is one. */
export interface LedgerAccess {
  db: Database
  /** Null where nothing runs. */
  queue: Queue | null
  /** Configured connections, as they are at present; empty where the configuration was not read. */
  readonly connections: ReadonlyMap<string, Connection>
}

export interface OperationsContext {
  startedAt: Date
  readonly config: Pick<Config, 'storage'> & Partial<Pick<Config, 'connections' | 'alerts' | 'company'>>
}

export interface Desk extends LedgerAccess {
  context: OperationsContext
  rules: RuleOf
  /** Wakes whoever has something new to do; to be called after the transaction. */
  wake(what: Wake): Promise<void>
}

/** `deliver`, `fetch`, `backfill`: connections; `completeness`: lanes (`pollLane`). */
interface Wake {
  records?: boolean
  documents?: boolean
  deliver?: string[]
  fetch?: string[]
  backfill?: string[]
  completeness?: string[]
}

/** Made once per `ledgerOperations`. */
export function makeDesk(access: LedgerAccess, context: OperationsContext): Desk {
  const { db, queue } = access
  return {
    db,
    queue,
    get connections() {
      return access.connections
    },
    context,
    rules: (connection, kind) => access.connections.get(connection)?.writes.find((w) => w.kind === kind),
    async wake({ records, documents, deliver = [], fetch = [], backfill = [], completeness = [] }) {
      if (!queue) return
      const { connections } = access
      const lanes = deliver.flatMap((id) =>
        Array.from({ length: connections.get(id)?.concurrency ?? 0 }, (_, lane) => ({ id, lane })),
      )
      await Promise.all([
        records ? queue.wake(NORMALIZE, '0') : null,
        documents ? queue.wake(PLAN, '0') : null,
        ...lanes.map(({ id, lane }) => queue.wake(deliverQueue(id), String(lane))),
        ...fetch.filter((id) => connections.has(id)).map((id) => queue.wake(FETCH, id)),
        ...backfill.map((id) => queue.wake(BACKFILL, id)),
        ...completeness.map((lane) => queue.wake(COMPLETENESS, lane)),
      ])
    },
  }
}

/** Whose hand it was, as the ledger takes it. */
export function handOf({ by, why }: Actor): Hand {
  return { by, ...(why ? { why } : {}) }
}
