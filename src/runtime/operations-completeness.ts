/** Operations on checks of completeness: ask for them, and look what they found. */

import { businessDay, dayAfter, yesterday } from '../core/business-day.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Connection, ReadStream } from '../core/ports.ts'
import { businessDate } from '../core/time.ts'
import { type CheckRow, listChecks, type NewCheck, planChecks } from '../ledger/completeness.ts'
import { watermarkOf } from '../ledger/stream.ts'
import { readableStream } from '../pipeline/backfill.ts'
import { pollLane } from '../pipeline/schedule.ts'
import type {
  BackfillOperations,
  CompletenessItem,
  CompletenessRequest,
} from './operations-backfill-types.ts'
import { connectionOf, withinReach } from './operations-backfills.ts'
import { type Desk, handOf } from './operations-desk.ts'
import { cursor, iso, page } from './operations-page.ts'

type Own = Extract<keyof BackfillOperations, `completeness${string}`>

/** Days that one request may ask for. */
const MOST_DAYS = 92

/** The operations on checks of completeness. */
export function completenessOperations(desk: Desk): Pick<BackfillOperations, Own> {
  return {
    async completenessCheck(request) {
      const connection = connectionOf(desk, request.connection)
      const checks = await plannedChecks(desk, connection, request)
      const ids = await planChecks(desk.db, checks, handOf(request))
      const lanes = new Set(checks.map((c) => pollLane(c.connection, c.stream)))
      await desk.wake({ completeness: [...lanes] })
      const rows = await listChecks(desk.db, { ids }, Number.MAX_SAFE_INTEGER, ids.length)
      return rows.map(toItem).reverse()
    },
    async completenessList({ limit: wanted, after, ids, ...filter }) {
      const { limit, before } = page({ ...(wanted && { limit: wanted }), ...(after && { after }) })
      const just = ids ? { ids: ids.map(numberOf) } : {}
      const rows = await listChecks(desk.db, { ...filter, ...just }, before, limit)
      const next = rows.length > limit ? rows[limit - 1]!.id : null
      return { items: rows.slice(0, limit).map(toItem), next: cursor(next) }
    },
    async completenessShow({ id }) {
      const [row] = await listChecks(desk.db, { ids: [numberOf(id)] }, Number.MAX_SAFE_INTEGER, 1)
      if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'check', id })
      return toItem(row)
    },
  }
}

function numberOf(id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id)
  throw runtimeError('RUNTIME_UNKNOWN', { what: 'check', id })
}

/** One check per stream and day, oldest day first. */
async function plannedChecks(
  desk: Desk,
  connection: Connection,
  request: CompletenessRequest,
): Promise<NewCheck[]> {
  const zone = desk.context.config.company?.zone ?? 'Etc/UTC'
  const streams = request.stream
    ? [readableStream(connection, request.stream, 'range')]
    : await readStreams(desk, connection)
  const days = daysOf(request, zone)
  for (const stream of streams) withinReach(stream, businessDay(days[0]!, zone).since)
  const list = request.list === true
  return days.flatMap((day) =>
    streams.map(({ name: stream }) => {
      return { connection: connection.id, stream, day, ...businessDay(day, zone), list }
    }),
  )
}

/** Orders, and what was ever read beside them: what nobody reads is not missing. */
async function readStreams(desk: Desk, connection: Connection): Promise<ReadStream[]> {
  const listed = connection.streams.filter((s) => !s.unlisted)
  const read = await Promise.all(
    listed.map(async (s) => s.document === 'order' || (await watermarkOf(desk.db, connection.id, s.name))),
  )
  return listed.filter((_, i) => read[i])
}

function daysOf({ since, until }: CompletenessRequest, zone: string): string[] {
  const today = businessDate(new Date(), zone)
  const last = until ?? (since === today ? today : yesterday(zone))
  const days: string[] = []
  try {
    for (let day = since ?? last; day <= last && days.length <= MOST_DAYS; day = dayAfter(day)) days.push(day)
    businessDay(last, zone)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw runtimeError('RUNTIME_REQUEST', { field: 'since', reason: error.message }, error)
  }
  const reason = last > today ? 'no day that is still to come' : `1 to ${MOST_DAYS} days, the first one first`
  if (days.length === 0 || days.length > MOST_DAYS || last > today) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'since', reason })
  }
  return days
}

function toItem(row: CheckRow): CompletenessItem {
  return {
    id: String(row.id),
    connection: row.connection,
    stream: row.stream,
    day: row.day,
    since: row.since.toISOString(),
    until: row.until.toISOString(),
    state: row.state,
    source: row.source,
    ours: row.ours,
    arrived: row.arrived,
    missing: row.missing,
    detail: row.detail,
    error: row.error,
    by: row.who,
    why: row.why,
    createdAt: row.created_at.toISOString(),
    checkedAt: iso(row.finished_at),
  }
}
