/** resolve: a push in doubt, in a remote that can be asked: find by key, then bind, finish, tidy or write again. */
import { crashPoint } from '../core/crash-point.ts'
import { TributaryError } from '../core/errors/error.ts'
import { pushError } from '../core/errors/push.ts'
import type { FindAnswer, Outcome, Remote } from '../core/outcome.ts'
import type { Connection, WriteItem, WriteOperation } from '../core/ports.ts'
import { sabotaged } from '../core/sabotage.ts'
import { timeLimit } from '../core/time-limit.ts'
import type { DuePush } from '../ledger/push.ts'
import type { Pipe } from './pipe.ts'
import { record } from './record.ts'
import { afterFind, backoff, type Next, PATIENCE } from './stages/settle.ts'

/** `push` is leased; `limit` milliseconds for everything, all remote calls included. */
export async function findPush(
  pipe: Pipe,
  connection: Connection,
  op: WriteOperation,
  push: DuePush,
  item: WriteItem,
  limit: number,
): Promise<void> {
  const signal = timeLimit(limit)
  const ask = async () =>
    askFor(op, push, item, push.attempt === 0 ? adoptedNumber(pipe, push) : null, signal)
  const next = await ask().catch((error: unknown): Next => {
    // the expression came with a later configuration than the first look: this order alone waits for a person
    if (error instanceof TributaryError && error.code === 'PUSH_ADOPT')
      return { ...later(push, 0, error.code, error.message), state: 'parked', event: 'parked' }
    pipe.log('error', 'connector failed', { connection: connection.id, push: push.id, error })
    return later(push, backoff(push.attempt + 1), 'PUSH_BUG', 'the connector failed while asking')
  })
  await record(pipe, push, tired(push, next))
}

/** What stays in doubt for a day is for a person to look at. */
function tired(push: DuePush, next: Next): Next {
  if (next.state !== 'unknown' || push.age <= PATIENCE) return next
  return { ...next, state: 'parked', dueIn: 0, code: 'PUSH_IN_DOUBT', event: 'parked' }
}

/**
 * The number under which the tool used before may have written this order; null when there was none. Throws
 * PUSH_ADOPT where the flow's expression fails on it.
 */
export function adoptedNumber(pipe: Pipe, push: DuePush): string | null {
  const adopt = pipe.flows.find((f) => f.id === push.flow)?.adopt
  if (!adopt || push.kind !== 'order') return null
  const { paidAt, placedAt } = push.content as { paidAt?: string | null; placedAt: string }
  if (adopt.until && new Date(paidAt ?? placedAt) > adopt.until) return null
  try {
    return adopt.number(push.content)
  } catch (error) {
    const problem = (error as { code?: string }).code ?? 'error'
    throw pushError('PUSH_ADOPT', { flow: push.flow, push: String(push.id), problem }, error)
  }
}

/** A document of the tool before is bound as it stands: neither changed nor finished by us. */
async function askFor(
  op: WriteOperation,
  push: DuePush,
  item: WriteItem,
  adopted: string | null,
  signal: AbortSignal,
): Promise<Next> {
  if (adopted === null) return resolve(op, push, item, signal)
  const answer = await op.find!({ ...item, key: adopted }, signal)
  const found = afterFind(answer, { ...op, drafts: false }, item.check)
  if (found.do === 'advance') return { ...bound(push, found.remote), event: 'adopted' }
  if (found.do === 'park')
    return { ...later(push, 0, found.code, found.message), state: 'parked', event: 'parked' }
  if (found.do === 'write' && !push.find_first) return absent(push)
  return found.do === 'again' ? unanswered(push, answer) : resolve(op, push, item, signal)
}

async function resolve(
  op: WriteOperation,
  push: DuePush,
  item: WriteItem,
  signal: AbortSignal,
): Promise<Next> {
  const answer = sabotaged('find-off') ? { hits: [] } : await op.find!(item, signal)
  crashPoint('find.answered')
  const found = afterFind(answer, op, item.check)
  switch (found.do) {
    case 'write':
      return absent(push)
    case 'advance':
      return finish(op, push, item, found.remote, signal)
    case 'discard':
      for (const surplus of found.surplus) await op.discard!(item, surplus, signal)
      // a deletion may be late too: only another find proves that one is left
      return {
        ...later(push, op.settle, 'PUSH_SURPLUS', `${found.surplus.length} surplus drafts deleted`),
        event: 'tidied',
      }
    case 'park':
      return { ...later(push, 0, found.code, found.message), state: 'parked', event: 'parked' }
    case 'again':
      return unanswered(push, answer)
  }
}

/** Planned again at once; `uncertain` tells the next write that it is a second one. */
function absent(push: DuePush): Next {
  const second = push.uncertain || push.attempt > 0
  return { ...later(push, 0, 'PUSH_ABSENT', null), state: 'planned', uncertain: second, event: 'absent' }
}

function unanswered(push: DuePush, answer: FindAnswer): Next {
  const asked = 'failed' in answer && answer.failed.kind === 'not-done' ? answer.failed.retryAfter : undefined
  return later(
    push,
    asked ?? backoff(Math.max(1, push.attempt)),
    'PUSH_FIND_FAILED',
    'the remote could not be asked',
  )
}

async function finish(
  op: WriteOperation,
  push: DuePush,
  item: WriteItem,
  remote: Remote,
  signal: AbortSignal,
): Promise<Next> {
  const outcome: Outcome =
    remote.state === 'final' || !op.advance
      ? { kind: 'done', remote }
      : await op.advance(item, remote, signal)
  if (outcome.kind !== 'done') return later(push, op.settle, outcome.code, outcome.message)
  return bound(push, outcome.remote)
}

function bound(push: DuePush, remote: Remote): Next {
  return {
    state: 'confirmed',
    uncertain: false,
    rewritten: push.rewritten,
    dueIn: 0,
    remote,
    code: null,
    message: null,
    event: 'found',
  }
}

/** Still in doubt; asked again in `dueIn` milliseconds. */
function later(push: DuePush, dueIn: number, code: string, message: string | null): Next {
  return {
    state: 'unknown',
    uncertain: true,
    rewritten: push.rewritten,
    dueIn,
    remote: null,
    code,
    message,
    event: 'in-doubt',
  }
}
