/**
 * What a person may do with a push: try again, say what is true, give up. Each change is made in one
 * transaction on rows that are locked, moves the fence (so whoever still works under an older lease changes
 * nothing any more), tells the journal who and why, and closes what was parked.
 */
import { type Database, isDataError, type Queryable, sqlState } from './database.ts'
import { tell } from './journal.ts'
import { unpark } from './parked.ts'

/** Whose hand it was. */
export interface Hand {
  by: string
  why?: string
}

/** What the push protocol says about a kind of document in a connection; undefined when it is not configured. */
export type RuleOf = (
  connection: string,
  kind: string,
) => { class: 'find' | 'resend-safe' | 'none'; settle: number } | undefined

/** Why a push was left as it is. */
export type Refusal =
  | 'unknown-id'
  | 'state'
  /** A newer revision has taken its place. */
  | 'newer'
  /** Another push of the same subject is on its way. */
  | 'sibling'
  /** An attempt is still running, or may still be. */
  | 'busy'
  /** It is due already. */
  | 'due'
  /** Only a person can say whether it was written. */
  | 'ask'

export interface Left {
  id: number
  why: Refusal
  state: string
}

export interface PushChanges {
  changed: number[]
  left: Left[]
  /** Connections that have something new to do. */
  wake: string[]
}

interface Locked {
  id: number
  fence: number
  state: string
  uncertain: boolean
  connection: string
  kind: string
  key: string
  subject: string
  document_id: number
  order_connection: string
  order_id: string
  overdue: boolean
  leased: boolean
  newer: boolean
  sibling: boolean
}

async function lock(tx: Queryable, ids: number[]): Promise<Locked[]> {
  const { rows } = await tx.query<Locked>(
    `select p.id, p.fence, p.state, p.uncertain, p.connection, p.kind, p.key, p.subject, p.document_id,
            p.order_connection, p.order_id, p.due_at <= now() as overdue,
            coalesce(p.lease_until > now(), false) as leased,
            exists (select 1 from push n where n.connection = p.connection and n.kind = p.kind
                       and n.subject = p.subject and n.revision > p.revision and n.state <> 'withdrawn') as newer,
            exists (select 1 from push n where n.connection = p.connection and n.kind = p.kind
                       and n.subject = p.subject and n.id <> p.id
                       and n.state in ('sending', 'unknown', 'accepted')) as sibling
       from push p where p.id = any($1::bigint[]) order by p.id for update of p`,
    [ids],
  )
  return rows
}

type Retry = 'due' | 'render' | 'doubt'

/** What a retry means for a push, or why it is not possible. */
function retryOf(push: Locked, rules: RuleOf): Retry | { left: Refusal } {
  if (push.state === 'planned') return push.overdue ? { left: 'due' } : 'due'
  if (push.state === 'sending' || push.state === 'accepted') return { left: 'busy' }
  const rule = rules(push.connection, push.kind)
  if (push.state === 'unknown') {
    if (push.leased) return { left: 'busy' }
    // without knowing how long the remote may take, the due time stays as the protocol has set it
    if (!rule) return { left: 'due' }
    return rule.class === 'none' ? { left: 'ask' } : 'doubt'
  }
  if (push.state !== 'rejected' && push.state !== 'parked') return { left: 'state' }
  if (push.newer) return { left: 'newer' }
  if (push.sibling) return { left: 'sibling' }
  if (!push.uncertain) return 'render'
  return rule?.class === 'none' ? { left: 'ask' } : 'doubt'
}

const RETRY: Record<Retry, string> = {
  due: `due_at = now(), tried_since = now()`,
  // nothing was written: rendered again, so that a corrected mapping or code table counts
  render: `state = 'planned', due_at = now(), tried_since = now(), uncertain = false, rewritten = false, body = null, "check" = null,
           mapping = null, content_type = null, lease_until = null`,
  // through its find (or the same bytes again), and not before the remote must have shown what it has
  doubt: `state = 'unknown', uncertain = true, tried_since = now(), due_at = greatest(now(),
            coalesce(p.lease_until, now() - interval '1 day') + make_interval(secs => t.settle))`,
}

/**
 * Tries pushes again: `rejected` and `parked` ones at once, `planned` ones without waiting for their due
 * time, those in doubt by asking first. At most a few hundred ids per call.
 */
export function retryPushes(db: Database, ids: number[], hand: Hand, rules: RuleOf): Promise<PushChanges> {
  return db.transaction(async (tx) => {
    const locked = await lock(tx, ids)
    const decided = locked.map((push) => ({ push, retry: retryOf(push, rules) }))
    const changed: Locked[] = []
    for (const kind of ['due', 'render', 'doubt'] as const) {
      const group = decided.filter((d) => d.retry === kind).map((d) => d.push)
      await set(tx, group, RETRY[kind], rules)
      changed.push(...group)
    }
    await note(tx, changed, 'retried', hand)
    await unpark(
      tx,
      'push',
      changed.map((p) => p.id),
      `retried by ${hand.by}`,
    )
    const left = decided.flatMap(({ push, retry }) =>
      typeof retry === 'object' ? [{ id: push.id, why: retry.left, state: push.state }] : [],
    )
    return result(ids, changed, left)
  })
}

/** Compare-and-set on id and fence; the rows are locked, so all of them change. */
async function set(tx: Queryable, group: Locked[], change: string, rules: RuleOf): Promise<void> {
  if (group.length === 0) return
  const rows = group.map((p) => ({
    id: p.id,
    fence: p.fence,
    settle: (rules(p.connection, p.kind)?.settle ?? 0) / 1000,
  }))
  await tx.query(
    `update push p set ${change}, fence = p.fence + 1, code = null, message = null, updated_at = now()
       from jsonb_to_recordset($1::jsonb) as t(id bigint, fence int, settle float8)
      where p.id = t.id and p.fence = t.fence`,
    [JSON.stringify(rows)],
  )
}

async function note(
  tx: Queryable,
  pushes: Locked[],
  event: string,
  hand: Hand,
  more: object = {},
): Promise<void> {
  await tell(
    tx,
    pushes.map((p) => ({
      connection: p.order_connection,
      subject: p.order_id,
      event,
      data: {
        push: p.id,
        to: p.connection,
        kind: p.kind,
        from: p.state,
        by: hand.by,
        why: hand.why ?? null,
        ...more,
      },
    })),
  )
}

function result(asked: number[], changed: Locked[], left: Left[]): PushChanges {
  const seen = new Set([...changed.map((p) => p.id), ...left.map((l) => l.id)])
  const missing = asked
    .filter((id) => !seen.has(id))
    .map((id): Left => ({ id, why: 'unknown-id', state: '' }))
  return {
    changed: changed.map((p) => p.id),
    left: [...left, ...missing],
    wake: [...new Set(changed.map((p) => p.connection))],
  }
}

/** What a person found out about a push. */
export type Truth =
  | { as: 'written'; remoteId: string; number?: string }
  | { as: 'not-written' }
  | { as: 'withdrawn' }

export type Resolved =
  | { done: true; connection: string }
  | { done: false; why: Refusal | 'bound'; state: string }

/** States about which a person may know more than we do. */
const OPEN = new Set(['unknown', 'accepted', 'rejected', 'parked'])

/**
 * Records what a person knows. `bound`: that document of the remote is bound to another push. Throws what
 * the database throws otherwise.
 */
export async function resolvePush(db: Database, id: number, truth: Truth, hand: Hand): Promise<Resolved> {
  try {
    return await db.transaction((tx) => resolveLocked(tx, id, truth, hand))
  } catch (error) {
    if (isDataError(error) && sqlState(error) === '23505') return { done: false, why: 'bound', state: '' }
    throw error
  }
}

async function resolveLocked(tx: Queryable, id: number, truth: Truth, hand: Hand): Promise<Resolved> {
  const push = (await lock(tx, [id]))[0]
  if (!push) return { done: false, why: 'unknown-id', state: '' }
  if (!OPEN.has(push.state)) return { done: false, why: 'state', state: push.state }
  if (truth.as === 'not-written' && (push.newer || push.sibling)) {
    return { done: false, why: push.newer ? 'newer' : 'sibling', state: push.state }
  }
  if (truth.as === 'written') await bind(tx, push, truth)
  // a call that may still be running must have ended before the document is written again
  else if (truth.as === 'not-written') {
    await set(
      tx,
      [push],
      `state = 'planned', uncertain = false, rewritten = false,
      due_at = greatest(now(), coalesce(p.lease_until, now()))`,
      () => undefined,
    )
  } else await set(tx, [push], WITHDRAWN, () => undefined)
  const more = truth.as === 'written' ? { as: truth.as, number: truth.number ?? null } : { as: truth.as }
  await note(tx, [push], 'resolved', hand, more)
  await unpark(tx, 'push', [id], `${truth.as}, says ${hand.by}`)
  await wakeDocument(tx, push.document_id, truth.as === 'withdrawn' ? 'done' : 'due')
  return { done: true, connection: push.connection }
}

const WITHDRAWN = `state = 'withdrawn', uncertain = false`

async function bind(tx: Queryable, push: Locked, truth: Extract<Truth, { as: 'written' }>): Promise<void> {
  await tx.query(
    `update push set state = 'confirmed', uncertain = false, fence = fence + 1, code = null, message = null,
            remote_id = $3, remote_number = coalesce($4, remote_number), updated_at = now()
      where id = $1 and fence = $2`,
    [push.id, push.fence, truth.remoteId, truth.number ?? null],
  )
  await tx.query(
    `insert into binding (connection, kind, key, subject, push_id, remote_id, remote_number)
     select connection, kind, key, subject, id, remote_id, remote_number from push where id = $1
     on conflict (connection, kind, key) do update
        set remote_id = excluded.remote_id, remote_number = excluded.remote_number`,
    [push.id],
  )
}

/** The document that waited for this push: planned again, or left alone when nothing is ever to be written. */
async function wakeDocument(tx: Queryable, id: number, state: 'due' | 'done'): Promise<void> {
  await tx.query(
    `update document set plan_state = $2, plan_after = now(), claimed_until = null
      where id = $1 and plan_state = 'waiting'`,
    [id, state],
  )
}

/** Gives up pushes that wait for a person; one that may have been written must be resolved instead. */
export function discardPushes(db: Database, ids: number[], hand: Hand): Promise<PushChanges> {
  return db.transaction(async (tx) => {
    const locked = await lock(tx, ids)
    const left: Left[] = []
    const free: Locked[] = []
    for (const push of locked) {
      if (push.state !== 'rejected' && push.state !== 'parked')
        left.push({ id: push.id, why: 'state', state: push.state })
      else if (push.uncertain) left.push({ id: push.id, why: 'ask', state: push.state })
      else free.push(push)
    }
    await set(tx, free, WITHDRAWN, () => undefined)
    await note(tx, free, 'discarded', hand)
    await unpark(
      tx,
      'push',
      free.map((p) => p.id),
      `discarded by ${hand.by}`,
    )
    for (const push of free) await wakeDocument(tx, push.document_id, 'done')
    return result(ids, free, left)
  })
}
