/** Operations on backfills: what there would be, start, look, pause, resume, cancel. */
import { TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Connection, ReadStream, SourceCount } from '../core/ports.ts'
import type { BackfillState } from '../core/states.ts'
import {
  type BackfillRow,
  type BackfillWhat,
  backfillById,
  createBackfill,
  listBackfills,
  turnBackfill,
} from '../ledger/backfill.ts'
import { readableStream } from '../pipeline/backfill.ts'
import { countRange, reachOf } from '../pipeline/windows.ts'
import type {
  BackfillItem,
  BackfillOperations,
  BackfillPreview,
  BackfillRequest,
} from './operations-backfill-types.ts'
import { type Desk, handOf } from './operations-desk.ts'
import { cursor, instant, iso, page } from './operations-page.ts'

type Own = Extract<keyof BackfillOperations, `backfill${string}`>

/** How long the source may take to count. Milliseconds. */
const COUNT_LIMIT = 30_000
const MOST_IDS = 100_000

/** The operations on backfills. */
export function backfillOperations(desk: Desk): Pick<BackfillOperations, Own> {
  return {
    backfillPreview: (request) => preview(desk, request),
    backfillStart: (request) => start(desk, request),
    async backfillList({ connection, stream, state, ...at }) {
      const { limit, before } = page(at)
      const filter = { ...(connection && { connection }), ...(stream && { stream }), ...(state && { state }) }
      const rows = await listBackfills(desk.db, filter, before, limit)
      const next = rows.length > limit ? rows[limit - 1]!.id : null
      return { items: rows.slice(0, limit).map(toItem), next: cursor(next) }
    },
    async backfillShow({ id }) {
      return toItem(await known(desk, id))
    },
    backfillPause: ({ id }) => turn(desk, id, 'pause'),
    backfillResume: ({ id }) => turn(desk, id, 'resume'),
    backfillCancel: ({ id }) => turn(desk, id, 'cancel'),
  }
}

interface Wanted {
  connection: Connection
  stream: ReadStream
  what: BackfillWhat
}

/** What a request means, checked against what the connection can be asked for. */
function read(desk: Desk, request: BackfillRequest): Wanted {
  const connection = connectionOf(desk, request.connection)
  const { ids, since: from, until: to } = request
  if ((ids === undefined) === (from === undefined) || (ids !== undefined && to !== undefined)) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'since | ids', reason: 'give either a range or ids' })
  }
  const stream = readableStream(connection, request.stream, ids ? 'ids' : 'range')
  return { connection, stream, what: ids ? { ids: checkIds(ids) } : range(stream, from!, to) }
}

/** The configured connection of this id. Throws RUNTIME_UNKNOWN. */
export function connectionOf(desk: Desk, id: string): Connection {
  const found = desk.connections.get(id)
  if (!found) throw runtimeError('RUNTIME_UNKNOWN', { what: 'connection', id })
  return found
}

function checkIds(ids: string[]): string[] {
  const unique = [...new Set(ids.map((id) => id.trim()))]
  if (unique.length === 0 || unique.length > MOST_IDS || unique.some((id) => id === '' || id.length > 200)) {
    const reason = `1 to ${MOST_IDS} ids of at most 200 characters, none of them empty`
    throw runtimeError('RUNTIME_REQUEST', { field: 'ids', reason })
  }
  return unique
}

/** Whole seconds, as sources count; never beyond now, which polling reads. */
function range(stream: ReadStream, from: string, to: string | undefined): { since: Date; until: Date } {
  const second = (at: number, round: (n: number) => number) => new Date(round(at / 1000) * 1000)
  const now = Date.now()
  const since = second(instant('since', from)!.getTime(), Math.floor)
  const until = second(Math.min(instant('until', to)?.getTime() ?? now, now), Math.ceil)
  withinReach(stream, since)
  if (since < until) return { since, until }
  throw runtimeError('RUNTIME_REQUEST', { field: 'since', reason: 'must be before "until" and before now' })
}

/** Throws RUNTIME_REQUEST where the source cannot be read as far back. */
export function withinReach(stream: ReadStream, since: Date): void {
  const reach = reachOf(stream)
  if (reach === null || since >= reach) return
  const reason = `this source can be read back to ${reach.toISOString()}, and not further`
  throw runtimeError('RUNTIME_REQUEST', { field: 'since', reason })
}

async function preview(desk: Desk, request: BackfillRequest): Promise<BackfillPreview> {
  const { connection, stream, what } = read(desk, request)
  const count = await countOf(stream, what)
  return {
    connection: connection.id,
    stream: stream.name,
    since: 'ids' in what ? null : what.since.toISOString(),
    until: 'ids' in what ? null : what.until.toISOString(),
    ids: 'ids' in what ? what.ids.length : null,
    count: count?.count ?? null,
    exact: count?.exact ?? false,
  }
}

async function countOf(stream: ReadStream, what: BackfillWhat): Promise<SourceCount | null> {
  if ('ids' in what) return { count: what.ids.length, exact: true }
  return countRange(stream, what, AbortSignal.timeout(COUNT_LIMIT))
}

async function start(
  desk: Desk,
  { total, ...request }: Parameters<BackfillOperations['backfillStart']>[0],
): Promise<BackfillItem> {
  const { connection, stream, what } = read(desk, request)
  const count = total ?? (await countOf(stream, what).catch(passing))
  const at = { connection: connection.id, stream: stream.name }
  const row = await createBackfill(desk.db, at, what, count, handOf(request))
  await desk.wake({ backfill: [connection.id] })
  return toItem(row)
}

/** A source that cannot be asked just now is read later. */
function passing(error: unknown): null {
  if (error instanceof TributaryError && error.kind === 'transient') return null
  throw error
}

const TURNS: Record<'pause' | 'resume' | 'cancel', { from: BackfillState[]; to: BackfillState }> = {
  pause: { from: ['planned', 'running'], to: 'paused' },
  resume: { from: ['paused', 'failed'], to: 'planned' },
  cancel: { from: ['planned', 'running', 'paused', 'failed'], to: 'cancelled' },
}

async function turn(desk: Desk, id: string, how: keyof typeof TURNS): Promise<BackfillItem> {
  const { from, to } = TURNS[how]
  const before = await known(desk, id)
  const row = await turnBackfill(desk.db, before.id, from, to)
  if (!row) {
    const { state } = await known(desk, id)
    const hint = `Possible from: ${from.join(', ')}.`
    throw runtimeError('RUNTIME_STATE', { action: `backfill ${how}`, what: 'backfill', id, state, hint })
  }
  if (to === 'planned') await desk.wake({ backfill: [row.connection] })
  return toItem(row)
}

async function known(desk: Desk, id: string): Promise<BackfillRow> {
  const row = /^\d{1,15}$/.test(id) ? await backfillById(desk.db, Number(id)) : null
  if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'backfill', id })
  return row
}

function toItem(row: BackfillRow): BackfillItem {
  const { position } = row
  const whole = row.state === 'done'
  const readUntil = whole ? iso(row.until) : position && 'since' in position ? position.since : iso(row.since)
  const asked = position && 'done' in position ? position.done : 0
  return {
    id: String(row.id),
    connection: row.connection,
    stream: row.stream,
    since: iso(row.since),
    until: iso(row.until),
    ids: row.ids,
    state: row.state,
    total: row.total,
    exact: row.total_exact,
    read: row.read,
    added: row.added,
    readUntil,
    asked: row.ids === null ? null : whole ? row.ids : asked,
    absent: { count: row.absents, first: row.absent },
    error: row.error,
    attempts: row.attempts,
    held: row.lease_until !== null && row.lease_until > new Date(),
    by: row.who,
    why: row.why,
    createdAt: row.created_at.toISOString(),
    startedAt: iso(row.started_at),
    finishedAt: iso(row.finished_at),
  }
}
