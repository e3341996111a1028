/** Operations on what waits for a person: list, try again, give up. */
import { type ErrorDetail, type ErrorEntry, fill } from '../core/errors/error.ts'
import { ERRORS } from '../core/errors/table.ts'
import { listParked, type ParkedRow, parkedById, settleParked } from '../ledger/parked-list.ts'
import { discardPushes, retryPushes } from '../ledger/push-change.ts'
import type { Bilingual, Changed, Operations, ParkedFilter, ParkedItem, Selection } from './operations.ts'
import { type Desk, handOf } from './operations-desk.ts'
import { cursor, page } from './operations-page.ts'
import { skippedPush } from './operations-pushes.ts'

/** The operations on parked things. */
export function parkedOperations(
  desk: Desk,
): Pick<Operations, 'parkedList' | 'parkedRetry' | 'parkedDiscard'> {
  return {
    async parkedList({ limit, after, ...filter }) {
      const at = page({ ...(limit ? { limit } : {}), ...(after ? { after } : {}) })
      const { rows, next } = await listParked(desk.db, filter, at.before, at.limit)
      return { items: rows.map((r) => toParked(r, desk)), next: cursor(next) }
    },
    parkedRetry: ({ select, ...actor }) => settle(desk, select, 'retry', actor),
    parkedDiscard: ({ select, ...actor }) => settle(desk, select, 'discard', actor),
  }
}

/** A parked thing with its message and fix in both languages. */
export function toParked(row: ParkedRow, desk: Pick<Desk, 'connections'>): ParkedItem {
  const entry = ERRORS[row.code] ?? FALLBACK[row.what]
  const detail: ErrorDetail = {
    connection: row.connection,
    reason: row.code,
    push: String(row.ref),
    ...row.detail,
  }
  const both = (texts: Bilingual) => ({ en: fill(texts.en, detail), zh: fill(texts.zh, detail, 'zh') })
  return {
    id: String(row.id),
    what: row.what,
    connection: row.connection,
    stream: row.stream,
    externalId: row.order_id,
    order: isOrder(row, desk) ? `${row.source}/${row.order_id}` : null,
    record: row.record === null ? null : String(row.record),
    code: row.code,
    kind: entry.kind,
    message: both(entry.say),
    fix: both(entry.fix),
    attempts: row.attempts,
    at: row.at.toISOString(),
  }
}

/** Codes of remotes are in no table of ours. */
const FALLBACK: Record<ParkedRow['what'], ErrorEntry> = {
  record: ERRORS.RECORD_BUG!,
  document: ERRORS.RECORD_BUG!,
  push: ERRORS.PUSH_IN_DOUBT!,
}

/** A parcel's or a refund's record has an external id that is no order's. */
function isOrder(row: ParkedRow, desk: Pick<Desk, 'connections'>): boolean {
  return row.order_id !== null && (row.what === 'push' || kindOf(row, desk) === 'order')
}

/** What a parked record would become is known by its stream. */
function kindOf(row: ParkedRow, desk: Pick<Desk, 'connections'>): string {
  const stream = desk.connections.get(row.source)?.streams.find((s) => s.name === row.stream)
  return row.kind ?? stream?.document ?? 'order'
}

const BATCH = 200
/** Most that one request changes. */
const MOST = 10_000

async function settle(
  desk: Desk,
  select: Selection<ParkedFilter>,
  how: 'retry' | 'discard',
  actor: { by: string; why?: string },
): Promise<Changed> {
  const out: Changed = { changed: [], skipped: [] }
  const wake = new Set<string>()
  for await (const rows of 'ids' in select ? byIds(desk, select.ids, out) : byFilter(desk, select.filter)) {
    await settleRows(desk, rows, how, actor, out, wake)
  }
  if (how === 'retry' && out.changed.length > 0) {
    await desk.wake({ records: true, documents: true, deliver: [...wake] })
  }
  return out
}

async function settleRows(
  desk: Desk,
  rows: ParkedRow[],
  how: 'retry' | 'discard',
  actor: { by: string; why?: string },
  out: Changed,
  wake: Set<string>,
): Promise<void> {
  const hand = handOf(actor)
  const pushes = rows.filter((r) => r.what === 'push')
  const others = rows.filter((r) => r.what !== 'push')
  if (others.length > 0) {
    const known = others.map((r) => ({ ...r, kind: kindOf(r, desk) }))
    const changed = new Set(await settleParked(desk.db, known, how, hand))
    for (const r of others) {
      if (changed.has(r.id)) out.changed.push(String(r.id))
      else out.skipped.push({ id: String(r.id), why: GONE })
    }
  }
  if (pushes.length > 0) {
    const refs = pushes.map((p) => p.ref)
    const done =
      how === 'retry'
        ? await retryPushes(desk.db, refs, hand, desk.rules)
        : await discardPushes(desk.db, refs, hand)
    const idOf = new Map(pushes.map((p) => [p.ref, String(p.id)]))
    out.changed.push(...done.changed.map((ref) => idOf.get(ref)!))
    out.skipped.push(...done.left.map((left) => ({ ...skippedPush(left), id: idOf.get(left.id)! })))
    for (const connection of done.wake) wake.add(connection)
  }
}

const GONE: Bilingual = {
  en: 'it was settled meanwhile, or its content is gone',
  zh: '已被处理，或其内容已清除',
}
const NONE: Bilingual = { en: 'nothing is parked under this id', zh: '没有此编号的待处理项' }

async function* byIds(desk: Desk, refs: string[], out: Changed): AsyncGenerator<ParkedRow[]> {
  const all = [...new Set(refs)].slice(0, MOST)
  for (let i = 0; i < all.length; i += BATCH) {
    const part = all.slice(i, i + BATCH)
    const rows = await parkedById(desk.db, part.filter((id) => /^\d{1,15}$/.test(id)).map(Number))
    const found = new Set(rows.map((r) => String(r.id)))
    out.skipped.push(...part.filter((id) => !found.has(id)).map((id) => ({ id, why: NONE })))
    yield rows
  }
}

/** The page of a filter does not count here; newest first, so what is changed never comes again. */
async function* byFilter(desk: Desk, filter: ParkedFilter): AsyncGenerator<ParkedRow[]> {
  let before: number | null = Number.MAX_SAFE_INTEGER
  for (let taken = 0; before !== null && taken < MOST; taken += BATCH) {
    const found: Awaited<ReturnType<typeof listParked>> = await listParked(desk.db, filter, before, BATCH)
    yield found.rows
    before = found.next
  }
}
