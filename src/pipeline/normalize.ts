/**
 * normalize: leases a batch of records, maps and validates them outside any transaction, then writes the
 * documents in one short one. One bad record is parked alone with its reason; its neighbours go on.
 */
import { crashPoint } from '../core/crash-point.ts'
import { TributaryError } from '../core/errors/error.ts'
import { recordError } from '../core/errors/record.ts'
import { isDataError, type Queryable } from '../ledger/database.ts'
import { type NewDocument, type Written, writeDocuments } from '../ledger/document.ts'
import { bisect } from '../ledger/group-commit.ts'
import { appendRecords, type ClaimedRecord, claimRecords, releaseRecords } from '../ledger/inbox.ts'
import { journalSubject } from '../ledger/journal.ts'
import type { Parked } from '../ledger/parked.ts'
import { DEATHS, FETCH, LANE_TURN, NORMALIZE, type Pipe, PLAN, type Stopping } from './pipe.ts'
import { hintRow } from './receive.ts'
import { toDocument } from './to-document.ts'

const BATCH = 200

/** Normalizes until nothing is left or the turn is over. */
export async function normalizeLane(pipe: Pipe, stopping: Stopping): Promise<void> {
  const end = Date.now() + LANE_TURN
  while (!stopping.asked) {
    const claimed = await claimRecords(pipe.db, BATCH)
    if (claimed.length === 0) return
    crashPoint('normalize.claimed')
    await normalizeBatch(pipe, claimed)
    if (Date.now() > end) break
  }
  if (!stopping.asked) void pipe.queue.wake(NORMALIZE, '0')
}

/** What one record became. */
type Made = { record: ClaimedRecord; document: NewDocument } | { record: ClaimedRecord; parked: Parked }

/** Seconds until a record is looked at again that only another process knows what to do with. */
const ELSEWHERE = 2

async function normalizeBatch(pipe: Pipe, claimed: ClaimedRecord[]): Promise<void> {
  const made: Made[] = []
  const elsewhere: ClaimedRecord[] = []
  for (const record of claimed) {
    const one = await normalizeRecord(pipe, record)
    if (one) made.push(one)
    else elsewhere.push(record)
  }
  if (elsewhere.length > 0) await releaseRecords(pipe.db, idsOf(elsewhere), ELSEWHERE)
  crashPoint('normalize.mapped')
  const again: ClaimedRecord[] = []
  const failed: Made[] = []
  await bisect(
    made,
    (part) => writeMade(pipe, part),
    (one, error) => {
      // one row that the database refuses (a NUL character, say) is parked; a database that is away is not its fault
      if (isDataError(error))
        failed.push({ record: one.record, parked: parkRecord(one.record, refused(error)) })
      else again.push(one.record)
    },
  )
  if (failed.length > 0) await writeMade(pipe, failed)
  if (again.length > 0) await releaseRecords(pipe.db, idsOf(again))
}

const idsOf = (records: ClaimedRecord[]) => records.map((r) => r.id)

function refused(error: unknown): TributaryError {
  return recordError('RECORD_REFUSED', { state: (error as { code?: string }).code ?? '?' }, error)
}

/** Null: it belongs to a configuration that this process cannot take over, but another one could. */
async function normalizeRecord(pipe: Pipe, record: ClaimedRecord): Promise<Made | null> {
  try {
    if (record.attempts > DEATHS) {
      record.external_id ??= peek(pipe, record)
      throw recordError('RECORD_KILLS', { times: DEATHS })
    }
    const document = await toActiveDocument(pipe, record)
    return document && { record, document }
  } catch (error) {
    pipe.log('warn', 'record parked', {
      connection: record.connection,
      order: record.external_id,
      record: record.id,
      error,
    })
    return { record, parked: parkRecord(record, error) }
  }
}

/** What this process does not know may be part of a configuration that it has not taken over yet. */
async function toActiveDocument(pipe: Pipe, record: ClaimedRecord): Promise<NewDocument | null> {
  try {
    return await toDocument(pipe, record)
  } catch (error) {
    if (!(error instanceof TributaryError) || error.code !== 'RECORD_NO_MAPPING') throw error
    const known = pipe.connections
    const active = await pipe.configuration.catchUp()
    if (pipe.connections !== known) return toDocument(pipe, record)
    if (active) throw error
    return null
  }
}

/** Whose record it is, without doing again what ended the process. */
function peek(pipe: Pipe, record: ClaimedRecord): string | null {
  if (record.body === null) return null
  const stream = pipe.connections.get(record.connection)?.streams.find((s) => s.name === record.stream)
  return stream?.peek({ body: record.body, contentType: record.content_type }, record.shape) ?? null
}

async function writeMade(pipe: Pipe, made: Made[]): Promise<void> {
  const {
    documents,
    older,
    doubtful: disagreeing,
  } = fold(made.flatMap((m) => ('document' in m ? [m.document] : [])))
  const failed = made.flatMap((m) => ('parked' in m ? [m] : []))
  const parked = failed.map((m) => m.parked)
  let outcomes: Written[] = []
  let doubtful: NewDocument[] = []
  await pipe.db.transaction(async (tx) => {
    outcomes = await writeDocuments(tx, {
      documents,
      parked,
      done: older,
      journal: [...documents.map(mapped), ...failed.map((m) => parkedEvent(pipe, m.record, m.parked))],
    })
    // set anew, for a transaction may run twice
    doubtful = [...disagreeing, ...documents.filter((_, i) => outcomes[i] === 'conflicting')]
    await askAgain(tx, doubtful)
  })
  crashPoint('normalize.committed')
  if (outcomes.includes('written')) void pipe.queue.wake(PLAN, '0')
  for (const connection of new Set(doubtful.map((d) => d.connection))) {
    void pipe.queue.wake(FETCH, connection)
  }
}

/** Two copies of one version disagree: the source is asked once, by id. */
async function askAgain(tx: Queryable, documents: NewDocument[]): Promise<void> {
  await appendRecords(
    tx,
    documents.map((d) => hintRow(d.connection, d.stream, d.externalId, 'doubt', `${d.version} ${d.hash}`)),
  )
}

/**
 * The same document several times in one batch: the newest wins, on a tie the one that settles doubt, then the
 * later. Copies of one version that disagree are doubtful like any others, whichever came last.
 */
export function fold(documents: NewDocument[]): {
  documents: NewDocument[]
  older: NewDocument[]
  doubtful: NewDocument[]
} {
  const newest = new Map<string, NewDocument>()
  const older: NewDocument[] = []
  const doubtful: NewDocument[] = []
  for (const d of documents) {
    const key = `${d.connection} ${d.kind} ${d.externalId}`
    const held = newest.get(key)
    const [winner, loser] = held && !beats(d, held) ? [held, d] : [d, held]
    newest.set(key, winner)
    if (!loser) continue
    older.push(loser)
    if (loser.version === winner.version && loser.hash !== winner.hash) doubtful.push(loser)
  }
  return { documents: [...newest.values()], older, doubtful }
}

function beats(a: NewDocument, b: NewDocument): boolean {
  if (a.version !== b.version) return a.version > b.version
  return a.authoritative || !b.authoritative
}

function mapped(d: NewDocument) {
  return {
    connection: d.connection,
    subject: journalSubject(d.kind, d.externalId),
    event: 'mapped',
    data: { record: d.inboxId, kind: d.kind, version: d.version, mapping: d.mapping },
  }
}

function parkedEvent(pipe: Pipe, { stream }: ClaimedRecord, p: Parked) {
  const kind = pipe.connections.get(p.connection)?.streams.find((s) => s.name === stream)?.document ?? 'order'
  return {
    connection: p.connection,
    subject: p.orderId === null ? `record ${p.ref}` : journalSubject(kind, p.orderId),
    event: 'parked',
    data: { record: p.ref, code: p.code },
  }
}

function parkRecord(record: ClaimedRecord, error: unknown): Parked {
  const known = error instanceof TributaryError ? error : recordError('RECORD_BUG', {}, error)
  return {
    what: 'record',
    ref: record.id,
    connection: record.connection,
    orderId: record.external_id,
    orderNumber: null,
    code: known.code,
    detail: { ...known.detail, stream: record.stream, shape: record.shape },
  }
}
