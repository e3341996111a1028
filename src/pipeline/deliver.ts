/**
 * deliver: a lane of a connection takes what is due in the ledger and brings it into the remote exactly
 * once. Map out, lease and freeze (committed), write, settle; a push in doubt is resolved by its
 * operation's class before anything else happens to it.
 */
import { crashPoint } from '../core/crash-point.ts'
import { type ErrorDetail, TributaryError } from '../core/errors/error.ts'
import { pushError } from '../core/errors/push.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Connection, Rendered, WriteItem, WriteOperation } from '../core/ports.ts'
import { timeLimit } from '../core/time-limit.ts'
import { pauseConnection } from '../ledger/pause.ts'
import { type DuePush, duePushes, type Leased, leaseForFind, leaseForWrite } from '../ledger/push.ts'
import { withNewestCodes } from './codes.ts'
import { batchOf, deliverQueue, LANE_TURN, type Pipe, type Stopping } from './pipe.ts'
import { record } from './record.ts'
import { adoptedNumber, findPush } from './resolve.ts'
import { afterWrite } from './stages/settle.ts'

/** The lease outlives the call's own limit by this much, so the call is aborted before the lease ends. */
const LEASE_MARGIN = 5_000

/**
 * Works on one lane until nothing is due or the turn is over. What could not be sent for want of budget stays as
 * it is; the sweeper wakes the lane again, and what is due is due.
 */
export async function deliverLane(
  pipe: Pipe,
  connection: Connection,
  lane: number,
  stopping: Stopping,
): Promise<void> {
  const end = Date.now() + LANE_TURN
  const most = batchOf(connection)
  while (!stopping.asked) {
    const { id, concurrency, writes } = connection
    const held = writes.filter((op) => (op.held?.() ?? 0) > 0).map((op) => op.kind)
    if (held.length > 0 && held.length === writes.length) return
    const due = await duePushes(pipe.db, id, lane, concurrency, most, held)
    if (due.length === 0) return
    for (const [kind, group] of Map.groupBy(due, (p) => p.kind)) {
      const op = connection.writes.find((w) => w.kind === kind)
      await (op ? deliverKind(pipe, connection, op, group) : parkUnwritable(pipe, connection, group))
      if (stopping.asked) return
    }
    // no more were due; what was planned since has woken this lane, and the sweeper wakes what comes of age
    if (due.length < most) return
    if (Date.now() > end) break
  }
  if (!stopping.asked) void pipe.queue.wake(deliverQueue(connection.id), String(lane))
}

async function deliverKind(
  pipe: Pipe,
  connection: Connection,
  op: WriteOperation,
  group: DuePush[],
): Promise<void> {
  const fresh: DuePush[] = []
  for (const push of group) {
    if (push.state === 'accepted') await park(pipe, push, 'PUSH_NOT_ACKNOWLEDGED', '')
    else if (push.state === 'unknown') await resolveDoubt(pipe, connection, op, push)
    else {
      const asks = await orPark(pipe, push, () => asksFirst(pipe, op, push))
      if (asks) await resolveDoubt(pipe, connection, op, push)
      else if (asks === false) fresh.push(push)
    }
  }
  if (fresh.length > 0) await write(pipe, connection, op, fresh)
}

/**
 * After a restore the remote may hold what the ledger has forgotten; in the first days of a flow it may hold
 * what the tool before wrote.
 */
function asksFirst(pipe: Pipe, op: WriteOperation, push: DuePush): boolean {
  if (push.attempt > 0 || push.asked || push.mode === 'shadow' || !op.find) return false
  return adoptedNumber(pipe, push) !== null || push.find_first
}

async function resolveDoubt(
  pipe: Pipe,
  connection: Connection,
  op: WriteOperation,
  push: DuePush,
): Promise<void> {
  if (op.class === 'resend-safe') return write(pipe, connection, op, [push])
  if (op.class === 'none' || !op.find) return park(pipe, push, 'PUSH_IN_DOUBT', push.state)
  const rendered = await renderAll(pipe, op, [push])
  if (rendered.length === 0) return
  const fence = await leaseForFind(pipe.db, push.id, push.fence, leaseSeconds(op))
  if (fence === null) return
  await findPush(pipe, connection, op, { ...push, fence }, item(push, rendered[0]!.rendered), op.timeout)
}

interface RenderedPush {
  push: DuePush
  rendered: Rendered
}

/** The frozen bytes, or the document mapped out now. What cannot be mapped is parked alone. */
async function renderAll(pipe: Pipe, op: WriteOperation, pushes: DuePush[]): Promise<RenderedPush[]> {
  const out: RenderedPush[] = []
  for (const push of pushes) {
    if (push.body && push.check) {
      out.push({
        push,
        rendered: { body: push.body, contentType: '', mappingVersion: '', check: push.check },
      })
      continue
    }
    const context = { key: push.key, revision: push.revision, previous: push.previous }
    const render = () => withNewestCodes(pipe.codes, () => op.render(push.content, context))
    const rendered = await orPark(pipe, push, render)
    if (rendered) out.push({ push, rendered })
  }
  return out
}

/** What concerns this push alone: where it fails the push is parked, and the answer is undefined. */
async function orPark<T>(pipe: Pipe, push: DuePush, step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    const known =
      error instanceof TributaryError ? error : pushError('PUSH_BUG', { push: String(push.id) }, error)
    const { connection, order_number: order, id } = push
    pipe.log('warn', 'push parked', { connection, order, push: id, error })
    await park(pipe, push, known.code, known.message, known.detail)
    return undefined
  }
}

function leaseSeconds(op: WriteOperation): number {
  return (op.timeout + LEASE_MARGIN) / 1000
}

function item(push: DuePush, rendered: Rendered): WriteItem {
  return {
    key: push.key,
    kind: push.kind as WriteItem['kind'],
    revision: push.revision,
    body: rendered.body,
    check: rendered.check,
  }
}

async function write(
  pipe: Pipe,
  connection: Connection,
  op: WriteOperation,
  pushes: DuePush[],
): Promise<void> {
  const rendered = await renderAll(pipe, op, pushes)
  const shadow = rendered.filter((r) => r.push.mode === 'shadow')
  const live = rendered.filter((r) => r.push.mode === 'live')
  await keepShadows(pipe, shadow)
  // bytes in doubt are sent again alone: a batch that fails as a whole would say nothing about them
  const alone = live.filter((r) => r.push.state === 'unknown' || op.batch === 1)
  const together = live.filter((r) => !alone.includes(r))
  for (const one of alone) await attempt(pipe, connection, op, [one])
  for (let i = 0; i < together.length; i += op.batch)
    await attempt(pipe, connection, op, together.slice(i, i + op.batch))
}

/** In shadow mode everything happens but the sending: the exact bytes are kept and can be read. */
async function keepShadows(pipe: Pipe, shadow: RenderedPush[]): Promise<void> {
  if (shadow.length === 0) return
  const fences = await leaseForWrite(
    pipe.db,
    shadow.map((r) => leased(r, false)),
    60,
  )
  for (const { push } of shadow) {
    const fence = fences.get(push.id)
    if (fence !== undefined) {
      await record(
        pipe,
        { ...push, fence },
        {
          state: 'shadowed',
          uncertain: false,
          rewritten: false,
          dueIn: 0,
          remote: null,
          code: null,
          message: null,
          event: 'shadowed',
        },
      )
    }
  }
}

/** A second write of an operation that has no unique key must be looked for once more afterwards. */
function leased({ push, rendered }: RenderedPush, finds: boolean): Leased {
  return {
    id: push.id,
    fence: push.fence,
    uncertain: push.uncertain || (push.find_first && !finds),
    rewritten: push.rewritten || (finds && push.uncertain),
    body: rendered.body,
    contentType: rendered.contentType,
    mapping: rendered.mappingVersion,
    check: rendered.check,
  }
}

async function attempt(
  pipe: Pipe,
  connection: Connection,
  op: WriteOperation,
  batch: RenderedPush[],
): Promise<void> {
  const started = performance.now()
  const fences = await leaseForWrite(
    pipe.db,
    batch.map((r) => leased(r, op.class === 'find')),
    leaseSeconds(op),
  )
  const won = batch.filter((r) => fences.has(r.push.id))
  if (won.length === 0) return
  crashPoint('deliver.leased')
  const leaseEnd = started + op.timeout + LEASE_MARGIN
  const outcomes = await send(pipe, op, won, started)
  crashPoint('deliver.sent')
  await Promise.all(
    won.map(async ({ push, rendered }, i) => {
      const held: DuePush = {
        ...push,
        fence: fences.get(push.id)!,
        attempt: push.attempt + 1,
        ...leasedDoubt(push, op),
      }
      const outcome = await finish(pipe, op, held, rendered, outcomes[i] ?? silent(), leaseEnd)
      const next = afterWrite(held, outcome, op, leaseEnd - performance.now())
      if (next.pause)
        await pauseConnection(pipe.db, connection.id, `${next.code}: ${next.message}`, 'tributary')
      await record(pipe, held, next)
    }),
  )
  crashPoint('deliver.settled')
}

function leasedDoubt(push: DuePush, op: WriteOperation) {
  const finds = op.class === 'find'
  return {
    uncertain: push.uncertain || (push.find_first && !finds),
    rewritten: push.rewritten || (finds && push.uncertain),
  }
}

function silent(): Outcome {
  return {
    kind: 'unknown',
    code: 'PUSH_NO_ANSWER',
    message: 'the connector gave no outcome for this document',
  }
}

/** The call, aborted before the lease ends. Never throws: what a connector throws is of unknown outcome. */
async function send(
  pipe: Pipe,
  op: WriteOperation,
  won: RenderedPush[],
  started: number,
): Promise<Outcome[]> {
  const late = performance.now() - started
  // this process stood still until its lease was nearly over: somebody else may be at it
  if (late > LEASE_MARGIN / 2)
    return won.map(() => ({
      kind: 'not-done',
      code: 'PUSH_TOO_LATE',
      message: 'the process stood still',
      retryAfter: 0,
    }))
  try {
    return await op.write(
      won.map((r) => item(r.push, r.rendered)),
      timeLimit(Math.floor(op.timeout - late)),
    )
  } catch (error) {
    pipe.log('error', 'connector failed', { push: won[0]?.push.id, error })
    const outcome: Outcome = {
      kind: 'unknown',
      code: 'PUSH_BUG',
      message: 'the connector failed while sending',
    }
    return won.map(() => outcome)
  }
}

/** Drafts are finished at once, unless this was a second write: then the find must run before. */
async function finish(
  pipe: Pipe,
  op: WriteOperation,
  push: DuePush,
  rendered: Rendered,
  outcome: Outcome,
  leaseEnd: number,
): Promise<Outcome> {
  if (outcome.kind !== 'done' || outcome.remote.state === 'final' || !op.advance || push.rewritten)
    return outcome
  const left = leaseEnd - LEASE_MARGIN - performance.now()
  if (left <= 0) return { kind: 'unknown', code: 'PUSH_TIMEOUT', message: 'no time left for the last step' }
  try {
    const done = await op.advance(item(push, rendered), outcome.remote, timeLimit(Math.ceil(left)))
    crashPoint('deliver.advanced')
    // the draft stands whatever became of the last step: a refusal of it is not a refusal of the document
    return done.kind === 'done' ? done : { kind: 'unknown', code: done.code, message: done.message }
  } catch (error) {
    pipe.log('error', 'connector failed', { push: push.id, error })
    return { kind: 'unknown', code: 'PUSH_BUG', message: 'the connector failed in the last step' }
  }
}

async function parkUnwritable(pipe: Pipe, connection: Connection, group: DuePush[]): Promise<void> {
  for (const push of group)
    await park(pipe, push, 'PUSH_NO_OPERATION', `${connection.connector} cannot write ${push.kind}`)
}

async function park(
  pipe: Pipe,
  push: DuePush,
  code: string,
  message: string,
  detail: ErrorDetail = {},
): Promise<void> {
  const uncertain = push.uncertain || push.state !== 'planned'
  await record(pipe, push, {
    state: 'parked',
    uncertain,
    rewritten: push.rewritten,
    dueIn: 0,
    remote: null,
    code,
    message,
    event: 'parked',
    detail,
  })
}
