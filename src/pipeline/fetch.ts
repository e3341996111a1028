/** fetch: what a hint names (a partial webhook, a doubtful copy, a document to refresh) is read by id. */
import { crashPoint } from '../core/crash-point.ts'
import type { Connection } from '../core/ports.ts'
import { readingLimit } from '../core/time-limit.ts'
import { appendRecords, dueHints, endHints, type Hint, type InboxRow } from '../ledger/inbox.ts'
import { secondsAsked } from './patience.ts'
import { LANE_TURN, type Pipe, type Stopping } from './pipe.ts'
import { recordRows, wakeFor } from './receive.ts'

const BATCH = 50
const LIMIT = 60_000
/** Seconds until a source that failed is asked again. */
const PUT_OFF = 10

/** Works off the hints of one connection. A lane runs alone, so hints are not read twice. */
export async function fetchLane(pipe: Pipe, connection: Connection, stopping: Stopping): Promise<void> {
  const end = Date.now() + LANE_TURN
  while (!stopping.asked && Date.now() < end) {
    const hints = await dueHints(pipe.db, connection.id, BATCH)
    if (hints.length === 0) return
    for (const [stream, group] of Map.groupBy(hints, (h) => h.stream)) {
      await fetchGroup(pipe, connection, stream, group)
    }
  }
  void pipe.queue.wake('fetch', connection.id)
}

async function fetchGroup(pipe: Pipe, connection: Connection, name: string, hints: Hint[]): Promise<void> {
  const stream = connection.streams.find((s) => s.name === name)
  const ids = hints.map((h) => h.id)
  if (!stream?.fetch) {
    // the stream went from the configuration, or cannot read by id: polling brings the change
    await endHints(pipe.db, ids)
    return
  }
  try {
    const wanted = [...new Set(hints.map((h) => h.external_id))]
    const records = await stream.fetch(wanted, readingLimit(LIMIT))
    // `fetch`, not `poll`: a read by id settles what two copies of one version disagree about
    const rows = recordRows(connection.id, name, 'fetch', records).map(settlesDoubt(hints))
    const appended = await pipe.db.transaction(async (tx) => {
      const result = await appendRecords(tx, rows)
      await endHints(tx, ids)
      return result
    })
    crashPoint('fetch.committed')
    await wakeFor(pipe, rows, appended)
  } catch (error) {
    await endHints(pipe.db, ids, Math.max(PUT_OFF, secondsAsked(error)))
    pipe.log('warn', 'fetch failed', { connection: connection.id, stream: name, error })
  }
}

/** An answer to a doubt has a key of its own: the doubt is not settled by leaving out bytes seen before. */
function settlesDoubt(hints: Hint[]): (row: InboxRow) => InboxRow {
  const doubts = new Map(hints.filter((h) => h.shape === 'doubt').map((h) => [h.external_id, h.id]))
  return (row) => {
    const doubt = doubts.get(row.externalId ?? '')
    return doubt === undefined ? row : { ...row, key: `doubt-answer:${doubt}`, hash: '' }
  }
}
