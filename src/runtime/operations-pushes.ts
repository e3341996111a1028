/** Operations on pushes: list, show, try again, say what is true. */
import { createHash } from 'node:crypto'
import { pushError } from '../core/errors/push.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import type { DocumentKind } from '../core/ports.ts'
import { type JournalRow, story } from '../ledger/journal.ts'
import { type PushChanges, type Refusal, resolvePush, retryPushes } from '../ledger/push-change.ts'
import {
  type Frozen,
  frozenOf,
  linesOf,
  listPushes,
  ordersOfPushes,
  type PushRow,
  pushByIdOrKey,
} from '../ledger/push-list.ts'
import type {
  Bilingual,
  Changed,
  JournalEntry,
  Json,
  Operations,
  PushDetail,
  PushFilter,
  PushState,
  PushSummary,
  Selection,
} from './operations.ts'
import { type Desk, handOf } from './operations-desk.ts'
import { cursor, iso, page } from './operations-page.ts'

/** The operations on pushes. */
export function pushOperations(
  desk: Desk,
): Pick<Operations, 'pushList' | 'pushShow' | 'pushRetry' | 'pushResolve'> {
  return {
    async pushList({ limit, after, ...filter }) {
      const at = page({ ...(limit ? { limit } : {}), ...(after ? { after } : {}) })
      const { rows, next } = await listPushes(desk.db, filter, at.before, at.limit)
      const orders = await ordersOfPushes(desk.db, rows)
      return { items: rows.map((r) => toPush(r, orders)), next: cursor(next) }
    },
    pushShow: ({ id, body }) => show(desk, id, body === true),
    pushRetry: ({ select, ...actor }) => retry(desk, select, actor),
    pushResolve: ({ id, resolution, ...actor }) => resolve(desk, id, resolution, actor),
  }
}

/** `orders`: from `ordersOfPushes`. */
export function toPush(row: PushRow, orders: Map<number, string[]>): PushSummary {
  const waiting = ['planned', 'unknown', 'accepted'].includes(row.state)
  return {
    id: String(row.id),
    key: row.key,
    kind: row.kind as DocumentKind,
    connection: row.connection,
    flow: row.flow,
    mode: row.mode,
    revision: row.revision,
    state: row.state as PushState,
    attempts: row.attempt,
    dueAt: waiting ? iso(row.due_at) : null,
    leaseUntil: row.state === 'sending' ? iso(row.lease_until) : null,
    orders: orders.get(row.id) ?? [],
    remoteId: row.remote_id,
    remoteNumber: row.remote_number,
    error: row.code ? { code: row.code, message: row.message ?? '' } : null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** A journal row as an entry: `to` and `push` of its data are where it belongs. */
export function toEntry(row: JournalRow): JournalEntry {
  const { to, push, ...detail } = (row.data ?? {}) as { [key: string]: Json }
  return {
    at: row.at.toISOString(),
    event: row.event,
    connection: typeof to === 'string' ? to : row.connection,
    push: push === undefined || push === null ? null : String(push),
    detail,
  }
}

async function known(desk: Desk, ref: string): Promise<PushRow> {
  const row = await pushByIdOrKey(desk.db, ref)
  if (!row) throw runtimeError('RUNTIME_UNKNOWN', { what: 'push', id: ref })
  return row
}

async function summary(desk: Desk, row: PushRow): Promise<PushSummary> {
  return toPush(row, await ordersOfPushes(desk.db, [row]))
}

async function show(desk: Desk, ref: string, body: boolean): Promise<PushDetail> {
  const row = await known(desk, ref)
  const frozen = await frozenOf(desk.db, row.id)
  const planned = (e: JournalRow) =>
    e.event === 'planned' && e.data?.flow === row.flow && e.data.revision === row.revision
  const told = await story(desk.db, row.order_connection, row.order_id)
  return {
    ...(await summary(desk, row)),
    class: desk.rules(row.connection, row.kind)?.class ?? null,
    mappingVersion: frozen.mapping,
    rendered: rendered(frozen, body),
    check: frozen.check,
    lines: await carried(desk, row, frozen),
    journal: told.filter((e) => e.data?.push === row.id || (row.kind === 'order' && planned(e))).map(toEntry),
  }
}

function rendered(frozen: Frozen, withBody: boolean): PushDetail['rendered'] {
  const { body, content_type } = frozen
  if (!body) return null
  return {
    contentType: content_type ?? '',
    size: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
    ...(withBody ? { body: body.toString('base64') } : {}),
  }
}

/** Lines of its work orders; what is no order says itself what it holds. */
async function carried(desk: Desk, row: PushRow, frozen: Frozen): Promise<PushDetail['lines']> {
  if (row.kind === 'order') return linesOf(desk.db, row.id)
  const { lines } = frozen.content as {
    lines?: { line?: string | null; sku?: string | null; quantity: string }[] | null
  }
  const order = `${row.order_connection}/${row.order_id}`
  return (lines ?? []).map((l) => ({ order, line: l.line ?? l.sku ?? '', quantity: l.quantity }))
}

/** Rows of one transaction, and most that one request changes. */
const BATCH = 200
const MOST = 10_000

type Who = { by: string; why?: string }

async function retry(desk: Desk, select: Selection<PushFilter>, actor: Who): Promise<Changed> {
  const { ids, skipped } =
    'ids' in select
      ? await byIds(desk, select.ids)
      : { ids: await byFilter(desk, select.filter), skipped: [] }
  const changed: string[] = []
  const wake = new Set<string>()
  for (let i = 0; i < ids.length; i += BATCH) {
    const part = await retryPushes(desk.db, ids.slice(i, i + BATCH), handOf(actor), desk.rules)
    changed.push(...part.changed.map(String))
    skipped.push(...part.left.map(skippedPush))
    for (const connection of part.wake) wake.add(connection)
  }
  await desk.wake({ deliver: [...wake] })
  return { changed, skipped }
}

/** Ids or keys; those that do not exist are skipped with that reason. */
async function byIds(desk: Desk, refs: string[]): Promise<{ ids: number[]; skipped: Changed['skipped'] }> {
  const ids: number[] = []
  const skipped: Changed['skipped'] = []
  for (const ref of [...new Set(refs)].slice(0, MOST)) {
    const row = await pushByIdOrKey(desk.db, ref)
    if (row) ids.push(row.id)
    else skipped.push({ id: ref, why: WHY['unknown-id']('') })
  }
  return { ids, skipped }
}

/** A filter without a state means what waits for somebody; the page of a filter does not count here. */
async function byFilter(desk: Desk, { limit: _, after: __, ...filter }: PushFilter): Promise<number[]> {
  const ids: number[] = []
  for (const state of filter.state ? [filter.state] : (['rejected', 'parked', 'planned'] as const)) {
    let before: number | null = Number.MAX_SAFE_INTEGER
    while (before !== null && ids.length < MOST) {
      const found: Awaited<ReturnType<typeof listPushes>> = await listPushes(
        desk.db,
        { ...filter, state },
        before,
        500,
      )
      ids.push(...found.rows.map((r) => r.id))
      before = found.next
    }
  }
  return ids.slice(0, MOST)
}

/** Why something was left as it was, in the reader's words. */
export const WHY: Record<Refusal, (state: string) => Bilingual> = {
  'unknown-id': () => ({ en: 'there is no such push', zh: '没有这个推送' }),
  state: (state) => ({ en: `it is ${state}`, zh: `其状态为 ${state}` }),
  newer: () => ({ en: 'a newer revision has taken its place', zh: '已有更新的版本取代它' }),
  sibling: () => ({
    en: 'another push of the same document is on its way',
    zh: '同一单据的另一推送正在进行',
  }),
  busy: () => ({ en: 'an attempt is still under way', zh: '仍有一次尝试正在进行' }),
  due: () => ({ en: 'it goes on by itself', zh: '会自动继续' }),
  ask: () => ({
    en: 'it may have been written: look there, then use "push resolve"',
    zh: '可能已写入：请先在目标系统查看，再使用 "push resolve"',
  }),
}

/** One entry of `Changed.skipped`. */
export function skippedPush(left: PushChanges['left'][number]): Changed['skipped'][number] {
  return { id: String(left.id), why: WHY[left.why](left.state) }
}

async function resolve(
  desk: Desk,
  ref: string,
  resolution: Parameters<Operations['pushResolve']>[0]['resolution'],
  actor: Who,
): Promise<PushSummary> {
  const row = await known(desk, ref)
  const resolved = await resolvePush(desk.db, row.id, resolution, handOf(actor))
  if (!resolved.done) {
    if (resolved.why === 'bound')
      throw pushError('PUSH_BOUND_TWICE', { connection: row.connection, push: String(row.id) })
    const { state, why } = resolved
    throw runtimeError('RUNTIME_STATE', {
      action: 'push resolve',
      what: 'push',
      id: ref,
      state: state || why,
      hint: WHY[why](state).en,
    })
  }
  await desk.wake({ documents: true, deliver: [resolved.connection] })
  return summary(desk, await known(desk, String(row.id)))
}
